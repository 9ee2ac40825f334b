import {
  createCipheriv, createDecipheriv, createPublicKey, generateKeyPairSync, randomBytes, randomUUID, verify,
} from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import {
  createKeyPair, encrypt, get, getAttributes, register as registerShape, setAttribute, sign,
} from '../../src/client/operations.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, EncodingOption, HashingAlgorithm, KeyFormatType,
  KeyWrapType, ObjectType, PaddingMethod, ProtectionStorageMask, WrappingMethod,
} from '../../src/kmip/generated/enums.ts'
import type { AttributeSet } from '../../src/kmip/attribute.ts'
import { KmipError } from '../../src/kmip/error.ts'
import type { ManagedObjectValue } from '../../src/kmip/object.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { openClient, shapes } from '../support/client.ts'
import { cmkAttribute, configured, createInToken, hsmSettings } from '../support/hsm.ts'
import { importInto, importShape, register, wrapped, wrappedPair } from '../support/import.ts'
import type { Parameters } from '../support/import.ts'
import { memoryOf } from '../support/memory.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { makeNssToken, makeSoftToken, tokenMissing } from '../support/token.ts'
import type { TestToken } from '../support/token.ts'

const missing = await tokenMissing()
const cases = [
  ['SoftHSM, internal', makeSoftToken, 'internal', 'SHA_1', true],
  ['SoftHSM, encrypted database', makeSoftToken, 'encryptedDatabase', 'SHA_1', true],
  ['NSS, internal', makeNssToken, 'internal', 'SHA_256', false],
] as const

