import type { Item } from '../ttlv/item.ts'
import { KmipError } from '../kmip/error.ts'
import { KeyFormatType } from '../kmip/generated/enums.ts'
import {
  decodeTransparent, encodeTransparent, TransparentDHPrivateKey, TransparentDHPublicKey, TransparentDSAPrivateKey,
  TransparentDSAPublicKey, TransparentECPrivateKey, TransparentECPublicKey, TransparentRSAPrivateKey,
  TransparentRSAPublicKey, TransparentSymmetricKey,
} from '../kmip/key-material.ts'
import type { EcPrivate, EcPublic, PrivateNumbers, PublicNumbers, RsaPrivate } from './asymmetric.ts'
import { byteCurves, convertPoint, curveById, curveParameters, publicPoint } from './curve.ts'
import type { ByteCurve } from './curve.ts'
import { unsignedBytes, unsignedInteger } from './der.ts'
import { invalid } from './failure.ts'
import { completeRsa } from './rsa-numbers.ts'

/** Key Material structures of the transparent formats, to and from the numbers of a key. */

export function isTransparent(keyFormatType: number): boolean {
  return transparentFormats.has(keyFormatType)
}

export function readTransparentSymmetric(items: readonly Item[]): Buffer {
  return decodeTransparent(TransparentSymmetricKey, items).key
}

export function writeTransparentSymmetric(key: Buffer): readonly Item[] {
  return encodeTransparent(TransparentSymmetricKey, { key })
}

/** @throws KmipError Key Format Type Not Supported for a format that is not a private key's */
export function readTransparentPrivate(keyFormatType: number, items: readonly Item[]): PrivateNumbers {
  switch (keyFormatType) {
    case f.TransparentRSAPrivateKey: return readRsaPrivate(items)
    case f.TransparentDSAPrivateKey: {
      return positive({ type: 'dsa', ...decodeTransparent(TransparentDSAPrivateKey, items) })
    }
    case f.TransparentDHPrivateKey: {
      return positive({ type: 'dh', ...decodeTransparent(TransparentDHPrivateKey, items) })
    }
    default: {
      if (!ecPrivateFormats.has(keyFormatType)) throw formatNotSupported()
      const { recommendedCurve, d } = decodeTransparent(TransparentECPrivateKey, items)
      const byteCurve = byteCurveFor(keyFormatType, recommendedCurve)
      if (byteCurve !== undefined) return { type: 'bytes', curve: byteCurve, bytes: exactBytes(d, byteCurve) }
      return withPoint(positive({ type: 'ec', curve: curveById(recommendedCurve), d }))
    }
  }
}

export function readTransparentPublic(keyFormatType: number, items: readonly Item[]): PublicNumbers {
  switch (keyFormatType) {
    case f.TransparentRSAPublicKey: {
      const { modulus, publicExponent } = decodeTransparent(TransparentRSAPublicKey, items)
      return positive({ type: 'rsa', n: modulus, e: publicExponent })
    }
    case f.TransparentDSAPublicKey: {
      return positive({ type: 'dsa', ...decodeTransparent(TransparentDSAPublicKey, items) })
    }
    case f.TransparentDHPublicKey: {
      return positive({ type: 'dh', ...decodeTransparent(TransparentDHPublicKey, items) })
    }
    default: {
      if (!ecPublicFormats.has(keyFormatType)) throw formatNotSupported()
      const { recommendedCurve, qString } = decodeTransparent(TransparentECPublicKey, items)
      const byteCurve = byteCurveFor(keyFormatType, recommendedCurve)
      if (byteCurve === undefined) return { type: 'ec', curve: curveById(recommendedCurve), point: qString }
      if (qString.length !== byteCurve.length) throw invalid('the key has the wrong length')
      return { type: 'bytes', curve: byteCurve, bytes: qString }
    }
  }
}

/** The structure of a key in one of the transparent formats; the key has to be of the format's kind. */
export function writeTransparentPrivate(keyFormatType: number, key: PrivateNumbers): readonly Item[] {
  if (keyFormatType === f.TransparentRSAPrivateKey && key.type === 'rsa') return writeRsaPrivate(key)
  if (keyFormatType === f.TransparentDSAPrivateKey && key.type === 'dsa') {
    return encodeTransparent(TransparentDSAPrivateKey, { p: key.p, q: key.q!, g: key.g, x: key.x })
  }
  if (keyFormatType === f.TransparentDHPrivateKey && key.type === 'dh') {
    return encodeTransparent(TransparentDHPrivateKey, { p: key.p, q: key.q, g: key.g, j: key.j, x: key.x })
  }
  if (ecPrivateFormats.has(keyFormatType) && key.type === 'ec' && key.curve.id !== undefined) {
    return encodeTransparent(TransparentECPrivateKey, { recommendedCurve: key.curve.id, d: key.d })
  }
  if (ecPrivateFormats.has(keyFormatType) && key.type === 'bytes' && isOf(keyFormatType, key.curve)) {
    return encodeTransparent(TransparentECPrivateKey, { recommendedCurve: key.curve.id, d: unsignedInteger(key.bytes) })
  }
  throw formatNotSupported()
}

