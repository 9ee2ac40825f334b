import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Connection } from '../../src/crypto/pkcs11-connection.ts'
import type { ConnectionOptions } from '../../src/crypto/pkcs11-connection.ts'
import { tokenProvider } from '../../src/crypto/pkcs11.ts'
import type { Storage } from '../../src/crypto/pkcs11-protocol.ts'
import type { Provider } from '../../src/crypto/provider.ts'
import { RefusedPin, refusedPinMemory } from '../../src/crypto/refused-pin.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { ensurePackages } from './debian.ts'

/** A token of the tests' own: its module, and the environment and PIN that open it. */
export interface TestToken {
  readonly module: string
  readonly label: string | undefined
  readonly slot?: number
  readonly parameters?: string
  readonly pin: string
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  remove(): Promise<void>
}

/** Why there is no token here, or nothing. */
export async function tokenMissing(): Promise<string | undefined> {
  if (!existsSync(new URL('../../node_modules/pkcs11js/build/Release/pkcs11.node', import.meta.url))) {
    return 'the PKCS#11 binding is not built: npm run setup:pkcs11'
  }
  return ensurePackages(['softhsm2', 'libnss3'])
}

/** A SoftHSM token in a temporary directory. */
export async function makeSoftToken(label = 'keyward-test'): Promise<TestToken> {
  const directory = await mkdtemp(join(tmpdir(), 'keyward-token-'))
  const configuration = join(directory, 'softhsm2.conf')
  await mkdir(join(directory, 'tokens'))
  await writeFile(configuration, [
    `directories.tokendir = ${join(directory, 'tokens')}`, 'objectstore.backend = file', 'log.level = ERROR',
    'slots.removable = false',
  ].join('\n'))
  const environment = { PATH: process.env['PATH'], SOFTHSM2_CONF: configuration }
  await initSoftToken(label, environment)
  return {
    module: '/usr/lib/softhsm/libsofthsm2.so', label, pin, directory, environment,
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

/** One more token where the environment has them. */
export async function initSoftToken(label: string, environment: TestToken['environment']): Promise<void> {
  const words = ['--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', 'security officer']
  await run('softhsm2-util', words, { env: { ...environment } })
}

/** NSS's soft token, with a password of its own. */
export async function makeNssToken(): Promise<TestToken> {
  const directory = await mkdtemp(join(tmpdir(), 'keyward-nss-'))
  const parameters = `configdir='sql:${directory}' certPrefix='' keyPrefix='' secmod='' flags=`
  const script = `
    const { PKCS11 } = require('pkcs11js')
    const module = new PKCS11()
    module.load(process.argv[1])
    module.C_Initialize({ libraryParameters: process.argv[2], flags: 2 })
    const session = module.C_OpenSession(module.C_GetSlotList(true)[1], 6)
    module.C_Login(session, 0, '')
    module.C_InitPIN(session, process.argv[3])
    module.C_Finalize()
  `
  const cwd = new URL('../..', import.meta.url).pathname
  await run(process.execPath, ['-e', script, nssModule, parameters, pin], { cwd })
  return {
    module: nssModule, label: undefined, slot: 1, parameters, pin, directory,
    environment: { PATH: process.env['PATH'] },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

export interface OpenToken {
  readonly provider: Provider
  readonly connection: Connection
}

/** The provider of a token, connected. */
export async function openToken(
  token: TestToken, storage: Storage, changes: Partial<ConnectionOptions> = {},
): Promise<OpenToken> {
  const connection = new Connection({
    name: 'test-token', module: token.module, parameters: token.parameters, token: token.label, slot: token.slot,
    storage, environment: token.environment, pin: async () => new Secret(Buffer.from(token.pin)),
    refusedPin: new RefusedPin(refusedPinMemory()),
    sessionsMax: 8, handlesMax: 1000, waitMsMax: 2000, copyMsMax: 60_000, callMsMax: 20_000, callsMax: 5000,
    log: { info() {}, error() {} },
    ...changes,
  })
  await connection.start()
  const provider = tokenProvider({ name: 'test-token', storage, connection, software: softwareProvider() })
  return { provider, connection }
}

const run = promisify(execFile)
const pin = 'correct horse'
const nssModule = '/usr/lib/x86_64-linux-gnu/libsoftokn3.so'
