import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import type { Curve } from './curve.ts'
import { Cka, Ckk, Cko } from '../kmip/pkcs11-constants.ts'
import type { Template } from './pkcs11-protocol.ts'

/** Attributes of the objects that are made in a token. Their place decides CKA_TOKEN, CKA_ID and CKA_EXTRACTABLE. */

/** A symmetric key that encrypts, makes MACs and wraps; any algorithm but AES keys an HMAC. */
export function secretTemplate(algorithm: number): Template {
  const isAes = algorithm === CryptographicAlgorithm.AES
  return [
    ...hidden(Cko.SECRET_KEY, isAes ? Ckk.AES : Ckk.GENERIC_SECRET),
    ...(isAes ? allow(Cka.ENCRYPT, Cka.DECRYPT, Cka.WRAP, Cka.UNWRAP) : []),
    ...allow(Cka.SIGN, Cka.VERIFY),
  ]
}

export function rsaPrivateTemplate(): Template {
  return [...hidden(Cko.PRIVATE_KEY, Ckk.RSA), ...allow(Cka.SIGN, Cka.DECRYPT, Cka.UNWRAP)]
}

export function ecPrivateTemplate(): Template {
  return [...hidden(Cko.PRIVATE_KEY, Ckk.EC), ...allow(Cka.SIGN)]
}

export function rsaPublicTemplate(bits: number): Template {
  return [
    ...open(Ckk.RSA), ...allow(Cka.VERIFY, Cka.ENCRYPT),
    { type: Cka.MODULUS_BITS, value: bits },
    { type: Cka.PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
  ]
}

export function ecPublicTemplate(curve: Curve): Template {
  return [...open(Ckk.EC), ...allow(Cka.VERIFY), { type: Cka.EC_PARAMS, value: curveParameter(curve.oid) }]
}

/** DER of a named curve's object identifier, from its contents. */
export function curveParameter(oid: string): Buffer {
  const contents = Buffer.from(oid, 'hex')
  return Buffer.concat([Buffer.from([6, contents.length]), contents])
}

/** The key that wraps all others in the storage by an encrypted database: it does nothing else, and never leaves. */
export const wrappingKeyTemplate: Template = [
  ...hidden(Cko.SECRET_KEY, Ckk.AES),
  ...allow(Cka.WRAP, Cka.UNWRAP),
]

function hidden(objectClass: number, keyType: number): Template {
  return [
    { type: Cka.CLASS, value: objectClass }, { type: Cka.KEY_TYPE, value: keyType },
    { type: Cka.PRIVATE, value: true }, { type: Cka.SENSITIVE, value: true },
  ]
}

function open(keyType: number): Template {
  return [
    { type: Cka.CLASS, value: Cko.PUBLIC_KEY }, { type: Cka.KEY_TYPE, value: keyType },
    { type: Cka.TOKEN, value: false },
  ]
}

function allow(...uses: readonly number[]): Template {
  return uses.map((type) => ({ type, value: true }))
}
