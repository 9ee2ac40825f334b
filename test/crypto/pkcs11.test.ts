import { describe, expect, it } from 'vitest'
import { CryptographicAlgorithm, HashingAlgorithm, PaddingMethod } from '../../src/kmip/generated/enums.ts'
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
  it.each(['internal', 'encryptedDatabase'] as const)('SoftHSM, %s: RSA of 3072 and 4096 bits', async (storage) => {
    const token = await makeSoftToken()
    const { provider, connection } = await openToken(token, storage)
    for (const length of [3072, 4096]) {
      const { privateKey, publicKey } = await provider.generateKeyPair({ algorithm: CryptographicAlgorithm.RSA, length })
      const [own, open] = [await provider.load(privateKey), await provider.load(publicKey)]
      const data = Buffer.from('data')
      for (const paddingMethod of [PaddingMethod.PKCS1V1_5, PaddingMethod.PSS]) {
        const parameters = { paddingMethod, hashingAlgorithm: HashingAlgorithm.SHA_256 }
        const signature = await provider.sign(own, parameters, { data })
        expect(signature.length).toBe(length / 8)
        expect(await provider.verify(open, parameters, { data }, signature)).toBe(true)
      }
      const oaep = { paddingMethod: PaddingMethod.OAEP, hashingAlgorithm: HashingAlgorithm.SHA_1 }
      expect(await provider.decrypt(own, oaep, await provider.encrypt(open, oaep, { data }))).toEqual(data)
    }
    connection.close()
    await token.remove()
  }, 120_000)
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
