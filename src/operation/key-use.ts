import type { Key, Provider } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { BlockCipherMode, CryptographicAlgorithm, PaddingMethod } from '../kmip/generated/enums.ts'
import type { Identifier } from '../kmip/identifier.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import { after } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { charge } from '../model/usage-limits.ts'
import type { Use } from '../model/usage.ts'
import { cmkKey } from './cmk-key.ts'
import { cmkParameters } from './cmk-use.ts'
import type { Context } from './operation.ts'

/** A key that the caller may use so now, with the parameters to use it with. */
export interface KeyInUse {
  readonly object: ManagedObject
  readonly provider: Provider
  readonly key: Key
  readonly parameters: CryptographicParameters
}

/**
 * Loads the key of a cryptographic operation. Parameters that the request leaves out are those
 * of the object with the lowest Attribute Index; the two are never mixed (KMIP 2.1 4.16).
 *
 * @throws KmipError as `Objects.loadForUse` and `Keys.of`
 */
export async function useKey(
  context: Context, reference: Identifier | undefined, use: Use, requested: CryptographicParameters | undefined,
): Promise<KeyInUse> {
  return asKey(context, await context.objects.loadForUse(context.batch.identifier(reference), use), requested)
}

/** An object that may be used, as `useKey` gives it. */
export function asKey(
  context: Context, object: ManagedObject, requested: CryptographicParameters | undefined,
): Awaitable<KeyInUse> {
  const { cmk, attributes } = object
  const parameters = cmk === undefined
    ? requested ?? attributes.cryptographicParameters?.[0] ?? {}
    : cmkParameters(cmk, requested ?? defaultParameters(object, context.version))
  const usable = cmk === undefined ? context.keys.of(object) : cmkKey(context.keys, object, parameters)
  return after(usable, ({ provider, key }) => ({ object, provider, key, parameters }))
}

/** Before 1.4 there is no field for a tag, so a CMK's default is then not GCM but what all versions can carry. */
function defaultParameters({ attributes, kind }: ManagedObject, version: Version): CryptographicParameters | undefined {
  return version < v1_4 && kind === 'SymmetricKey' ? cbcParameters : attributes.cryptographicParameters?.[0]
}

/**
 * Before 1.4 no message has a field for an authentication tag (KMIP 1.3 4.29): what was encrypted so could never be
 * decrypted.
 *
 * @throws KmipError Feature Not Supported
 */
export function checkTagCarried({ key, parameters }: KeyInUse, { mask }: Use, version: Version): void {
  if (version >= v1_4 || (mask !== 'Encrypt' && mask !== 'Decrypt')) return
  const { blockCipherMode, cryptographicAlgorithm = key.algorithm } = parameters
  if (authenticatedModes.has(blockCipherMode) || cryptographicAlgorithm === CryptographicAlgorithm.ChaCha20Poly1305) {
    throw new KmipError('FeatureNotSupported', 'before 1.4 there is no field for the authentication tag')
  }
}

/**
 * Takes a use that protects off the key's Usage Limits, where it has any; what processes protected data "is not limited"
 * (KMIP 2.1 4.59).
 *
 * @param bytes protected by this request
 * @throws KmipError Permission Denied when they are used up
 */
export function chargeUse(context: Context, object: ManagedObject, use: Use, bytes: number): void {
  if (isLimited(object, use)) context.objects.save(charge(object, bytes))
}

export function isLimited({ attributes }: ManagedObject, { applies }: Use): boolean {
  return applies === 'protection' && attributes.usageLimits !== undefined
}

/** How a request takes part in an operation of several parts (KMIP 2.1 6.1). */
export interface Part {
  readonly correlationValue?: Buffer | undefined
  readonly initIndicator?: boolean | undefined
  readonly finalIndicator?: boolean | undefined
}

/**
 * Whether the request is the only part, the first, a middle one or the last.
 *
 * @throws KmipError Invalid Field for indicators that contradict each other, Feature Not Supported for a client that has
 *   no operations in several parts
 */
export function phaseOf(
  { correlationValue, initIndicator, finalIndicator }: Part, { profile, version }: Context,
): 'only' | 'first' | 'next' | 'last' {
  if (version < v1_3 && [correlationValue, initIndicator, finalIndicator].some((field) => field !== undefined)) {
    throw new KmipError('InvalidField', 'operations in several parts came with 1.3')
  }
  if (correlationValue !== undefined) {
    if (initIndicator === true) throw new KmipError('InvalidField', 'an operation under way cannot begin again')
    return finalIndicator === true ? 'last' : 'next'
  }
  if (initIndicator === true && finalIndicator !== true) {
    if (!profile.streaming) throw new KmipError('FeatureNotSupported', 'this client has no operations in several parts')
    return 'first'
  }
  if (initIndicator === true) return 'only'
  if (finalIndicator === true) throw new KmipError('MissingData', 'the Correlation Value is missing')
  return 'only'
}

/** @throws KmipError Missing Data: data may only be left out in the first and the last part */
export function requireData(data: Buffer | undefined): Buffer {
  if (data === undefined) throw new KmipError('MissingData', 'there is no data')
  return data
}

export function orNothing(data: Buffer): Buffer | undefined {
  return data.length === 0 ? undefined : data
}

export const nothing = Buffer.alloc(0)
const v1_3 = parseVersion('1.3')
const v1_4 = parseVersion('1.4')
const authenticatedModes: ReadonlySet<number | undefined> = new Set([BlockCipherMode.GCM, BlockCipherMode.CCM])
const cbcParameters: CryptographicParameters = {
  blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.PKCS5,
}
