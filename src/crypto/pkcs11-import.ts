import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { notSupported } from './failure.ts'
import { privateNumbers } from './key-check.ts'
import { unsignedBytes } from './der.ts'
import { curveParameters } from './curve.ts'
import { Cka } from '../kmip/pkcs11-constants.ts'
import type { Template } from './pkcs11-protocol.ts'
import { curveParameter, ecPrivateTemplate, rsaPrivateTemplate, secretTemplate } from './pkcs11-template.ts'
import type { PlainKey, WrappedSpec } from './provider.ts'

/** Attributes of an object of the token for material that came in the clear. */
export function materialTemplate({ kind, algorithm, bytes }: PlainKey): Template {
  if (kind !== 'private') return [...secretTemplate(algorithm), { type: Cka.VALUE, value: bytes.reveal() }]
  const numbers = privateNumbers(bytes.reveal())
  if (numbers.type === 'rsa') {
    const value = (type: number, number: bigint): Template[number] => ({ type, value: unsignedBytes(number) })
    return [
      ...rsaPrivateTemplate(), value(Cka.MODULUS, numbers.n), value(Cka.PUBLIC_EXPONENT, numbers.e),
      value(Cka.PRIVATE_EXPONENT, numbers.d), value(Cka.PRIME_1, numbers.p), value(Cka.PRIME_2, numbers.q),
      value(Cka.EXPONENT_1, numbers.dp), value(Cka.EXPONENT_2, numbers.dq), value(Cka.COEFFICIENT, numbers.qi),
    ]
  }
  if (numbers.type !== 'ec') throw notSupported('the token has no such keys')
  const { curve, d } = numbers
  return [
    ...ecPrivateTemplate(), { type: Cka.EC_PARAMS, value: curveParameter(curve.oid) },
    { type: Cka.VALUE, value: unsignedBytes(d, curveParameters(curve).orderLength) },
  ]
}

/** As `materialTemplate`, where the material comes wrapped, and only the token sees it. */
export function wrappedTemplate({ algorithm, kind }: WrappedSpec): Template {
  if (kind !== 'private') return secretTemplate(algorithm)
  return algorithm === CryptographicAlgorithm.RSA ? rsaPrivateTemplate() : ecPrivateTemplate()
}
