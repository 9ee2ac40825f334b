import { isDeepStrictEqual } from 'node:util'
import type { AttributeInstance, AttributeReference, AttributeSet } from '../kmip/attribute.ts'
import { instancesOf, toSet } from '../kmip/attribute-codec.ts'
import { LinkType, Operation, PutFunction } from '../kmip/generated/enums.ts'
import { NotifyRequest } from '../kmip/payload/notify.ts'
import { PutRequest } from '../kmip/payload/put.ts'
import type { FieldMap, Structure } from '../kmip/schema.ts'
import { instancesByKey, keyOf, keyText } from '../model/attribute-list.ts'
import { inListedOrder } from '../model/attribute-order.ts'
import { attributesOf } from '../model/attributes-of.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { ObjectChange } from './change-feed.ts'

/** A request of the server to a client: its payload, with the structure that encodes it. */
export interface ServerRequest {
  readonly operation: number
  readonly shape: Structure<FieldMap>
  readonly payload: unknown
}

/**
 * What a client is told of a change: a new object is put there, if it may leave the server and the client takes
 * objects; of anything else the client is notified (KMIP 2.1 6.2.2, 6.2.3).
 *
 * @param supported operations that the client has
 * @param now seconds since 1970-01-01 UTC
 */
export function noticeOf(
  { before, after }: ObjectChange, supported: ReadonlySet<number>, now: number,
): ServerRequest | undefined {
  const isNew = after.revision === 0
  if (isNew && supported.has(Operation.Put) && mayLeave(after)) {
    return { operation: Operation.Put, shape: PutRequest, payload: putPayload(after, now) }
  }
  if (!supported.has(Operation.Notify)) return undefined
  const payload = notifyPayload({ before, after }, now)
  return { operation: Operation.Notify, shape: NotifyRequest, payload }
}

function mayLeave({ value, cmkId, attributes }: ManagedObject): boolean {
  return value !== undefined && cmkId === undefined && attributes.sensitive !== true && attributes.extractable !== false
}

function putPayload(object: ManagedObject, now: number): unknown {
  const replaced = object.attributes.link?.find(({ linkType }) => linkType === LinkType.ReplacedObjectLink)
  const { uniqueIdentifier, value } = object
  return {
    uniqueIdentifier,
    ...(replaced === undefined
      ? { putFunction: PutFunction.New }
      : { putFunction: PutFunction.Replace, replacedUniqueIdentifier: replaced.linkedObjectIdentifier }),
    object: value,
    attributes: inListedOrder(attributesOf(object, now)),
  }
}

/** The attributes that have another value now, at least the Last Change Date, and those that are gone. */
function notifyPayload({ before, after }: ObjectChange, now: number): unknown {
  const { lastChangeDate } = after.attributes
  const present = attributesOf(after, now)
  const past = before && attributesOf(before, now)
  const changed = past === undefined ? present : changes(past, present)
  return {
    uniqueIdentifier: after.uniqueIdentifier,
    attributes: inListedOrder({ ...changed, ...(lastChangeDate !== undefined && { lastChangeDate }) }),
    attributeReference: past === undefined ? [] : gone(past, present),
  }
}

function changes(then: AttributeSet, now: AttributeSet): AttributeSet {
  const old = new Map(instancesOf(then).map((instance) => [placeOf(instance), instance]))
  return toSet(instancesOf(now).filter((instance) => !isDeepStrictEqual(old.get(placeOf(instance)), instance)))
}

/** Text that is the same for the same instance of the same attribute. */
function placeOf(instance: AttributeInstance): string {
  return `${keyText(keyOf(instance))} ${instance.index}`
}

function gone(then: AttributeSet, now: AttributeSet): AttributeReference[] {
  const left = instancesByKey(now)
  return [...instancesByKey(then)].filter(([text]) => !left.has(text)).map(([, [first]]) => keyOf(first!))
}
