import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { decodeReference } from '../../src/crypto/pkcs11-key.ts'
import type { ReferredKey } from '../../src/crypto/provider.ts'
import { CryptographicAlgorithm, HashingAlgorithm, PaddingMethod } from '../../src/kmip/generated/enums.ts'
import { Cka, Ckk, Cko } from '../../src/kmip/pkcs11-constants.ts'
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
  it('takes no wrapping key that somebody without the PIN has put there', async () => {
    const token = await makeSoftToken()
    plantWrappingKey(token)
    const planted = '00'.repeat(16)
    const { provider, connection } = await openToken(token, 'encryptedDatabase')
    const key = await provider.generateKey({ algorithm: CryptographicAlgorithm.AES, length: 256 })
    const reference = decodeReference((key as ReferredKey).reference)
    expect(reference).toMatchObject({ place: { wrapped: { wrappingKey: expect.not.stringMatching(planted) as string } } })
    connection.close()
    await token.remove()
  })

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

/** What whoever reaches the token can do: an object that is not private needs no PIN. Its id comes before all others. */
function plantWrappingKey({ module, environment }: TestToken): void {
  const script = `
    const { PKCS11 } = require('pkcs11js')
    const module = new PKCS11()
    module.load(process.argv[1])
    module.C_Initialize()
    const session = module.C_OpenSession(module.C_GetSlotList(true)[0], 6)
    module.C_CreateObject(session, [
      { type: ${Cka.CLASS}, value: ${Cko.SECRET_KEY} }, { type: ${Cka.KEY_TYPE}, value: ${Ckk.AES} },
      { type: ${Cka.TOKEN}, value: true }, { type: ${Cka.PRIVATE}, value: false }, { type: ${Cka.SENSITIVE}, value: true },
      { type: ${Cka.EXTRACTABLE}, value: false }, { type: ${Cka.WRAP}, value: true }, { type: ${Cka.UNWRAP}, value: true },
      { type: ${Cka.LABEL}, value: 'keyward key encryption key' }, { type: ${Cka.ID}, value: Buffer.alloc(16) },
      { type: ${Cka.VALUE}, value: Buffer.alloc(32, 1) },
    ])
    process.stdout.write('planted')
  `
  const cwd = new URL('../..', import.meta.url).pathname
  const planting = execFileSync(process.execPath, ['-e', script, module], { cwd, env: environment })
  expect(planting.toString()).toBe('planted')
}
