import { derSequence, derUnsigned, outerSequence, unsignedBytes } from '../crypto/der.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'

/** KMIP's ECDSA signatures are DER; PKCS#11 has the two numbers in line, each as long as the order of the curve. */

/** @param bits of the order */
export function signatureInLine(der: Buffer, bits: number): Buffer {
  const length = Math.ceil(bits / 8)
  const numbers = outerSequence(der)
  return Buffer.concat([unsignedBytes(numbers.integer(), length), unsignedBytes(numbers.integer(), length)])
}

/** @throws Pkcs11Failure for what are not two numbers of one length */
export function signatureInDer(inLine: Buffer): Buffer {
  if (inLine.length === 0 || inLine.length % 2 !== 0) throw new Pkcs11Failure('SIGNATURE_LEN_RANGE')
  const half = inLine.length / 2
  return derSequence(derUnsigned(inLine.subarray(0, half)), derUnsigned(inLine.subarray(half)))
}
