import type { Client } from '../client/client.ts'
import { getAttributes } from '../client/operations.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { PaddingExtension } from '../kmip/extension.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm, PaddingMethod,
} from '../kmip/generated/enums.ts'
import { parseVersion } from '../kmip/version.ts'
import { wholeNumber } from './command.ts'
import type { OptionTable, Values } from './command.ts'
import { valueByName } from './names.ts'

/** How a key is used. Without any of them: as the key itself says, else what is good practice for its algorithm. */
export const parameterOptions = {
  mode: { type: 'string', value: 'MODE', description: 'block cipher mode: gcm, cbc, ctr, ecb, ...' },
  padding: {
    type: 'string', value: 'PADDING',
    description: 'oaep, pkcs1v1-5, pss, pkcs5, ...; sm2-asn1: that form of what SM2 encrypts',
  },
  hash: { type: 'string', value: 'HASH', description: 'sha-256, sha-384, sha3-256, ...' },
  'signature-algorithm': {
    type: 'string', value: 'NAME', description: 'such as ecdsa-with-sha256, sha-256-with-rsa-encryption, rsassa-pss',
  },
  'tag-length': { type: 'string', value: 'BYTES', description: 'of the authentication tag (16)' },
} as const satisfies OptionTable

export type KeyUse = 'encrypt' | 'sign' | 'mac'

/**
 * The Cryptographic Parameters to send, or nothing when those of the object are to hold.
 *
 * @throws UsageError, KmipError, ConnectionError
 */
export async function parametersOf(
  client: Client, uniqueIdentifier: string, use: KeyUse, values: Values<typeof parameterOptions>,
): Promise<CryptographicParameters | undefined> {
  const given = givenParameters(values)
  if (Object.keys(given).length > 0) return withIv(given)
  const references = ['cryptographicAlgorithm', 'cryptographicLength', 'cryptographicParameters'] as const
  const { attributes = {} } = await client.request(getAttributes, {
    uniqueIdentifier, attributeReference: references.map((name) => ({ name })),
  })
  if (attributes.cryptographicParameters !== undefined) return undefined
  return usualParameters(attributes.cryptographicAlgorithm, attributes.cryptographicLength, use, client.version)
}

function givenParameters(values: Values<typeof parameterOptions>): CryptographicParameters {
  const { mode, padding, hash, 'signature-algorithm': signature, 'tag-length': tagLength } = values
  return {
    ...(mode !== undefined && { blockCipherMode: valueByName('--mode', BlockCipherMode, mode) }),
    ...(padding !== undefined && { paddingMethod: valueByName('--padding', paddings, padding) }),
    ...(hash !== undefined && { hashingAlgorithm: valueByName('--hash', HashingAlgorithm, hash) }),
    ...(signature !== undefined && {
      digitalSignatureAlgorithm: valueByName('--signature-algorithm', DigitalSignatureAlgorithm, signature),
    }),
    ...(tagLength !== undefined && { tagLength: wholeNumber('--tag-length', tagLength, 1, 16) }),
  }
}

/** The server makes the IV: a client that makes its own has to know which it has used. */
function withIv(parameters: CryptographicParameters): CryptographicParameters {
  const { blockCipherMode } = parameters
  if (blockCipherMode === undefined || blockCipherMode === BlockCipherMode.ECB) return parameters
  return { ...parameters, randomIV: true, ...(blockCipherMode === BlockCipherMode.GCM && defaultTag(parameters)) }
}

function defaultTag({ tagLength }: CryptographicParameters): CryptographicParameters {
  return { tagLength: tagLength ?? 16 }
}

function usualParameters(
  algorithm: number | undefined, length: number | undefined, use: KeyUse, version: number,
): CryptographicParameters | undefined {
  switch (algorithm) {
    case c.AES:
    case c.SM4:
    case c.ARIA:
      if (use === 'mac') return { blockCipherMode: BlockCipherMode.CMAC }
      // The authentication tag came with 1.4.
      return withIv(version >= tagVersion ? { blockCipherMode: BlockCipherMode.GCM } : cbc)
    case c.DES3:
    case c.Camellia:
      return use === 'mac' ? { blockCipherMode: BlockCipherMode.CMAC } : withIv(cbc)
    case c.ChaCha20:
    case c.ChaCha20Poly1305:
      return { randomIV: true }
    case c.RSA:
      return {
        paddingMethod: use === 'sign' ? PaddingMethod.PSS : PaddingMethod.OAEP,
        hashingAlgorithm: HashingAlgorithm.SHA_256,
      }
    case c.EC:
    case c.ECDSA:
      return { digitalSignatureAlgorithm: ecdsaOf.get(length ?? 0) ?? DigitalSignatureAlgorithm.ECDSAWithSHA256 }
    default:
      return undefined
  }
}

const c = CryptographicAlgorithm
const paddings = { ...PaddingMethod, ...PaddingExtension }
const cbc = { blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.PKCS5 }
const tagVersion = parseVersion('1.4')

/** By Cryptographic Length, so that every key on a curve signs alike; others sign with SHA-256. */
const ecdsaOf: ReadonlyMap<number, number> = new Map([
  [384, DigitalSignatureAlgorithm.ECDSAWithSHA384],
  [521, DigitalSignatureAlgorithm.ECDSAWithSHA512],
])
