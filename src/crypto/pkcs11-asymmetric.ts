import { createHmac, randomBytes } from 'node:crypto'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { encodeSpki } from './asymmetric.ts'
import { curveById } from './curve.ts'
import { derSequence, derUnsigned, unsignedInteger } from './der.ts'
import { badParameters, cryptographicFailure, invalid, unsupportedParameters } from './failure.ts'
import { hash } from './hash.ts'
import type { HashInfo } from './hash.ts'
import { Ckm, Mgf1, ParameterType } from '../kmip/pkcs11-constants.ts'
import { checkKind } from './key.ts'
import type { TokenKey } from './pkcs11-key.ts'
import type { Mechanism, OaepFacts } from './pkcs11-protocol.ts'
import type { Run } from './pkcs11-symmetric.ts'
import type { KeySpec, Signable } from './provider.ts'
import { digestInfo, encryptionScheme, modulusLength, pssOptions } from './rsa.ts'
import { signatureScheme } from './signature.ts'

/** Signs in the token. The digest is made here, so that data of any size stays out of it. */
export function signInToken(
  run: Run, key: TokenKey, parameters: CryptographicParameters, input: Signable,
): Promise<Buffer> {
  checkKind(key, 'private')
  if (key.algorithm === CryptographicAlgorithm.RSA) return signRsa(run, key, parameters, input)
  return signEcdsa(run, key, parameters, input)
}

/**
 * Decrypts in the token.
 *
 * @param oaepFacts what the token does of OAEP
 */
export async function decryptRsaInToken(
  run: Run, key: TokenKey, parameters: CryptographicParameters, data: Buffer, oaepFacts: () => Promise<OaepFacts>,
): Promise<Buffer> {
  checkKind(key, 'private')
  const length = modulusLength(key)
  const mechanism = await encryptionMechanism(parameters, oaepFacts)
  if (data.length !== length) throw cryptographicFailure()
  if (mechanism.mechanism !== Ckm.RSA_PKCS) return run('decrypt', key, mechanism, data, length)
  // Bad padding gives bytes that follow from the ciphertext, as OpenSSL's implicit rejection does: no error to ask for.
  const substitute = createHmac('sha512', rejectionKey).update(key.place.id).update(data).digest()
  try {
    return await run('decrypt', key, mechanism, data, length)
  } catch (error) {
    if (!isCryptographicFailure(error)) throw error
    return substitute.subarray(0, 16 + substitute[63]! % 32)
  }
}

/**
 * The mechanism of an encryption scheme, which a public key is held to as well: what is encrypted here must be
 * decrypted there.
 *
 * @throws KmipError Feature Not Supported for a hash that the token does not take
 */
export async function encryptionMechanism(
  parameters: CryptographicParameters, oaepFacts: () => Promise<OaepFacts>,
): Promise<Mechanism> {
  const scheme = encryptionScheme(parameters)
  if (scheme === 'pkcs1') return { mechanism: Ckm.RSA_PKCS }
  const { hashAlg } = hashParameters(scheme.hash)
  const { mgf } = hashParameters(scheme.maskHash)
  const { hashes, labels, mixed } = await oaepFacts()
  const isTaken = hashes.includes(hashAlg) && (mixed || scheme.hash === scheme.maskHash)
  if (!isTaken) throw unsupportedParameters(`the token has no OAEP with ${scheme.hash.name} and ${scheme.maskHash.name}`)
  if (scheme.label.length > 0 && !labels) throw unsupportedParameters('the token has no OAEP with a label')
  const sourceData = scheme.label.length === 0 ? undefined : scheme.label
  return { mechanism: Ckm.RSA_PKCS_OAEP, parameter: { type: ParameterType.OAEP, hashAlg, mgf, source: 1, sourceData } }
}

