import { encodeSpki } from '../crypto/asymmetric.ts'
import { byteCurves, convertPoint, curveById } from '../crypto/curve.ts'
import { DerError, DerReader } from '../crypto/der.ts'
import type { Key, StoredKey } from '../crypto/provider.ts'
import { Secret } from '../kmip/secret.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'
import { readParameter } from './pkcs-11-parameter.ts'

/**
 * CK_ECDH1_DERIVE_PARAMS: the key derivation function, its shared data, and the other party's public key, which is a
 * point as it is or in an OCTET STRING. The secret is the first bytes of what is shared: there is no function but none.
 *
 * @returns the public key, for the curve of the private key that it is to agree with
 * @throws Pkcs11Failure Mechanism Param Invalid
 */
export function otherParty(parameter: Buffer): (privateKey: Key) => StoredKey {
  const point = readParameter(parameter, (reader) => {
    const isPlain = reader.ulong() === noFunction && reader.bytes().length === 0
    const given = Buffer.from(reader.bytes())
    if (!isPlain) throw new Pkcs11Failure('MECHANISM_PARAM_INVALID')
    return given
  })
  return ({ algorithm, length, curve }) => {
    try {
      const bytes = new Secret(publicKey(curve, point))
      return { kind: 'public', algorithm, length, curve, bytes }
    } catch (error) {
      throw error instanceof Pkcs11Failure ? error : new Pkcs11Failure('MECHANISM_PARAM_INVALID')
    }
  }
}

/** SubjectPublicKeyInfo. @throws Error for what is no key on the curve */
function publicKey(curveId: number | undefined, given: Buffer): Buffer {
  const byteCurve = byteCurves.find(({ id }) => id === curveId)
  if (byteCurve !== undefined) return encodeSpki({ type: 'bytes', curve: byteCurve, bytes: unpacked(given, byteCurve.length) })
  const curve = curveById(curveId)
  const point = unpacked(given, 1 + 2 * Math.ceil(curve.bits / 8))
  return encodeSpki({ type: 'ec', curve, point: convertPoint(curve, point, 'uncompressed') })
}

/** @param length of the point as it is */
function unpacked(given: Buffer, length: number): Buffer {
  if (given.length === length) return given
  try {
    const reader = new DerReader(given)
    const octets = reader.octets()
    reader.end()
    return octets
  } catch (error) {
    throw error instanceof DerError ? new Pkcs11Failure('MECHANISM_PARAM_INVALID') : error
  }
}

/** CKD_NULL. */
const noFunction = 1
