import { attributeNames } from '../kmip/attribute.ts'
import type { AttributeName, AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { ObjectType } from '../kmip/generated/enums.ts'
import type { ManagedObjectValue, ObjectKind } from '../kmip/object.ts'
import { withDefaults } from '../model/account-settings.ts'
import { checkCount } from '../model/attribute-count.ts'
import { checkAgreement, checkInitialAttributes, withFullCount } from '../model/initial-attributes.ts'
import type { Origin } from '../model/initial-attributes.ts'
import type { ClientProfile } from '../model/client-profile.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { checkQuantumSafe } from '../model/quantum-safe.ts'
import { unspecified } from '../model/random-number-generator.ts'
import type { RandomNumberGenerator } from '../model/random-number-generator.ts'
import { loadAccountSettings } from './account-settings.ts'
import { newIdentifier } from './identifier.ts'
import type { Context } from './operation.ts'
import { withTemplates } from './template.ts'

/** An object to be made. */
export interface Draft {
  readonly kind: ObjectKind
  readonly origin: Origin
  /** From `givenAttributes`, or copied from another object. */
  readonly given: AttributeSet
  /** What the object itself says: algorithm, length, digests, what stands in a certificate. */
  readonly facts: AttributeSet
  /** The server's links, which come after the client's. */
  readonly links?: AttributeSet['link']
  readonly value?: ManagedObjectValue | undefined
  readonly asRegistered?: ManagedObjectValue | undefined
  readonly provider?: ManagedObject['provider']
  readonly splitId?: string
  readonly uniqueIdentifier?: string
}

/**
 * The attributes that the client gives a new object, with those of templates and of the account's defaults, checked.
 *
 * @throws KmipError as `withTemplates` and `checkInitialAttributes`
 */
export async function givenAttributes(
  context: Context, kind: ObjectKind, set: AttributeSet | undefined, origin: Origin,
): Promise<AttributeSet> {
  const { defaults } = await loadAccountSettings(context.objects, context.caller)
  const told = await withTemplates(set, context)
  const given = withDefaults(told, { kind, origin }, defaults?.objectDefaults ?? [])
  checkInitialAttributes(kind, given, origin, context.version)
  return given
}

/**
 * Makes an object of the caller's: what Create, Create Key Pair, Register, Derive Key, Re-key and the certificate
 * operations have in common.
 *
 * @throws KmipError as `checkAgreement`, `checkCount` and `checkQuantumSafe`; Feature Not Supported for a demanded
 *   Random Number Generator that the server has not
 */
export function newObject(context: Context, draft: Draft): ManagedObject {
  const { kind, given, facts, origin } = draft
  checkAgreement(given, { objectType: ObjectType[kind], ...facts })
  const merged = { ...withFullCount(given), ...facts }
  checkCount(merged)
  if (kind !== 'Template') checkQuantumSafe(merged)
  const link = [...given.link ?? [], ...draft.links ?? []]
  const attributes: AttributeSet = {
    ...merged,
    ...(kind !== 'Template' && protection(merged)),
    ...(origin === 'made' && madeHere(given, context.now, generatorOf(context, draft))),
    ...ofProfile(merged, context.profile),
    ...(link.length > 0 && { link }),
  }
  return context.objects.create({
    uniqueIdentifier: draft.uniqueIdentifier ?? newIdentifier(),
    kind,
    attributes: inTableOrder(attributes),
    value: draft.value,
    asRegistered: draft.asRegistered,
    provider: draft.provider,
    splitId: draft.splitId,
  })
}

/** Attributes in the order of the table, whatever order they came in: what is made from them is always alike. */
export function inTableOrder(set: AttributeSet): AttributeSet {
  const { indices } = set
  const entries = attributeNames
    .filter((name) => name !== 'objectType' && set[name] !== undefined)
    .map((name): [AttributeName, unknown] => [name, set[name]])
  return { ...Object.fromEntries(entries) as AttributeSet, ...(indices !== undefined && { indices }) }
}

/** KMIP 2.1 4.3, 4.23, 4.24, 4.33, 4.55. */
function protection({ sensitive = false, extractable = true, fresh = true }: AttributeSet): AttributeSet {
  return { sensitive, alwaysSensitive: sensitive, extractable, neverExtractable: !extractable, fresh }
}

/** What the server gives the objects of this client (KMIP 2.1 4.30, 4.35). */
function ofProfile({ objectGroup }: AttributeSet, profile: ClientProfile): AttributeSet {
  return {
    ...(profile.leaseTime !== undefined && { leaseTime: profile.leaseTime }),
    ...(profile.objectGroup !== undefined && objectGroup === undefined && { objectGroup: [profile.objectGroup] }),
  }
}

/** KMIP 2.1 4.38, 4.46. */
function madeHere(
  { randomNumberGenerator: demanded, otherGenerators = [] }: AttributeSet, now: number, generator: RandomNumberGenerator,
): AttributeSet {
  if (demanded !== undefined && ![demanded, ...otherGenerators].some((each) => matches(generator, each))) {
    throw new KmipError('FeatureNotSupported', 'the server has no such random number generator')
  }
  return { originalCreationDate: now, randomNumberGenerator: generator }
}

/** A token has its own. */
function generatorOf({ provider }: Context, draft: Draft): RandomNumberGenerator {
  return draft.provider === undefined ? provider.randomNumberGenerator ?? unspecified : unspecified
}

function matches(generator: RandomNumberGenerator, demanded: RandomNumberGenerator): boolean {
  const ours: Readonly<Record<string, unknown>> = generator
  return Object.entries(demanded).every(([field, value]) => value === undefined || value === ours[field])
}
