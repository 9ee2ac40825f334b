import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { CryptographicAlgorithm, HashingAlgorithm, MaskGenerator, PaddingMethod } from '../kmip/generated/enums.ts'
import type { KeySpec } from '../crypto/provider.ts'
import { cmkStateAt } from '../model/cmk.ts'
import type { Cmk, ImportParameters } from '../model/cmk.ts'
import { checkState } from './state.ts'

/** How imported material is wrapped (facts 6). */
export interface Wrapping {
  /** Wrapping key spec and algorithm, as the cloud calls them. */
  readonly name: string
  readonly keySpec: KeySpec
  readonly parameters: CryptographicParameters
  /** Bytes of a wrapped AES-256 key, which precedes a private key. */
  readonly wrappedKeyBytes: number
}

/** @throws KmipError Illegal Operation for a CMK that makes its own material; Wrong Key Lifecycle State */
export function checkTakesMaterial(
  cmk: Cmk, operation: 'getParametersForImport' | 'importKeyMaterial' | 'deleteKeyMaterial', now: number,
): void {
  if (cmk.origin !== 'EXTERNAL') {
    throw new KmipError('IllegalOperation', 'Unsupported.Origin: the CMK was not made for imported material')
  }
  checkState(cmk, operation, now)
}

/** @param text as a client asks: spec and algorithm, or the algorithm alone. @throws KmipError Invalid Field */
export function parseWrapping(text: string): Wrapping {
  const found = wrappings.find(({ name }) => name === text || name.endsWith(`/${text}`))
  if (found !== undefined) return found
  const names = wrappings.map(({ name }) => name).join(', ')
  throw new KmipError('InvalidField', `InvalidParameter: material is wrapped by one of ${names}`)
}

export function withImportParameters(cmk: Cmk, importParameters: ImportParameters): Cmk {
  return { ...cmk, importParameters }
}

/**
 * The CMK with its material, old or new: one that was waiting for it is Enabled.
 *
 * @param expireDate seconds since 1970; undefined or 0: it does not expire
 * @throws KmipError Invalid Field
 */
export function withMaterial(cmk: Cmk, expireDate: number | undefined, now: number): Cmk {
  const isLasting = expireDate === undefined || expireDate === 0
  if (!isLasting && expireDate <= now) {
    throw new KmipError('InvalidField', 'InvalidParameter: cmk-material-expire-date is past')
  }
  const status = cmkStateAt(cmk, now) === 'PendingImport' ? 'Enabled' : cmk.status
  return { ...cmk, status, materialExpireDate: isLasting ? undefined : expireDate }
}

/** The CMK waits for its material again. */
export function withoutCmkMaterial(cmk: Cmk): Cmk {
  return { ...cmk, status: 'PendingImport', materialExpireDate: undefined }
}

/** Seconds for which import parameters are valid. */
export const importSeconds = 86_400

const rsa2048: KeySpec = { algorithm: CryptographicAlgorithm.RSA, length: 2_048 }
const sm2: KeySpec = { algorithm: CryptographicAlgorithm.SM2, length: 256 }
const rsaBytes = 256
/** C1 of 65 bytes, C3 of 32, and the key. */
const sm2Bytes = 65 + 32 + 32

function oaep(name: string, hash: number): Wrapping {
  return {
    name, keySpec: rsa2048, wrappedKeyBytes: rsaBytes,
    parameters: {
      paddingMethod: PaddingMethod.OAEP, hashingAlgorithm: hash,
      maskGenerator: MaskGenerator.MGF1, maskGeneratorHashingAlgorithm: hash,
    },
  }
}

const wrappings: readonly Wrapping[] = [
  oaep('RSA_2048/RSAES_OAEP_SHA_256', HashingAlgorithm.SHA_256),
  oaep('RSA_2048/RSAES_OAEP_SHA_1', HashingAlgorithm.SHA_1),
  {
    name: 'RSA_2048/RSAES_PKCS1_V1_5', keySpec: rsa2048, wrappedKeyBytes: rsaBytes,
    parameters: { paddingMethod: PaddingMethod.PKCS1V1_5 },
  },
  { name: 'EC_SM2/SM2PKE', keySpec: sm2, wrappedKeyBytes: sm2Bytes, parameters: {} },
]
