import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import type { Client } from '../../src/client/client.ts'
import {
  CryptographicAlgorithm, EncodingOption, KeyFormatType, KeyWrapType, ObjectType, Operation, WrappingMethod,
} from '../../src/kmip/generated/enums.ts'
import type { ManagedObjectValue } from '../../src/kmip/object.ts'
import { ImportRequest, ImportResponse } from '../../src/kmip/payload/import.ts'
import { RegisterRequest, RegisterResponse } from '../../src/kmip/payload/register.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { vendors } from './cmk.ts'
import type { CmkValue, LabClient } from './cmk.ts'

const { sm2 } = createRequire(import.meta.url)('sm-crypto') as {
  sm2: { doEncrypt(message: readonly number[], publicKey: string, cipherMode: 1): string }
}

/** Import parameters as a client reads them. */
export interface Parameters {
  readonly token: string
  /** Unique Identifier of the public key. */
  readonly key: string
  readonly publicKey: Buffer
  readonly wrapping: string
}

export async function importParameters(client: LabClient, id: string, wrapping: string): Promise<Parameters> {
  await client.set(id, 'cmk-import-parameters', wrapping)
  const told = await client.describe(id)
  return {
    token: String(told['cmk-import-token']),
    key: String(told['cmk-import-key']),
    publicKey: Buffer.from(String(told['cmk-import-public-key']), 'base64'),
    wrapping: String(told['cmk-import-parameters']),
  }
}

/** Symmetric material under the public key; by node:crypto and sm-crypto, so that the server is not its own judge. */
export function wrapped({ publicKey, wrapping }: Parameters, material: Buffer): Buffer {
  if (wrapping === 'EC_SM2/SM2PKE') {
    const point = publicKey.subarray(-65).toString('hex')
    return Buffer.from(`04${sm2.doEncrypt([...material], point, 1)}`, 'hex')
  }
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
  if (wrapping === 'RSA_2048/RSAES_PKCS1_V1_5') {
    return publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, material)
  }
  return publicEncrypt({ key, oaepHash: wrapping.endsWith('_SHA_1') ? 'sha1' : 'sha256' }, material)
}

/** A private key under an AES key that is under the public key. */
export function wrappedPair(parameters: Parameters, pkcs8: Buffer): Buffer {
  const transport = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', transport, Buffer.from('a65959a6', 'hex'))
  return Buffer.concat([wrapped(parameters, transport), cipher.update(pkcs8), cipher.final()])
}

export interface Brought {
  readonly kind?: 'SymmetricKey' | 'PrivateKey'
  readonly algorithm?: number
  readonly values?: Readonly<Record<string, CmkValue>>
}

/** Register of wrapped material. */
export async function register(client: Client, { token, key }: Parameters, bytes: Buffer, brought: Brought = {}) {
  const object = keyObject(key, bytes, brought)
  const attributes = { vendorAttribute: vendors({ 'cmk-import-token': token, ...brought.values }) }
  return client.request(registerShape, { objectType: ObjectType[object.kind], attributes, object })
}

/** Import of wrapped material into a CMK. */
export async function importInto(
  client: Client, uniqueIdentifier: string, { token, key }: Parameters, bytes: Buffer, brought: Brought = {},
) {
  const object = keyObject(key, bytes, brought)
  const attributes = { vendorAttribute: vendors({ 'cmk-import-token': token, ...brought.values }) }
  return client.request(importShape, {
    uniqueIdentifier, objectType: ObjectType[object.kind], replaceExisting: true,
    keyWrapType: KeyWrapType.NotWrapped, attributes, object,
  })
}

function keyObject(
  key: string, bytes: Buffer, { kind = 'SymmetricKey', algorithm = CryptographicAlgorithm.AES }: Brought,
): ManagedObjectValue {
  return {
    kind,
    value: {
      keyBlock: {
        keyFormatType: kind === 'PrivateKey' ? KeyFormatType.PKCS_8 : KeyFormatType.Raw,
        keyValue: { wrapped: new Secret(bytes) },
        cryptographicAlgorithm: algorithm,
        keyWrappingData: {
          wrappingMethod: WrappingMethod.Encrypt,
          encryptionKeyInformation: { uniqueIdentifier: key },
          encodingOption: EncodingOption.NoEncoding,
        },
      },
    },
  }
}

export const importShape = { code: Operation.Import, request: ImportRequest, response: ImportResponse }
const registerShape = { code: Operation.Register, request: RegisterRequest, response: RegisterResponse }
