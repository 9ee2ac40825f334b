import { constants, publicDecrypt, publicEncrypt, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { CryptographicAlgorithm, HashingAlgorithm, MaskGenerator, PaddingMethod } from '../kmip/generated/enums.ts'
import { badParameters, cryptographicFailure, guarded, invalid, unsupportedParameters } from './failure.ts'
import { hash, hashInfo } from './hash.ts'
import type { HashInfo } from './hash.ts'
import { checkKind } from './key.ts'
import type { SoftwareKey } from './key.ts'
import type { Signable } from './provider.ts'
import { decodeOaep, decodePkcs1, encodeOaep, encodePss, verifyPss } from './rsa-padding.ts'
import type { OaepOptions, PssOptions } from './rsa-padding.ts'
import { runRsa } from './rsa-pool.ts'
import { signatureScheme } from './signature.ts'

/**
 * Encrypts with OAEP or PKCS#1 v1.5. OAEP's hash is SHA-1 when none is given (RFC 8017), its mask
 * generation hash is the same hash unless another is given.
 *
 * @throws KmipError Invalid Field for data too long for the key
 */
export function encryptRsa(key: SoftwareKey, parameters: CryptographicParameters, data: Buffer): Buffer {
  checkKind(key, 'public')
  const scheme = encryptionScheme(parameters)
  const length = modulusLength(key)
  if (scheme === 'pkcs1') {
    if (data.length > length - 11) throw invalid('the data is too long for the key')
    return guarded(() => publicEncrypt({ key: key.object, padding: RSA_PKCS1_PADDING }, data))
  }
  const encoded = encodeOaep(data, length, scheme)
  return guarded(() => publicEncrypt({ key: key.object, padding: RSA_NO_PADDING }, encoded))
}

/**
 * Decrypts. With PKCS#1 v1.5, bad padding gives random bytes and no error (OpenSSL's implicit
 * rejection), so that there is nothing to tell apart.
 *
 * @param tellsPadding it is an error all the same: random bytes must not pass for a key
 */
export async function decryptRsa(
  key: SoftwareKey, parameters: CryptographicParameters, data: Buffer, tellsPadding = false,
): Promise<Buffer> {
  checkKind(key, 'private')
  const scheme = encryptionScheme(parameters)
  if (data.length !== modulusLength(key)) throw cryptographicFailure()
  if (scheme === 'pkcs1' && !tellsPadding) return runRsa('decryptPkcs1', key.object, data)
  const encoded = await runRsa('decryptRaw', key.object, data)
  return scheme === 'pkcs1' ? decodePkcs1(encoded) : decodeOaep(encoded, scheme)
}

/**
 * Signs with PSS or PKCS#1 v1.5. A salt is as long as the hash when its length is not given. A
 * digest without a hash is signed as it is, with PKCS#1 padding only (the OASIS case
 * TC-RSA-SIGN-DIGESTEDDATA-1).
 */
export async function signRsa(
  key: SoftwareKey, parameters: CryptographicParameters, input: Signable,
): Promise<Buffer> {
  checkKind(key, 'private')
  const scheme = signatureScheme('rsa', parameters, input, true)
  if (scheme.kind === 'pss') return signPss(key, pssOptions(parameters, scheme.hash, true), input)
  if ('data' in input) return signData(scheme.hash!, key.object, input.data)
  const info = digestInfo(scheme.hash, input.digest)
  if (info.length > modulusLength(key) - 11) throw invalid('the digest is too long for the key')
  return runRsa('signPkcs1', key.object, info)
}

export async function verifyRsa(
  key: SoftwareKey, parameters: CryptographicParameters, input: Signable, signature: Buffer,
): Promise<boolean> {
  checkKind(key, 'public', 'private')
  const scheme = signatureScheme('rsa', parameters, input, false)
  if (signature.length !== modulusLength(key)) return false
  if (scheme.kind !== 'pss') return verifyPkcs1(key, scheme.hash, input, signature)
  const options = pssOptions(parameters, scheme.hash, false)
  if ('data' in input && options.hash === options.maskHash) {
    const saltLength = options.saltLength ?? constants.RSA_PSS_SALTLEN_AUTO
    return verifyData(options.hash, { key: key.object, padding: RSA_PKCS1_PSS_PADDING, saltLength }, input.data, signature)
  }
  const encoded = publicOperation(key, signature, RSA_NO_PADDING)
  const digest = 'digest' in input ? input.digest : hash(options.hash, input.data)
  return encoded !== undefined && verifyPss(encoded, digest, key.length, options)
}

export function modulusLength(key: Pick<SoftwareKey, 'length'>): number {
  return Math.ceil(key.length / 8)
}

/** The scheme that parameters name, for encryption. */
export function encryptionScheme(parameters: CryptographicParameters): OaepOptions | 'pkcs1' {
  const { paddingMethod, hashingAlgorithm, maskGenerator, maskGeneratorHashingAlgorithm, pSource } = parameters
  const { blockCipherMode, cryptographicAlgorithm = CryptographicAlgorithm.RSA } = parameters
  if (cryptographicAlgorithm !== CryptographicAlgorithm.RSA) throw badParameters('the key is for another algorithm')
  if (blockCipherMode !== undefined) throw badParameters('RSA has no block cipher mode')
  if (paddingMethod === undefined) throw badParameters('a padding method is required')
  if (paddingMethod === PaddingMethod.PKCS1V1_5) return 'pkcs1'
  if (paddingMethod !== PaddingMethod.OAEP) throw unsupportedParameters('the padding method is not supported for encryption')
  checkMaskGenerator(maskGenerator)
  const info = hashInfo(hashingAlgorithm ?? HashingAlgorithm.SHA_1)
  return { hash: info, maskHash: maskHashOf(maskGeneratorHashingAlgorithm, info), label: pSource ?? Buffer.alloc(0) }
}

/** KMIP names SHA-1 as the default; its own cases (CS-AC-M-2) and clients mean the hash of the message. */
function maskHashOf(maskGeneratorHashingAlgorithm: number | undefined, info: HashInfo): HashInfo {
  return maskGeneratorHashingAlgorithm === undefined ? info : hashInfo(maskGeneratorHashingAlgorithm)
}

function checkMaskGenerator(maskGenerator: number | undefined): void {
  if (maskGenerator !== undefined && maskGenerator !== MaskGenerator.MGF1) {
    throw unsupportedParameters('the mask generator is not supported')
  }
}

export function pssOptions(parameters: CryptographicParameters, info: HashInfo | undefined, signing: boolean): PssOptions {
  const { maskGenerator, maskGeneratorHashingAlgorithm, saltLength, trailerField } = parameters
  checkMaskGenerator(maskGenerator)
  if (trailerField !== undefined && trailerField !== 1) throw unsupportedParameters('the trailer field is not supported')
  if (saltLength !== undefined && (saltLength < 0 || saltLength > saltLengthMax)) throw badParameters('wrong salt length')
  const messageHash = info ?? hashInfo(undefined)
  return {
    hash: messageHash,
    maskHash: maskHashOf(maskGeneratorHashingAlgorithm, messageHash),
    saltLength: saltLength ?? (signing ? messageHash.length : undefined),
  }
}

function signPss(key: SoftwareKey, options: PssOptions, input: Signable): Promise<Buffer> {
  if ('data' in input && options.hash === options.maskHash) {
    if (modulusLength(key) < options.hash.length + options.saltLength! + 2) {
      throw badParameters('the key is too short for the hash and the salt')
    }
    const { saltLength } = options
    return signData(options.hash, { key: key.object, padding: RSA_PKCS1_PSS_PADDING, saltLength: saltLength! }, input.data)
  }
  const digest = 'digest' in input ? input.digest : hash(options.hash, input.data)
  return runRsa('decryptRaw', key.object, encodePss(digest, key.length, options))
}

/** What PKCS#1 v1.5 pads: the digest with its hash's name before it, or as it is. */
export function digestInfo(info: HashInfo | undefined, digest: Buffer): Buffer {
  if (info === undefined) return digest
  if (info.digestInfo === undefined) throw unsupportedParameters('the hash has no PKCS#1 signature')
  return Buffer.concat([info.digestInfo, digest])
}

function verifyPkcs1(
  key: SoftwareKey, info: HashInfo | undefined, input: Signable, signature: Buffer,
): Promise<boolean> | boolean {
  if ('data' in input) return verifyData(info!, key.object, input.data, signature)
  const signed = publicOperation(key, signature, RSA_PKCS1_PADDING)
  return signed !== undefined && signed.equals(digestInfo(info, input.digest))
}

/** The signature opened with the public key, or undefined where it is none. */
function publicOperation(key: SoftwareKey, signature: Buffer, padding: number): Buffer | undefined {
  try {
    return publicDecrypt({ key: key.object, padding }, signature)
  } catch {
    return undefined
  }
}

/**
 * A key alone means PKCS#1 v1.5. It is given alone for that: asked whether an object with options is a key, Node throws
 * and catches an error, with its stack, which took a tenth of what one signature takes.
 */
type KeyWithPadding = KeyObject | { readonly key: KeyObject, readonly padding: number, readonly saltLength: number }

/** In libuv's thread pool. */
function signData(info: HashInfo, key: KeyWithPadding, data: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign(info.name, data, key, (error, signature) => {
      if (error === null) resolve(signature)
      else reject(cryptographicFailure())
    })
  })
}

function verifyData(info: HashInfo, key: KeyWithPadding, data: Buffer, signature: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    verify(info.name, data, key, signature, (error, valid) => resolve(error === null && valid))
  })
}

const { RSA_NO_PADDING, RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = constants
/** Bytes: no salt is longer than the modulus. */
const saltLengthMax = 2048
