import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { HashingAlgorithm, MaskGenerator, PaddingMethod } from '../kmip/generated/enums.ts'
import { Pkcs11CodecError, Pkcs11Reader } from '../kmip/pkcs11-codec.ts'
import { Ckm, Mgf1 } from '../kmip/pkcs11-constants.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'

/** The parameters of mechanisms: a structure's elements stand in line. */

/** @throws Pkcs11Failure Mechanism Param Invalid, for bytes that are no such structure */
export function readParameter<T>(parameter: Buffer, read: (reader: Pkcs11Reader) => T): T {
  try {
    const reader = new Pkcs11Reader(parameter)
    const value = read(reader)
    reader.end()
    return value
  } catch (error) {
    throw error instanceof Pkcs11CodecError ? new Pkcs11Failure('MECHANISM_PARAM_INVALID') : error
  }
}

export function noParameter(parameter: Buffer): void {
  if (parameter.length > 0) throw new Pkcs11Failure('MECHANISM_PARAM_INVALID')
}

/** CK_RSA_PKCS_OAEP_PARAMS: hash, mask generation function, source, and its data. */
export function oaep(parameter: Buffer): CryptographicParameters {
  return readParameter(parameter, (reader) => {
    const hashingAlgorithm = hashes.get(reader.ulong())
    const maskGeneratorHashingAlgorithm = masks.get(reader.ulong())
    const isSpecified = reader.ulong() === dataSpecified
    const pSource = Buffer.from(reader.bytes())
    if (hashingAlgorithm === undefined || maskGeneratorHashingAlgorithm === undefined || (!isSpecified && pSource.length > 0)) {
      throw new Pkcs11Failure('MECHANISM_PARAM_INVALID')
    }
    return {
      paddingMethod: PaddingMethod.OAEP, hashingAlgorithm, maskGenerator: MaskGenerator.MGF1, maskGeneratorHashingAlgorithm,
      ...(pSource.length > 0 && { pSource }),
    }
  })
}

export const hashes: ReadonlyMap<number, number> = new Map<number, number>([
  [Ckm.SHA_1, HashingAlgorithm.SHA_1], [Ckm.SHA224, HashingAlgorithm.SHA_224], [Ckm.SHA256, HashingAlgorithm.SHA_256],
  [Ckm.SHA384, HashingAlgorithm.SHA_384], [Ckm.SHA512, HashingAlgorithm.SHA_512],
])
export const masks: ReadonlyMap<number, number> = new Map<number, number>([
  [Mgf1.SHA_1, HashingAlgorithm.SHA_1], [Mgf1.SHA224, HashingAlgorithm.SHA_224], [Mgf1.SHA256, HashingAlgorithm.SHA_256],
  [Mgf1.SHA384, HashingAlgorithm.SHA_384], [Mgf1.SHA512, HashingAlgorithm.SHA_512],
])
/** CKZ_DATA_SPECIFIED. */
const dataSpecified = 1
