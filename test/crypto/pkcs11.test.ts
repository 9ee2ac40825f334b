import { describe, it } from 'vitest'
import { makeNssToken, makeSoftToken, openToken, tokenMissing } from '../support/token.ts'
import type { TestToken } from '../support/token.ts'
import type { Storage } from '../../src/crypto/pkcs11-protocol.ts'
import { providerSuite } from './suite.ts'

const missing = await tokenMissing()

function tokenSuite(
  name: string, make: () => Promise<TestToken>, storage: Storage, skip: (title: string) => string | undefined,
): void {
  let close = async (): Promise<void> => {}
  providerSuite(name, async () => {
    const token = await make()
    const { provider, connection } = await openToken(token, storage)
    close = async () => {
      connection.close()
      await token.remove()
    }
    if (connection.state !== 'up') throw new Error(connection.reason)
    return provider
  }, { imports: ['symmetric', 'private', 'public'], skip, close: () => close() })
}

describe('tokens', () => {
  if (missing !== undefined) {
    it.skip(missing)
    return
  }
  tokenSuite('SoftHSM, internal', makeSoftToken, 'internal', softSkips)
  const databaseSkips = (title: string): string | undefined => softSkips(title) ?? oddSkips(title)
  tokenSuite('SoftHSM, encrypted database', makeSoftToken, 'encryptedDatabase', databaseSkips)
  tokenSuite('NSS, internal', makeNssToken, 'internal', () => undefined)
  tokenSuite('NSS, encrypted database', makeNssToken, 'encryptedDatabase', () => undefined)
})

/** What SoftHSM 2.6 does not do, and is refused by name. */
function softSkips(title: string): string | undefined {
  if (/^\d+ RSA OAEP /.test(title) && !/^\d+ RSA OAEP SHA_1( 6c6162656c)?$/.test(title)) return 'OAEP with SHA-1 only'
  if (/^\d+ RSA OAEP SHA_1 .*6c6162656c/.test(title)) return 'takes every label of OAEP'
  if (/MAC HMAC_\w+: RFC 4231 4\.2$/.test(title)) return 'takes no key that is shorter than the hash'
  return title.endsWith('MAC AES: OASIS CS-AC-M-4') ? 'makes no HMAC with an AES key' : undefined
}

function oddSkips(title: string): string | undefined {
  return /MAC HMAC_\w+: RFC 4231 4\.7/.test(title) ? 'wraps no key of 131 bytes: it comes back with 136' : undefined
}