export function writeTransparentPublic(
  keyFormatType: number, key: PublicNumbers, form?: 'compressed' | 'uncompressed' | 'hybrid',
): readonly Item[] {
  if (keyFormatType === f.TransparentRSAPublicKey && key.type === 'rsa') {
    return encodeTransparent(TransparentRSAPublicKey, { modulus: key.n, publicExponent: key.e })
  }
  if (keyFormatType === f.TransparentDSAPublicKey && key.type === 'dsa') {
    return encodeTransparent(TransparentDSAPublicKey, { p: key.p, q: key.q!, g: key.g, y: key.y })
  }
  if (keyFormatType === f.TransparentDHPublicKey && key.type === 'dh') {
    return encodeTransparent(TransparentDHPublicKey, { p: key.p, q: key.q, g: key.g, j: key.j, y: key.y })
  }
  if (ecPublicFormats.has(keyFormatType) && key.type === 'ec' && key.curve.id !== undefined) {
    return encodeTransparent(TransparentECPublicKey, { recommendedCurve: key.curve.id, qString: pointIn(key, form) })
  }
  if (ecPublicFormats.has(keyFormatType) && key.type === 'bytes' && isOf(keyFormatType, key.curve)) {
    return encodeTransparent(TransparentECPublicKey, { recommendedCurve: key.curve.id, qString: key.bytes })
  }
  throw formatNotSupported()
}

/** The point as stored, unless a form is asked for. */
export function pointIn({ curve, point }: EcPublic, form?: 'compressed' | 'uncompressed' | 'hybrid'): Buffer {
  return form === undefined ? point : convertPoint(curve, point, form)
}

export function formatNotSupported(): KmipError {
  return new KmipError('KeyFormatTypeNotSupported', 'the key format type is not supported for this key')
}

function readRsaPrivate(items: readonly Item[]): RsaPrivate {
  const given = positive(decodeTransparent(TransparentRSAPrivateKey, items))
  const key = completeRsa({
    n: given.modulus, e: given.publicExponent, d: given.privateExponent, p: given.p, q: given.q,
    dp: given.primeExponentP, dq: given.primeExponentQ,
  })
  const agrees = (value: bigint | undefined, own: bigint): boolean => value === undefined || value === own
  const ok = agrees(given.primeExponentP, key.dp) && agrees(given.primeExponentQ, key.dq) &&
    agrees(given.crtCoefficient, key.qi)
  if (ok) return key
  throw invalid('the numbers of the RSA key do not belong together')
}

function writeRsaPrivate({ n, e, d, p, q, dp, dq, qi }: RsaPrivate): readonly Item[] {
  return encodeTransparent(TransparentRSAPrivateKey, {
    modulus: n, privateExponent: d, publicExponent: e, p, q, primeExponentP: dp, primeExponentQ: dq, crtCoefficient: qi,
  })
}

/**
 * With the public point, which the other formats of the key hold too (RFC 5915 section 3). What is no key is refused
 * where keys are checked.
 */
function withPoint(key: EcPrivate): EcPrivate {
  const isKey = key.d > 0n && key.d < curveParameters(key.curve).n
  return isKey ? { ...key, point: publicPoint(key.curve, key.d) } : key
}

function positive<T extends object>(numbers: T): T {
  if (Object.values(numbers).some((value) => typeof value === 'bigint' && value < 0n)) {
    throw invalid('a number of the key is negative')
  }
  return numbers
}

/** Curve25519 and Curve448: Montgomery, but Edwards in the formats for signature keys. */
function byteCurveFor(keyFormatType: number, curveId: number): ByteCurve | undefined {
  return byteCurves.find((curve) => curve.id === curveId && isOf(keyFormatType, curve))
}

function isOf(keyFormatType: number, { use }: ByteCurve): boolean {
  return (use === 'sign') === signatureFormats.has(keyFormatType)
}

/** D is a number in the standard; the keys of RFC 8410 are bytes, taken here as a big-endian number. */
function exactBytes(d: bigint, curve: ByteCurve): Buffer {
  const bytes = d < 0n ? undefined : unsignedBytes(d, curve.length)
  if (bytes?.length !== curve.length) throw invalid('the key has the wrong length')
  return bytes
}

const f = KeyFormatType
const signatureFormats: ReadonlySet<number> = new Set([f.TransparentECDSAPrivateKey, f.TransparentECDSAPublicKey])
const ecPrivateFormats: ReadonlySet<number> = new Set([
  f.TransparentECPrivateKey, f.TransparentECDSAPrivateKey, f.TransparentECDHPrivateKey, f.TransparentECMQVPrivateKey,
])
const ecPublicFormats: ReadonlySet<number> = new Set([
  f.TransparentECPublicKey, f.TransparentECDSAPublicKey, f.TransparentECDHPublicKey, f.TransparentECMQVPublicKey,
])
const transparentFormats: ReadonlySet<number> = new Set([
  f.TransparentSymmetricKey, f.TransparentDSAPrivateKey, f.TransparentDSAPublicKey, f.TransparentRSAPrivateKey,
  f.TransparentRSAPublicKey, f.TransparentDHPrivateKey, f.TransparentDHPublicKey, ...ecPrivateFormats,
  ...ecPublicFormats,
])
