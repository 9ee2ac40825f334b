import { softwareProvider } from '../../src/crypto/software.ts'
import { providerSuite } from './suite.ts'

providerSuite('software', softwareProvider)
