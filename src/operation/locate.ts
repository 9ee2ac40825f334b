import type { AttributeInstance, AttributeName } from '../kmip/attribute.ts'
import type { VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { ObjectGroupMember, ObjectType, Operation, StorageStatusMask } from '../kmip/generated/enums.ts'
import type { ObjectKind } from '../kmip/object.ts'
import { LocateRequest, LocateResponse } from '../kmip/payload/locate.ts'
import type { LocateRequest as Request } from '../kmip/payload/locate.ts'
import { parseVersion } from '../kmip/version.ts'
import { attributesOf } from '../model/attributes-of.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { hasMask } from '../model/usage.ts'
import { ItemType } from '../ttlv/item.ts'
import { withIdentifier } from './attribute-change.ts'
import { accountKey, attributeKey, kindKey } from './index-keys.ts'
import { isLimit, matcherOf } from './locate-match.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'

/**
 * KMIP 2.1 6.1.28. The candidates come from the index of one filter, so that a name costs the same among a thousand
 * objects and a million; the other filters are compared object by object. With one object found, later items of the batch
 * mean it; with none or several, nothing.
 */
export const locate = operation({
  code: Operation.Locate,
  since: '1.0',
  request: LocateRequest,
  response: LocateResponse,
  reasons: ['InvalidAttribute', 'InvalidField'],
  async handle(request, context) {
    const { maximumItems, offsetItems } = request
    if ((maximumItems ?? 0) < 0 || (offsetItems ?? 0) < 0) throw new KmipError('InvalidField', 'a count is negative')
    const filters = (request.attributes ?? []).map((filter) => resolved(filter, context))
    const found = request.objectGroupMember === ObjectGroupMember.GroupMemberDefault
      ? await groupDefault(request, filters, context)
      : await page(request, filters, context)
    const [first, ...others] = found.uniqueIdentifier
    context.batch.produced(others.length === 0 ? first : undefined, 'Locate')
    return found
  },
})

interface Found {
  readonly uniqueIdentifier: string[]
  readonly locatedItems?: number | undefined
}

async function page(request: Request, filters: readonly AttributeInstance[], context: Context): Promise<Found> {
  const { maximumItems = Infinity, offsetItems = 0 } = request
  const end = offsetItems + Math.min(maximumItems, context.settings.locateItemsMax)
  const isWanted = filterOf(request, filters, context)
  const uniqueIdentifier: string[] = []
  let located = 0
  let candidatesLeft = countedCandidatesMax
  for await (const object of candidates(filters, context, orderOf(request, context))) {
    if (located >= end) {
      if (request.offsetItems === undefined) return { uniqueIdentifier }
      if (candidatesLeft === 0) return { uniqueIdentifier }
      candidatesLeft -= 1
    }
    if (!isWanted(object)) continue
    if (located >= offsetItems && located < end) uniqueIdentifier.push(object.uniqueIdentifier)
    located += 1
  }
  return { uniqueIdentifier, ...(request.offsetItems !== undefined && { locatedItems: located }) }
}

/** The default of a group is its oldest member that was never served or, when all were, its oldest member. */
async function groupDefault(request: Request, filters: readonly AttributeInstance[], context: Context): Promise<Found> {
  if (!filters.some(({ name }) => name === 'objectGroup')) {
    throw new KmipError('InvalidField', 'an Object Group Member is one of an Object Group')
  }
  const isWanted = filterOf(request, filters, context)
  let oldest: ManagedObject | undefined
  for await (const object of candidates(filters, context, 'ascending')) {
    if (!isWanted(object)) continue
    if (object.attributes.fresh !== false) return { uniqueIdentifier: [object.uniqueIdentifier] }
    oldest ??= object
  }
  return { uniqueIdentifier: oldest === undefined ? [] : [oldest.uniqueIdentifier] }
}

function filterOf(
  request: Request, filters: readonly AttributeInstance[], context: Context,
): (object: ManagedObject) => boolean {
  const isFresh = request.objectGroupMember === ObjectGroupMember.GroupMemberFresh
  if (request.objectGroupMember !== undefined && !groupMembers.has(request.objectGroupMember)) {
    throw new KmipError('InvalidField', 'the Object Group Member is unknown')
  }
  const matches = matcherOf(isFresh ? [...filters, { name: 'fresh', value: true }] : filters)
  const statuses = request.storageStatusMask ?? StorageStatusMask.OnLineStorage
  return (object) => hasMask(statuses, storageStatusOf(object)) && matches(attributesOf(object, context.now))
}

function storageStatusOf({ attributes, archived }: ManagedObject): number {
  if (attributes.destroyDate !== undefined) return StorageStatusMask.DestroyedStorage
  return archived === true ? StorageStatusMask.ArchivalStorage : StorageStatusMask.OnLineStorage
}

/**
 * The newest first (KMIP 2.1 6.1.28). Versions before 1.4 do not say: there the oldest come first, so that what is made
 * between two pages does not move the later ones. 1.3 pages so too, but lists the newest first (TC-OFFSET-1-13).
 */
function orderOf({ maximumItems, offsetItems }: Request, { version }: Context): 'ascending' | 'descending' {
  const isPaged = maximumItems !== undefined || offsetItems !== undefined
  return version < v1_3 || (version === v1_3 && isPaged) ? 'ascending' : 'descending'
}

async function* candidates(
  filters: readonly AttributeInstance[], context: Context, order: 'ascending' | 'descending',
): AsyncGenerator<ManagedObject> {
  const identifier = filters.find(({ name }) => name === 'uniqueIdentifier')
  if (identifier === undefined) {
    yield* context.objects.find(bestKey(filters, context.caller.account), order)
    return
  }
  const object = await context.objects.peek(identifier.value as string)
  if (object !== undefined) yield object
}

function bestKey(filters: readonly AttributeInstance[], account: string): string {
  for (const [name, fields] of indexed) {
    const filter = filters.find((each) => each.name === name && isExact(each, fields, filters))
    const key = filter === undefined ? undefined : attributeKey(account, filter)
    if (key !== undefined) return key
  }
  const kind = kinds.get(filters.find(({ name }) => name === 'objectType')?.value as number)
  return kind === undefined ? accountKey(account) : kindKey(account, kind)
}

function isComplete(value: unknown, fields: readonly string[]): boolean {
  return fields.every((field) => (value as Readonly<Record<string, unknown>>)[field] !== undefined)
}

/**
 * Whether what meets the filter is what the index has under it. The fields of a structure of the client's are not known:
 * any may be left out.
 */
function isExact(filter: AttributeInstance, fields: readonly string[], filters: readonly AttributeInstance[]): boolean {
  if (!isComplete(filter.value, fields)) return false
  if (filter.name !== 'vendorAttribute') return true
  const { type } = (filter.value as VendorAttribute).attributeValue
  return type !== ItemType.Structure && !isLimit(filter, filters)
}

/** A link may name what an earlier batch item made; in a filter it may also be left out. */
function resolved(filter: AttributeInstance, context: Context): AttributeInstance {
  return filter.name === 'link' && !isComplete(filter.value, ['linkedObjectIdentifier'])
    ? filter
    : withIdentifier(filter, context)
}

/** Attributes that have an index, the one that fewest objects share first, and what a filter must give to use it. */
const indexed: readonly (readonly [AttributeName, readonly string[]])[] = [
  ['name', ['nameValue']],
  ['alternativeName', ['alternativeNameValue']],
  ['link', ['linkType', 'linkedObjectIdentifier']],
  ['applicationSpecificInformation', ['applicationNamespace', 'applicationData']],
  ['vendorAttribute', ['attributeName', 'attributeValue']],
  ['objectGroup', []],
]
const kinds: ReadonlyMap<number, ObjectKind> = new Map(
  Object.entries(ObjectType).map(([kind, number]) => [number, kind as ObjectKind]),
)
const groupMembers: ReadonlySet<number> = new Set(Object.values(ObjectGroupMember))
const v1_3 = parseVersion('1.3')
/** Objects that are looked at only to count what was located; when there are more, the count is left out. */
const countedCandidatesMax = 10_000
