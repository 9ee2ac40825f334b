import { decodeItem, ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { Tag } from './generated/tags.ts'
import { bigInteger, bytes, enumeration, optional, structure } from './schema.ts'
import type { FieldMap, Infer, InferFields, Structure } from './schema.ts'
import { parseVersion } from './version.ts'

/** Key Material of the transparent key formats (KMIP 2.1 sections 3.4 to 3.13; 1.4 2.1.7 for those of 1.x). */

export const TransparentSymmetricKey = structure('2.1 3.4', {
  key: bytes(Tag.Key),
})

export const TransparentDSAPrivateKey = structure('2.1 3.5', {
  p: bigInteger(Tag.P),
  q: bigInteger(Tag.Q),
  g: bigInteger(Tag.G),
  x: bigInteger(Tag.X),
})

export const TransparentDSAPublicKey = structure('2.1 3.6', {
  p: bigInteger(Tag.P),
  q: bigInteger(Tag.Q),
  g: bigInteger(Tag.G),
  y: bigInteger(Tag.Y),
})

export const TransparentRSAPrivateKey = structure('2.1 3.7', {
  modulus: bigInteger(Tag.Modulus),
  privateExponent: optional(bigInteger(Tag.PrivateExponent)),
  publicExponent: optional(bigInteger(Tag.PublicExponent)),
  p: optional(bigInteger(Tag.P)),
  q: optional(bigInteger(Tag.Q)),
  primeExponentP: optional(bigInteger(Tag.PrimeExponentP)),
  primeExponentQ: optional(bigInteger(Tag.PrimeExponentQ)),
  crtCoefficient: optional(bigInteger(Tag.CRTCoefficient)),
})
export type TransparentRSAPrivateKey = Infer<typeof TransparentRSAPrivateKey>

export const TransparentRSAPublicKey = structure('2.1 3.8', {
  modulus: bigInteger(Tag.Modulus),
  publicExponent: bigInteger(Tag.PublicExponent),
})

export const TransparentDHPrivateKey = structure('2.1 3.9', {
  p: bigInteger(Tag.P),
  q: optional(bigInteger(Tag.Q)),
  g: bigInteger(Tag.G),
  j: optional(bigInteger(Tag.J)),
  x: bigInteger(Tag.X),
})

export const TransparentDHPublicKey = structure('2.1 3.10', {
  p: bigInteger(Tag.P),
  q: optional(bigInteger(Tag.Q)),
  g: bigInteger(Tag.G),
  j: optional(bigInteger(Tag.J)),
  y: bigInteger(Tag.Y),
})

/** Also the shape of the ECDSA, ECDH and ECMQV private keys of 1.x. */
export const TransparentECPrivateKey = structure('2.1 3.11', {
  recommendedCurve: enumeration(Tag.RecommendedCurve),
  d: bigInteger(Tag.D),
})

/** Also the shape of the ECDSA, ECDH and ECMQV public keys of 1.x. */
export const TransparentECPublicKey = structure('2.1 3.12', {
  recommendedCurve: enumeration(Tag.RecommendedCurve),
  qString: bytes(Tag.QString),
})

/** @throws KmipError for items that are not this structure */
export function decodeTransparent<F extends FieldMap>(shape: Structure<F>, items: readonly Item[]): InferFields<F> {
  return shape.decode({ tag: Tag.KeyMaterial, type: ItemType.Structure, value: items }, coding)
}

export function encodeTransparent<F extends FieldMap>(shape: Structure<F>, value: InferFields<F>): readonly Item[] {
  const writer = new TtlvWriter()
  shape.encode(writer, Tag.KeyMaterial, value, coding)
  return decodeItem(writer.take()).value as readonly Item[]
}

/** The shapes are the same in all versions. */
const coding = { version: parseVersion('2.1'), refusesUndefined: true }
