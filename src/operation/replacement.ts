import type { AttributeName, AttributeSet } from '../kmip/attribute.ts'
import type { Link, VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { LinkType } from '../kmip/generated/enums.ts'
import type { ObjectKind } from '../kmip/object.ts'
import { instancesAt, withDeleted } from '../model/attribute-list.ts'
import { checkInitialAttributes } from '../model/initial-attributes.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { withLink } from './certificate-object.ts'
import type { Context } from './operation.ts'
import { mergeAttributes, withTemplates } from './template.ts'

/**
 * What Re-key, Re-key Key Pair and Re-certify have in common: the attributes that a replacement takes over from the
 * object that it replaces, and what stays behind with that (KMIP 2.1 Tables 303, 304, 308, 309).
 */

/**
 * The attributes of a replacement: those of the existing object, with the client's over them. Of lists the union
 * counts, the existing object's before (TC-REKEY-1 has the names so); a vendor attribute replaces its namesake.
 *
 * @param offset seconds from now to the Activation Date of the replacement
 * @throws KmipError Invalid Message for an Offset beside dates, Illegal Operation for one that existing dates without
 *   an Activation Date cannot follow, and as `withTemplates` and `checkInitialAttributes`
 */
export async function replacementAttributes(
  context: Context, existing: ManagedObject, requested: AttributeSet | undefined, offset: number | undefined,
): Promise<AttributeSet> {
  const given = await withTemplates(requested, context)
  checkInitialAttributes(existing.kind, given, 'made', context.version)
  if (offset !== undefined && dateNames.some((name) => given[name] !== undefined)) {
    throw new KmipError('InvalidMessage', 'an Offset and dates exclude each other')
  }
  return overlaid({ ...takenOver(existing.attributes), ...shiftedDates(existing.attributes, offset, context.now) }, given)
}

/**
 * The object that was replaced: without names, linked to what replaced it, which is one object, the last (KMIP 1.4 3.35);
 * its dates are left alone.
 */
export function replaced(existing: ManagedObject, replacementIdentifier: string, now: number): ManagedObject {
  const { attributes } = existing
  const nameless = withDeleted(attributes, instancesAt(attributes, { name: 'name' }))
  const linked = withLink(nameless, LinkType.ReplacementObjectLink, replacementIdentifier)
  return { ...existing, attributes: { ...linked, rotateLatest: false, rotateDate: now } }
}

/** The link of the replacement to the object that it replaces. */
export function replacedLink(existing: ManagedObject): Link {
  return linkTo(LinkType.ReplacedObjectLink, existing.uniqueIdentifier)
}

/**
 * Checks that an object of this kind can be replaced; in any state but Destroyed (TC-92, TC-93).
 *
 * @throws KmipError Invalid Object Type (1.x: Permission Denied), Object Archived, Key Value Not Present
 */
export function checkReplaceable(context: Context, existing: ManagedObject, kind: ObjectKind): void {
  if (existing.kind !== kind) {
    throw new KmipError(context.version < 200 ? 'PermissionDenied' : 'InvalidObjectType', 'the object cannot be re-keyed')
  }
  if (existing.archived === true) throw new KmipError('ObjectArchived', 'the object is archived')
  if (existing.attributes.keyValuePresent === false || existing.value === undefined) {
    throw new KmipError('KeyValueNotPresent', 'the key is not on the server, which cannot replace it')
  }
}

/** Everything but what is an object's own. */
function takenOver(attributes: AttributeSet): AttributeSet {
  const entries = Object.entries(attributes).filter(([name]) => name !== 'indices' && !ownNames.has(name as AttributeName))
  const { usageLimits, rotateGeneration = 0 } = attributes
  return {
    ...Object.fromEntries(entries),
    ...(usageLimits !== undefined && {
      usageLimits: { ...usageLimits, usageLimitsCount: usageLimits.usageLimitsTotal },
    }),
    rotateGeneration: rotateGeneration + 1,
    rotateLatest: true,
  }
}

/** Tables 303 and 308: all dates move with the Activation Date. */
function shiftedDates(attributes: AttributeSet, offset: number | undefined, now: number): AttributeSet {
  if (offset === undefined) return {}
  const { activationDate, processStartDate, protectStopDate, deactivationDate } = attributes
  const isMovable = processStartDate === undefined && protectStopDate === undefined && deactivationDate === undefined
  if (activationDate === undefined && !isMovable) {
    throw new KmipError('IllegalOperation', 'the existing object has no Activation Date that its other dates could follow')
  }
  const moved = now + offset
  const shift = moved - (activationDate ?? moved)
  return {
    activationDate: moved,
    ...(processStartDate !== undefined && { processStartDate: processStartDate + shift }),
    ...(protectStopDate !== undefined && { protectStopDate: protectStopDate + shift }),
    ...(deactivationDate !== undefined && { deactivationDate: deactivationDate + shift }),
  }
}

function overlaid(base: AttributeSet, given: AttributeSet): AttributeSet {
  const names = new Set(given.vendorAttribute?.map(vendorName))
  const others = base.vendorAttribute?.filter((each) => !names.has(vendorName(each))) ?? []
  const { vendorAttribute: _, ...rest } = base
  return mergeAttributes(given, others.length === 0 ? rest : { ...rest, vendorAttribute: others })
}

function vendorName({ vendorIdentification, attributeName }: VendorAttribute): string {
  return JSON.stringify([vendorIdentification, attributeName])
}

function linkTo(linkType: number, linkedObjectIdentifier: string): Link {
  return { linkType, linkedObjectIdentifier }
}

const dateNames = ['activationDate', 'processStartDate', 'protectStopDate', 'deactivationDate'] as const

/** Set anew for the replacement, or never (KMIP 2.1 Tables 304, 309). */
const ownNames: ReadonlySet<AttributeName> = new Set<AttributeName>([
  'uniqueIdentifier', 'shortUniqueIdentifier', 'state', 'objectType', 'digest', 'link', 'initialDate', 'lastChangeDate',
  'originalCreationDate', 'destroyDate', 'compromiseDate', 'compromiseOccurrenceDate', 'revocationReason', 'archiveDate',
  'randomNumberGenerator', 'fresh', 'leaseTime', 'alwaysSensitive', 'neverExtractable', 'keyValuePresent', 'rotateDate',
])
