import { chooseAlgorithm, parametersOf, specNamed } from '../cmk/key-spec.ts'
import { checkMayUse } from '../cmk/key-class.ts'
import type { CmkCaller } from '../cmk/key-class.ts'
import { checkState } from '../cmk/state.ts'
import type { CmkOperation } from '../cmk/state.ts'
import type { CmkAlgorithm } from '../cmk/algorithm.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { BlockCipherMode } from '../kmip/generated/enums.ts'
import type { Cmk } from '../model/cmk.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { Use } from '../model/usage.ts'

/**
 * Whether a CMK may be used so by the caller, in the state that it is in.
 *
 * @param now seconds since 1970-01-01 UTC
 * @throws KmipError Permission Denied, Wrong Key Lifecycle State, Object Destroyed
 */
export function checkCmkUse(cmk: Cmk, use: Use, caller: CmkCaller, now: number): void {
  checkMayUse(cmk, caller)
  checkState(cmk, operationOf(use), now)
}

/** The version of a CMK to begin with, and those that may have made the data instead. */
export interface Versions {
  readonly newest: ManagedObject
  readonly older: readonly string[]
}

/**
 * The parameters with which a version of a CMK is used: one of the algorithms of its spec, completed.
 *
 * @throws KmipError Unsupported Cryptographic Parameters
 */
export function cmkParameters(cmk: Cmk, requested: CryptographicParameters | undefined): CryptographicParameters {
  return parametersOf(algorithmOf(cmk, requested), requested)
}

/**
 * The parameters with which a version of a CMK wraps and unwraps keys. A symmetric one does it by NIST key wrap, with
 * padding or without, or by one of its algorithms.
 *
 * @throws KmipError Unsupported Cryptographic Parameters
 */
export function cmkWrapParameters(cmk: Cmk, requested: CryptographicParameters | undefined): CryptographicParameters {
  const isSymmetric = specNamed(cmk.keySpec).kind === 'symmetric'
  if (!isSymmetric) return cmkParameters(cmk, requested)
  const { blockCipherMode = BlockCipherMode.NISTKeyWrap } = requested ?? {}
  return wrapModes.has(blockCipherMode) ? { ...requested, blockCipherMode } : cmkParameters(cmk, requested)
}

/**
 * Whether all data can be taken by the CMK (facts 3.4).
 *
 * @param bytes of the data
 * @throws KmipError Invalid Field
 */
export function checkPlaintext(cmk: Cmk, parameters: CryptographicParameters, use: Use, bytes: number): void {
  if (use.mask !== 'Encrypt') return
  const bytesMax = algorithmOf(cmk, parameters).bytesMax(specNamed(cmk.keySpec).length)
  if (bytes > bytesMax) {
    throw new KmipError(
      'InvalidField', `InvalidParameter: a CMK encrypts at most ${bytesMax} bytes so; encrypt more under a data key`,
    )
  }
}

/** A CMK's limit is of all the data, which does not come in parts. @throws KmipError Feature Not Supported */
export function checkOnePart(use: Use): void {
  if (use.mask === 'Encrypt') {
    throw new KmipError('FeatureNotSupported', 'a CMK encrypts in one part; encrypt more under a data key')
  }
}

/**
 * Whether the version that made the data shows itself when all are tried.
 *
 * @throws KmipError Invalid Field
 */
export function checkTellsVersion(cmk: Cmk, parameters: CryptographicParameters): void {
  if (!algorithmOf(cmk, parameters).tellsVersion) {
    throw new KmipError('InvalidField', 'this mode does not tell which version made the data: name the version')
  }
}

function operationOf({ mask, applies }: Use): CmkOperation {
  if (mask === 'Sign') return 'sign'
  if (mask === 'Verify') return 'verify'
  return applies === 'protection' ? 'encrypt' : 'decrypt'
}

function algorithmOf({ keySpec, usage }: Cmk, parameters: CryptographicParameters | undefined): CmkAlgorithm {
  return chooseAlgorithm(specNamed(keySpec), usage, parameters)
}

const wrapModes: ReadonlySet<number> = new Set([BlockCipherMode.NISTKeyWrap, BlockCipherMode.AESKeyWrapPadding])
