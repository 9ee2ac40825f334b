import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import type { DerivationParameters } from '../kmip/derivation-parameters.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, DerivationMethod, HashingAlgorithm, PaddingMethod,
} from '../kmip/generated/enums.ts'
import type { Pkcs11Reader } from '../kmip/pkcs11-codec.ts'
import { Cka, Ckm } from '../kmip/pkcs11-constants.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'
import { hashes, noParameter, oaep, readParameter } from './pkcs-11-parameter.ts'
import { genericAlgorithm } from './pkcs-11-template.ts'

/** CK_MECHANISM: its type, and its parameter as bytes, in which a structure's elements stand in line. */
export function readMechanism(input: Pkcs11Reader): { readonly type: number; readonly parameter: Buffer } {
  return { type: input.ulong(), parameter: Buffer.from(input.bytes()) }
}

/** What makes secret keys, and of which algorithm. */
export const generationMechanisms: ReadonlyMap<number, number> = new Map<number, number>([
  [Ckm.AES_KEY_GEN, CryptographicAlgorithm.AES],
  [Ckm.GENERIC_SECRET_KEY_GEN, genericAlgorithm],
])

/** What makes pairs, and the attribute of the public key that says how long they are. */
export const pairMechanisms: ReadonlyMap<number, { readonly algorithm: number; readonly length: number }> = new Map([
  [Ckm.RSA_PKCS_KEY_PAIR_GEN, { algorithm: CryptographicAlgorithm.RSA, length: Cka.MODULUS_BITS }],
  [Ckm.EC_KEY_PAIR_GEN, { algorithm: CryptographicAlgorithm.ECDSA, length: Cka.EC_PARAMS }],
])

/** What wraps keys, and how KMIP says it. */
export const wrappingMechanisms: ReadonlyMap<number, (parameter: Buffer) => CryptographicParameters> = new Map([
  [Ckm.AES_KEY_WRAP, plain({ blockCipherMode: BlockCipherMode.NISTKeyWrap })],
  [Ckm.AES_KEY_WRAP_KWP, plain({ blockCipherMode: BlockCipherMode.AESKeyWrapPadding })],
  [Ckm.RSA_PKCS_OAEP, oaep],
])

interface DerivationMechanism {
  readonly derivationMethod: number
  readonly parametersOf: (parameter: Buffer) => DerivationParameters
}

export const derivationMechanisms: ReadonlyMap<number, DerivationMechanism> = new Map<number, DerivationMechanism>([
  [Ckm.AES_ECB_ENCRYPT_DATA, { derivationMethod: DerivationMethod.ENCRYPT, parametersOf: encryptedByEcb }],
  [Ckm.AES_CBC_ENCRYPT_DATA, { derivationMethod: DerivationMethod.ENCRYPT, parametersOf: encryptedByCbc }],
  [Ckm.SHA256_KEY_DERIVATION, hashed(HashingAlgorithm.SHA_256)],
  [Ckm.SHA384_KEY_DERIVATION, hashed(HashingAlgorithm.SHA_384)],
  [Ckm.SHA512_KEY_DERIVATION, hashed(HashingAlgorithm.SHA_512)],
  [Ckm.HKDF_DERIVE, { derivationMethod: DerivationMethod.HKDF, parametersOf: extractedAndExpanded }],
])

function plain(parameters: CryptographicParameters): (parameter: Buffer) => CryptographicParameters {
  return (parameter) => {
    noParameter(parameter)
    return parameters
  }
}

/** CK_KEY_DERIVATION_STRING_DATA. */
function encryptedByEcb(parameter: Buffer): DerivationParameters {
  return readParameter(parameter, (reader) => encrypted(BlockCipherMode.ECB, Buffer.from(reader.bytes()), undefined))
}

/** CK_AES_CBC_ENCRYPT_DATA_PARAMS: an initialization vector of fixed length, and the data. */
function encryptedByCbc(parameter: Buffer): DerivationParameters {
  return readParameter(parameter, (reader) => {
    const iv = Buffer.from(Array.from({ length: 16 }, () => reader.byte()))
    return encrypted(BlockCipherMode.CBC, Buffer.from(reader.bytes()), iv)
  })
}

function encrypted(blockCipherMode: number, data: Buffer, initializationVector: Buffer | undefined): DerivationParameters {
  if (data.length === 0 || data.length % 16 !== 0) throw new Pkcs11Failure('MECHANISM_PARAM_INVALID')
  return {
    cryptographicParameters: { blockCipherMode, paddingMethod: PaddingMethod.None },
    derivationData: [data], initializationVector,
  }
}

/**
 * CK_HKDF_PARAMS: whether it extracts and expands (KMIP has both at once only), the hash, the kind of salt, the salt, a
 * key as salt, and the info.
 */
function extractedAndExpanded(parameter: Buffer): DerivationParameters {
  return readParameter(parameter, (reader) => {
    const [extracts, expands] = [reader.isPresent(), reader.isPresent()]
    const hashingAlgorithm = hashes.get(reader.ulong())
    const saltType = reader.ulong()
    const salt = Buffer.from(reader.bytes())
    const saltKey = reader.ulong()
    const info = Buffer.from(reader.bytes())
    const isSalt = saltType === saltNull ? salt.length === 0 : saltType === saltData
    if (!extracts || !expands || hashingAlgorithm === undefined || !isSalt || saltKey !== 0) {
      throw new Pkcs11Failure('MECHANISM_PARAM_INVALID')
    }
    return {
      cryptographicParameters: { hashingAlgorithm }, derivationData: info.length > 0 ? [info] : [],
      ...(salt.length > 0 && { salt }),
    }
  })
}

/** The digest of the key's value. */
function hashed(hashingAlgorithm: number): DerivationMechanism {
  const parametersOf = (parameter: Buffer): DerivationParameters => {
    noParameter(parameter)
    return { cryptographicParameters: { hashingAlgorithm }, derivationData: [] }
  }
  return { derivationMethod: DerivationMethod.HASH, parametersOf }
}

/** CKF_HKDF_SALT_NULL, CKF_HKDF_SALT_DATA. */
const saltNull = 1
const saltData = 2
