import { isDeepStrictEqual } from 'node:util'
import { isMultiInstance, ruleOf } from '../kmip/attribute.ts'
import type { AttributeName, AttributeSet } from '../kmip/attribute.ts'
import { namesIn } from '../kmip/attribute-codec.ts'
import { Constraints } from '../kmip/constraints.ts'
import type { Constraint } from '../kmip/constraints.ts'
import { DefaultsInformation } from '../kmip/defaults-information.ts'
import type { ObjectDefaults } from '../kmip/defaults-information.ts'
import { KmipError } from '../kmip/error.ts'
import { ObjectType } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import type { ObjectKind } from '../kmip/object.ts'
import { integer, nested, optional, structure } from '../kmip/schema.ts'
import type { Infer } from '../kmip/schema.ts'
import { attributesOf } from './attributes-of.ts'
import type { Origin } from './initial-attributes.ts'
import type { ManagedObject } from './managed-object.ts'

/** What an account has set for all its objects to come (KMIP 2.1 6.1.52, 6.1.53). */
export const AccountSettings = structure('Keyward account settings 1', {
  format: integer(0x54_0020),
  defaults: optional(nested(Tag.DefaultsInformation, DefaultsInformation)),
  constraints: optional(nested(Tag.Constraints, Constraints)),
})
export type AccountSettings = Infer<typeof AccountSettings>

/**
 * The attributes of a new object: what the client gives, then what the account's defaults have for its type; those for
 * one of its groups go before those for all (KMIP 2.1 7.22).
 */
export function withDefaults(
  given: AttributeSet, { kind, origin }: { kind: ObjectKind; origin: Origin }, defaults: readonly ObjectDefaults[],
): AttributeSet {
  const groups = given.objectGroup ?? []
  const fitting = defaults.filter(({ objectTypes, objectGroups }) =>
    objectTypes.includes(ObjectType[kind]) && fitsGroups(objectGroups, groups))
  return specificFirst(fitting).reduce<AttributeSet>((set, { attributes }) => {
    return { ...(origin === 'made' ? attributes : withoutFacts(attributes)), ...set }
  }, given)
}

/** The defaults that may concern objects of some groups; all of them when no groups are named. */
export function defaultsFor(defaults: readonly ObjectDefaults[], groups: readonly string[] | undefined): ObjectDefaults[] {
  return defaults.filter(({ objectGroups }) => groups === undefined || fitsGroups(objectGroups, groups))
}

/**
 * Holds a new object against the account's constraints. Constraints for one of its groups stand in the place of those
 * for all groups; all that apply must be met (KMIP 2.1 7.6).
 *
 * @param now seconds since 1970-01-01 UTC
 * @throws KmipError Constraint Violation
 */
export function checkConstraints(object: ManagedObject, constraints: readonly Constraint[], now: number): void {
  const groups = object.attributes.objectGroup ?? []
  const fitting = constraints.filter(({ objectTypes, objectGroups }) =>
    objectTypes?.objectType.includes(ObjectType[object.kind]) !== false && fitsGroups(objectGroups, groups))
  const ofGroups = fitting.filter(({ objectGroups }) => objectGroups !== undefined)
  const attributes = attributesOf(object, now)
  for (const { attributes: demanded = {} } of ofGroups.length > 0 ? ofGroups : fitting) checkAll(demanded, attributes)
}

/** What a registered object says of itself is no matter of defaults. */
function withoutFacts(attributes: AttributeSet): AttributeSet {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !factNames.has(name)))
}

function checkAll(demanded: AttributeSet, actual: AttributeSet): void {
  for (const name of namesIn(demanded)) {
    if (isMultiInstance(name)) {
      const values = (actual[name] ?? []) as readonly unknown[]
      const wanted = demanded[name] as readonly unknown[]
      if (wanted.every((value) => values.some((each) => isDeepStrictEqual(each, value)))) continue
    } else if (isDeepStrictEqual(actual[name], demanded[name])) {
      continue
    }
    const label = name === 'vendorAttribute' ? 'a vendor attribute' : ruleOf(name).specName
    throw new KmipError('ConstraintViolation', `${label} is not what the account's constraints demand`)
  }
}

function fitsGroups(wanted: Constraint['objectGroups'], groups: readonly string[]): boolean {
  return wanted === undefined || wanted.objectGroup.some((group) => groups.includes(group))
}

function specificFirst<T extends { readonly objectGroups?: unknown }>(entries: readonly T[]): T[] {
  return [
    ...entries.filter(({ objectGroups }) => objectGroups !== undefined),
    ...entries.filter(({ objectGroups }) => objectGroups === undefined),
  ]
}

const factNames: ReadonlySet<string> = new Set<AttributeName>([
  'cryptographicAlgorithm', 'cryptographicLength', 'cryptographicDomainParameters', 'keyFormatType', 'certificateType',
  'certificateLength', 'digitalSignatureAlgorithm', 'opaqueDataType',
])