for (const [name, make, storage, hash, hasElliptic] of missing === undefined ? cases : []) {
  describe(`material of one's own goes straight into the token: ${name}`, () => {
    const wrapping = `RSA_2048/RSAES_OAEP_${hash}`
    let token: TestToken
    let server: RunningServer
    let client: Client

    beforeAll(async () => {
      token = await make()
      server = await startServer(await configured(token, { hsms: { vault: await hsmSettings(token, storage) } }))
      client = await openClient(server, 'alice', 201)
    })
    afterAll(async () => {
      client?.close()
      await server?.stop()
      await token?.remove()
    })

    it('a symmetric key, once for all, which is nowhere in the server', async () => {
      const id = await cmkOf(client, 'HSM')
      const software = await cmkOf(client, 'SOFTWARE')
      const [material, open] = [randomBytes(32), randomBytes(32)]
      const before = objectsIn(token)
      const parameters = await parametersFor(client, id, wrapping)
      await importInto(client, id, parameters, wrapped(parameters, material))
      expect(await encryptedBy(client, id, material)).toBe('what is hidden')
      await expectReason(client.request(get, { uniqueIdentifier: id }), 'NotExtractable')
      const openParameters = await parametersFor(client, software, wrapping)
      await importInto(client, software, openParameters, wrapped(openParameters, open))
      expect(await encryptedBy(client, software, open)).toBe('what is hidden')

      const memory = memoryOf(server.pid)
      expect(memory.some((part) => part.includes(open))).toBe(true)
      expect(memory.some((part) => part.includes(material))).toBe(false)
      const files = readdirSync(join(server.directory, 'data'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile()).map(({ parentPath, name: file }) => readFileSync(join(parentPath, file)))
      for (const bytes of [...files, Buffer.from(server.log())]) expect(bytes.includes(material)).toBe(false)

      await importInto(client, id, parameters, wrapped(parameters, material))
      const count = objectsIn(token)
      for (const wrong of [randomBytes(32), randomBytes(16), material.subarray(0, 24)]) {
        await expectReason(importInto(client, id, parameters, wrapped(parameters, wrong)), 'CryptographicFailure')
      }
      await expectReason(importInto(client, id, parameters, randomBytes(256)), 'CryptographicFailure')
      expect(objectsIn(token)).toBe(count)
      expect(await encryptedBy(client, id, material)).toBe('what is hidden')
      await client.request(setAttribute, vendor(id, 'cmk-material-present', 'false'))
      await expectReason(encryptedBy(client, id, material), 'WrongKeyLifecycleState')
      const again = await parametersFor(client, id, wrapping)
      await register(client, again, wrapped(again, material))
      expect(await encryptedBy(client, id, material)).toBe('what is hidden')
      // The key and the private key for the import: what was replaced is gone.
      if (name === 'SoftHSM, internal') expect(objectsIn(token) - before).toBe(2)
    }, 60_000)

    it('a private key, whose public key follows', async () => {
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const elliptic = hasElliptic
        ? [['EC_P256', 'P-256'], ['EC_P384', 'P-384'], ['EC_P256K', 'secp256k1']] as const : []
      const pairs = [
        ['RSA_2048', rsa] as const,
        ...elliptic.map(([spec, namedCurve]) => [spec, generateKeyPairSync('ec', { namedCurve })] as const),
      ]
      for (const [spec, { privateKey, publicKey }] of pairs) {
        const { main, open } = await cmkPairOf(client, spec)
        const parameters = await parametersFor(client, main, wrapping)
        const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
        const brought = {
          kind: 'PrivateKey', algorithm: spec === 'RSA_2048' ? CryptographicAlgorithm.RSA : CryptographicAlgorithm.EC,
        } as const
        await importInto(client, main, parameters, wrappedPair(parameters, pkcs8), brought)
        const data = Buffer.from('what is signed')
        const { signatureData } = await client.request(sign, {
          uniqueIdentifier: main, data, cryptographicParameters: {
            hashingAlgorithm: spec === 'EC_P384' ? HashingAlgorithm.SHA_384 : HashingAlgorithm.SHA_256,
            ...(spec === 'RSA_2048' && { paddingMethod: PaddingMethod.PKCS1V1_5 }),
          },
        })
        expect(verify(spec === 'EC_P384' ? 'sha384' : 'sha256', data, publicKey, signatureData!), spec).toBe(true)
        expect(await publicKeyFrom(client, open), spec).toBe(publicKey.export({ type: 'spki', format: 'pem' }))
        await expectReason(client.request(get, { uniqueIdentifier: main }), 'NotExtractable')
        expect(memoryOf(server.pid).some((part) => part.includes(pkcs8))).toBe(false)
      }
    }, 60_000)

    it('a plain KMIP key too, that is registered wrapped by a key of the token, or in the clear', async () => {
      const { Encrypt, UnwrapKey, WrapKey } = CryptographicUsageMask
      const wrappingKey = await createInToken(client, WrapKey + UnwrapKey)
      const [first, second] = [randomBytes(32), randomBytes(32)]
      const transport = await registeredKey(client, first, { cryptographicUsageMask: UnwrapKey })
      const bytes = underKey(first, second)
      const uniqueIdentifier = await registeredKey(client, bytes, { cryptographicUsageMask: Encrypt, wrappedBy: transport })
      expect(await encryptedBy(client, uniqueIdentifier, second)).toBe('what is hidden')
      await expectReason(client.request(get, { uniqueIdentifier }), 'NotExtractable')
      expect(memoryOf(server.pid).some((part) => part.includes(second))).toBe(false)
      const damaged = registeredKey(client, bytes.subarray(8), { cryptographicUsageMask: Encrypt, wrappedBy: transport })
      await expectReason(damaged, 'CryptographicFailure')
      const byAnother = registeredKey(client, bytes, { cryptographicUsageMask: Encrypt, wrappedBy: wrappingKey })
      await expectReason(byAnother, 'CryptographicFailure')
    }, 60_000)

    it('a plain KMIP key that is imported, too', async () => {
      const { Encrypt, UnwrapKey } = CryptographicUsageMask
      const [first, second, third] = [randomBytes(32), randomBytes(32), randomBytes(32)]
      const inHardware = { cryptographicUsageMask: UnwrapKey, protectionStorageMask: ProtectionStorageMask.Hardware }
      const kek = await importedKey(client, first, inHardware)
      await expectReason(client.request(get, { uniqueIdentifier: kek }), 'NotExtractable')
      const straight = await importedKey(client, underKey(first, second), { cryptographicUsageMask: Encrypt }, kek)
      expect(await encryptedBy(client, straight, second)).toBe('what is hidden')
      await expectReason(client.request(get, { uniqueIdentifier: straight }), 'NotExtractable')
      const { attributes } = await client.request(getAttributes, { uniqueIdentifier: straight, attributeReference: [] })
      expect(attributes).toMatchObject({
        protectionStorageMask: ProtectionStorageMask.Hardware, sensitive: true, extractable: false, neverExtractable: true,
        cryptographicLength: 256,
      })
      const opened = await importedKey(client, underKey(first, third), {
        cryptographicUsageMask: Encrypt, protectionStorageMask: ProtectionStorageMask.Software,
      }, kek)
      await client.request(get, { uniqueIdentifier: opened })
      const memory = memoryOf(server.pid)
      expect(memory.some((part) => part.includes(third))).toBe(true)
      expect(memory.some((part) => part.includes(second))).toBe(false)
      const kept = importedKey(client, underKey(first, third), inHardware, kek, KeyWrapType.AsRegistered)
      await expectReason(kept, 'InvalidField', 'keeps no key wrapped')
      const offSystem = { cryptographicUsageMask: Encrypt, protectionStorageMask: ProtectionStorageMask.OffSystem }
      await expectReason(importedKey(client, third, offSystem), 'ProtectionStorageUnavailable')
    }, 60_000)

    it('what the token does not unwrap is refused by name', async () => {
      const id = await cmkOf(client, 'HSM')
      await expectReason(client.request(setAttribute, vendor(id, 'cmk-import-parameters', 'EC_SM2/SM2PKE')), unsupported)
      if (hash === 'SHA_1') {
        const refusal = client.request(setAttribute, vendor(id, 'cmk-import-parameters', 'RSA_2048/RSAES_OAEP_SHA_256'))
        await expectReason(refusal, unsupported, 'unwraps only by RSAES_OAEP_SHA_1, RSAES_PKCS1_V1_5')
      } else {
        const { main } = await cmkPairOf(client, 'EC_P256')
        const refusal = client.request(setAttribute, vendor(main, 'cmk-import-parameters', wrapping))
        await expectReason(refusal, unsupported, 'unwraps no private keys of this algorithm')
      }
    })
  })
}

/** SoftHSM keeps each object of the token in a file; of others nothing is counted. */
function objectsIn({ directory }: TestToken): number {
  return readdirSync(directory, { recursive: true })
    .filter((name) => String(name).endsWith('.object') && !String(name).endsWith('token.object')).length
}

async function cmkOf(client: Client, level: string): Promise<string> {
  const given = { 'cmk-origin': 'EXTERNAL', 'cmk-protection-level': level, 'cmk-key-spec': 'Aliyun_AES_256' }
  const { uniqueIdentifier } = await client.request(shapes.create, {
    objectType: ObjectType.SymmetricKey,
    attributes: { vendorAttribute: Object.entries(given).map(([name, value]) => cmkAttribute(name, value)) },
  })
  return uniqueIdentifier
}

async function cmkPairOf(client: Client, spec: string): Promise<{ main: string; open: string }> {
  const given = {
    'cmk-origin': 'EXTERNAL', 'cmk-protection-level': 'HSM', 'cmk-key-spec': spec, 'cmk-usage': 'SIGN/VERIFY',
  }
  const { privateKeyUniqueIdentifier: main, publicKeyUniqueIdentifier: open } = await client.request(createKeyPair, {
    commonAttributes: { vendorAttribute: Object.entries(given).map(([name, value]) => cmkAttribute(name, value)) },
  })
  return { main, open }
}

async function registeredKey(
  client: Client, bytes: Buffer,
  { cryptographicUsageMask, wrappedBy }: { cryptographicUsageMask: number; wrappedBy?: string },
): Promise<string> {
  const { uniqueIdentifier } = await client.request(registerShape, {
    objectType: ObjectType.SymmetricKey, attributes: { cryptographicUsageMask, activationDate: 1 },
    object: aesObject(bytes, wrappedBy),
    protectionStorageMasks: { protectionStorageMask: [ProtectionStorageMask.Hardware] },
  })
  return uniqueIdentifier
}

async function importedKey(
  client: Client, bytes: Buffer, attributes: AttributeSet, wrappedBy?: string, keyWrapType: number = KeyWrapType.NotWrapped,
): Promise<string> {
  const { uniqueIdentifier } = await client.request(importShape, {
    uniqueIdentifier: randomUUID(), objectType: ObjectType.SymmetricKey, keyWrapType,
    attributes: { ...attributes, activationDate: 1 }, object: aesObject(bytes, wrappedBy),
  })
  return uniqueIdentifier
}

function underKey(kek: Buffer, bytes: Buffer): Buffer {
  const cipher = createCipheriv('id-aes256-wrap', kek, Buffer.alloc(8, 0xa6))
  return Buffer.concat([cipher.update(bytes), cipher.final()])
}

function aesObject(bytes: Buffer, wrappedBy: string | undefined): ManagedObjectValue {
  return {
    kind: 'SymmetricKey',
    value: {
      keyBlock: {
        keyFormatType: KeyFormatType.Raw, cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength: 256,
        ...(wrappedBy === undefined
          ? { keyValue: { keyMaterial: new Secret(bytes) } }
          : {
              keyValue: { wrapped: new Secret(bytes) },
              keyWrappingData: {
                wrappingMethod: WrappingMethod.Encrypt, encodingOption: EncodingOption.NoEncoding,
                encryptionKeyInformation: {
                  uniqueIdentifier: wrappedBy, cryptographicParameters: { blockCipherMode: BlockCipherMode.NISTKeyWrap },
                },
              },
            }),
      },
    },
  }
}

function vendor(uniqueIdentifier: string, name: string, value: string) {
  return { uniqueIdentifier, newAttribute: { name: 'vendorAttribute', value: cmkAttribute(name, value) } } as const
}

async function parametersFor(client: Client, id: string, wrapping: string): Promise<Parameters> {
  await client.request(setAttribute, vendor(id, 'cmk-import-parameters', wrapping))
  const { attributes } = await client.request(getAttributes, { uniqueIdentifier: id, attributeReference: [] })
  const told = (name: string): string => String(attributes?.vendorAttribute
    ?.find(({ attributeName }) => attributeName === name)?.attributeValue.value)
  return {
    token: told('cmk-import-token'), key: told('cmk-import-key'), wrapping,
    publicKey: Buffer.from(told('cmk-import-public-key'), 'base64'),
  }
}

/** What the CMK encrypts, as who has the material decrypts it. */
async function encryptedBy(client: Client, uniqueIdentifier: string, material: Buffer): Promise<string> {
  const answer = await client.request(encrypt, {
    uniqueIdentifier, data: Buffer.from('what is hidden'), cryptographicParameters: { blockCipherMode: BlockCipherMode.GCM },
  })
  const decipher = createDecipheriv('aes-256-gcm', material, answer.ivCounterNonce!)
  decipher.setAuthTag(answer.authenticatedEncryptionTag!)
  return Buffer.concat([decipher.update(answer.data!), decipher.final()]).toString()
}

async function publicKeyFrom(client: Client, uniqueIdentifier: string): Promise<string | Buffer> {
  const { object } = await client.request(get, { uniqueIdentifier, keyFormatType: KeyFormatType.X_509 })
  const keyValue = 'keyBlock' in object.value ? object.value.keyBlock.keyValue : undefined
  if (keyValue === undefined || 'wrapped' in keyValue || !(keyValue.keyMaterial instanceof Secret)) throw new Error('no key')
  const key = createPublicKey({ key: keyValue.keyMaterial.reveal(), format: 'der', type: 'spki' })
  return key.export({ type: 'spki', format: 'pem' })
}

async function expectReason(answer: Promise<unknown>, reason: string, message = ''): Promise<void> {
  const error: unknown = await answer.then(() => undefined, (failure: unknown) => failure)
  expect(error).toBeInstanceOf(KmipError)
  expect((error as KmipError).reason).toBe(reason)
  expect((error as KmipError).message).toContain(message)
}

const unsupported = 'FeatureNotSupported'
