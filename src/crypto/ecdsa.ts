import { randomBytes, sign, verify } from 'node:crypto'
import { ecdsa } from '@noble/curves/abstract/weierstrass.js'
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js'
import { p256 } from '@noble/curves/nist.js'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import type { EcPrivate, EcPublic } from './asymmetric.ts'
import { convertPoint, curveParameters } from './curve.ts'
import type { Curve } from './curve.ts'
import { unsignedBytes } from './der.ts'
import { cryptographicFailure, guarded, notSupported } from './failure.ts'
import { nobleCurve } from './noble-curve.ts'
import type { SoftwareKey } from './key.ts'
import { privateNumbers, publicNumbers } from './key-check.ts'
import type { Signable } from './provider.ts'
import { signatureScheme } from './signature.ts'

/**
 * ECDSA and DSA over data (OpenSSL) or over a digest. OpenSSL cannot be asked for the latter from
 * Node, so that is done over @noble/curves, for ECDSA only. Signatures are DER (RFC 3279 2.2.3).
 */
export function signEcdsa(
  key: SoftwareKey, family: 'ecdsa' | 'dsa', parameters: CryptographicParameters, input: Signable,
): Buffer | Promise<Buffer> {
  const scheme = signatureScheme(family, parameters, input, true)
  if ('digest' in input) return signDigest(key, input.digest)
  const { name } = scheme.hash!
  if (isQuick(key)) return guarded(() => sign(name, input.data, key.object))
  return new Promise((resolve, reject) => {
    sign(name, input.data, key.object, (error, signature) => {
      if (error === null) resolve(signature)
      else reject(cryptographicFailure())
    })
  })
}

export function verifyEcdsa(
  key: SoftwareKey, family: 'ecdsa' | 'dsa', parameters: CryptographicParameters, input: Signable, signature: Buffer,
): boolean | Promise<boolean> {
  const scheme = signatureScheme(family, parameters, input, false)
  if ('digest' in input) return verifyDigest(key, input.digest, signature)
  const { name } = scheme.hash!
  if (isQuick(key)) return quickVerify(name, key, input.data, signature)
  return new Promise((resolve) => {
    verify(name, input.data, key.object, signature, (error, valid) => resolve(error === null && valid))
  })
}

/**
 * The public point of a key that signs and does not tell it: a signature and its digest leave a few candidates (SEC 1
 * 4.1.6), and a second signature one.
 *
 * @param sign gives r and s, each as long as the curve's order
 * @returns the point, uncompressed
 * @throws KmipError Cryptographic Failure for signatures that are no key's
 */
export async function recoverPublicPoint(curve: Curve, sign: (digest: Buffer) => Promise<Buffer>): Promise<Buffer> {
  const scheme = ecdsaOver(curve)
  const [first, second] = [randomBytes(32), randomBytes(32)]
  const [one, other] = [await sign(first), await sign(second)]
  for (const id of [0, 1, 2, 3]) {
    try {
      const signature = Buffer.concat([Buffer.from([id]), one])
      const point = scheme.recoverPublicKey(signature, first, { prehash: false })
      if (!scheme.verify(other, second, point, { prehash: false, lowS: false, format: 'compact' })) continue
      return convertPoint(curve, point, 'uncompressed')
    } catch {
      // There is no point for this candidate.
    }
  }
  throw cryptographicFailure()
}

function quickVerify(hash: string, key: SoftwareKey, data: Buffer, signature: Buffer): boolean {
  try {
    return verify(hash, data, key.object, signature)
  } catch {
    return false
  }
}

/** Keys whose signature takes tens of microseconds, less than a trip to the thread pool. */
function isQuick(key: SoftwareKey): boolean {
  return key.object.asymmetricKeyDetails?.namedCurve === 'prime256v1'
}

function signDigest(key: SoftwareKey, digest: Buffer): Buffer {
  const numbers = privateNumbers(key.material.reveal())
  if (numbers.type !== 'ec' || !('d' in numbers)) throw notSupported('this key cannot sign a digest')
  return guarded(() => ecdsaSign(numbers, digest))
}

function verifyDigest(key: SoftwareKey, digest: Buffer, signature: Buffer): boolean {
  const numbers = publicNumbers(key.material.reveal())
  if (numbers.type !== 'ec') throw notSupported('this key cannot verify a digest')
  try {
    return ecdsaVerify(numbers, digest, signature)
  } catch {
    return false
  }
}

/** FIPS 186-5 6.4; k is RFC 6979's with fresh randomness mixed in (its section 3.6). */
function ecdsaSign({ curve, d }: EcPrivate, digest: Buffer): Buffer {
  const scheme = ecdsaOver(curve)
  const secret = unsignedBytes(d, curveParameters(curve).orderLength)
  return Buffer.from(scheme.sign(digest, secret, { ...asGiven, extraEntropy: true }))
}

function ecdsaVerify({ curve, point }: EcPublic, digest: Buffer, signature: Buffer): boolean {
  return ecdsaOver(curve).verify(signature, digest, convertPoint(curve, point, 'uncompressed'), asGiven)
}

function ecdsaOver(curve: Curve): ECDSA {
  const known = schemes.get(curve.name)
  if (known !== undefined) return known
  const scheme = ecdsa(nobleCurve(curve), sha256)
  schemes.set(curve.name, scheme)
  return scheme
}

/** For RFC 6979's k; its type in the package leaves the hash of a curve out. */
const sha256 = (p256 as ECDSA & { readonly hash: Parameters<typeof ecdsa>[1] }).hash
const schemes = new Map<string, ECDSA>()
/** The digest is the message, and high s values are as good as low ones. */
const asGiven = { prehash: false, lowS: false, format: 'der' } as const