/** SubjectPublicKeyInfo of what a token told of a public key: modulus and exponent, or a point. */
export function publicKeyInfo(spec: KeySpec, values: readonly Uint8Array[]): Buffer {
  if (spec.algorithm === CryptographicAlgorithm.RSA) {
    return encodeSpki({ type: 'rsa', n: unsignedInteger(values[0]!), e: unsignedInteger(values[1]!) })
  }
  return encodeSpki({ type: 'ec', curve: curveById(spec.curve), point: pointOf(Buffer.from(values[0]!)) })
}

/** The standard says an OCTET STRING in DER; some modules leave that out. A point begins with 4, as does that. */
function pointOf(value: Buffer): Buffer {
  if (value[0] !== 4) throw new Error('the token gave no uncompressed point')
  const [, length = 0] = value
  const header = length < 128 ? 2 : 3
  const isWrapped = value[header] === 4 && value.length === header + (length < 128 ? length : value[2]!)
  return isWrapped ? value.subarray(header) : value
}

async function signRsa(
  run: Run, key: TokenKey, parameters: CryptographicParameters, input: Signable,
): Promise<Buffer> {
  const scheme = signatureScheme('rsa', parameters, input, true)
  const room = modulusLength(key)
  if (scheme.kind === 'pss') {
    const options = pssOptions(parameters, scheme.hash, true)
    const sLen = options.saltLength ?? options.hash.length
    if (room < options.hash.length + sLen + 2) throw badParameters('the key is too short for the hash and the salt')
    const digest = digestOf(options.hash, input)
    if (digest.length !== options.hash.length) throw invalid('the digest has the wrong length for its hash')
    const { hashAlg } = hashParameters(options.hash)
    const { mgf } = hashParameters(options.maskHash)
    const parameter = { type: ParameterType.PSS, hashAlg, mgf, saltLen: sLen }
    return run('sign', key, { mechanism: Ckm.RSA_PKCS_PSS, parameter }, digest, room)
  }
  const info = 'data' in input
    ? digestInfo(scheme.hash, digestOf(scheme.hash!, input))
    : digestInfo(scheme.hash, input.digest)
  if (info.length > room - 11) throw invalid('the digest is too long for the key')
  return run('sign', key, { mechanism: Ckm.RSA_PKCS }, info, room)
}

/** The token gives r and s one after the other; KMIP has them in DER (RFC 3279 2.2.3). */
async function signEcdsa(
  run: Run, key: TokenKey, parameters: CryptographicParameters, input: Signable,
): Promise<Buffer> {
  const scheme = signatureScheme('ecdsa', parameters, input, true)
  const bytes = Math.ceil(key.length / 8)
  const digest = 'digest' in input ? input.digest : digestOf(scheme.hash!, input)
  // FIPS 186-5 6.4.1: the leftmost bits; the curves here have orders of whole bytes, or longer than any digest.
  const signature = await run('sign', key, { mechanism: Ckm.ECDSA }, digest.subarray(0, bytes), 2 * bytes)
  const half = signature.length / 2
  return derSequence(derUnsigned(signature.subarray(0, half)), derUnsigned(signature.subarray(half)))
}

function digestOf(info: HashInfo, input: Signable): Buffer {
  return 'digest' in input ? input.digest : hash(info, input.data)
}

function hashParameters({ name }: HashInfo): { hashAlg: number; mgf: number } {
  const found = hashMechanisms.get(name)
  if (found === undefined) throw unsupportedParameters(`the token has no ${name} for this`)
  return { hashAlg: found[0], mgf: found[1] }
}

function isCryptographicFailure(error: unknown): boolean {
  return (error as { reason?: unknown }).reason === cryptographicFailure().reason
}

const hashMechanisms: ReadonlyMap<string, readonly [number, number]> = new Map<string, readonly [number, number]>([
  ['sha1', [Ckm.SHA_1, Mgf1.SHA_1]], ['sha224', [Ckm.SHA224, Mgf1.SHA224]], ['sha256', [Ckm.SHA256, Mgf1.SHA256]],
  ['sha384', [Ckm.SHA384, Mgf1.SHA384]], ['sha512', [Ckm.SHA512, Mgf1.SHA512]],
])
const rejectionKey = randomBytes(32)
