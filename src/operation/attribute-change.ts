import { isDeepStrictEqual } from 'node:util'
import type { AttributeInstance, AttributeName, AttributeSet } from '../kmip/attribute.ts'
import type { Link } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import type { ResultReasonName } from '../kmip/error.ts'
import { parseVersion } from '../kmip/version.ts'
import { instancesAt } from '../model/attribute-list.ts'
import type { AttributeKey } from '../model/attribute-list.ts'
import { checkValues, withConsequences } from '../model/attribute-policy.ts'
import { attributesOf } from '../model/attributes-of.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { checkQuantumSafe } from '../model/quantum-safe.ts'
import type { Context } from './operation.ts'

/**
 * Saves an object with changed attributes, and with what follows from the change.
 *
 * @param changed the attribute that the client gave
 * @param reason for a value that cannot be
 * @throws KmipError as `checkValues` and, for Quantum Safe, `checkQuantumSafe`
 */
export function saveAttributes(
  context: Context, object: ManagedObject, attributes: AttributeSet, changed: AttributeName, reason: ResultReasonName,
): ManagedObject {
  checkValues(attributes, reason, changed)
  if (changed === 'quantumSafe') checkQuantumSafe(attributes)
  return context.objects.save({ ...object, attributes: withConsequences(object.attributes, attributes) })
}

/** The instances that the object has of an attribute, those that the server derives included. */
export function instancesNow(object: ManagedObject, key: AttributeKey, now: number): AttributeInstance[] {
  return instancesAt(attributesOf(object, now), key)
}

export interface InstanceWanted {
  /** Current Attribute of 2.x. */
  readonly current?: AttributeInstance | undefined
  /** Attribute Index of 1.x. */
  readonly index?: number | undefined
}

/**
 * The one instance that a request means: by value in 2.x, by index (0 when there is none) in 1.x.
 *
 * @throws KmipError Attribute Not Found, Attribute Instance Not Found
 */
export function theInstance(
  instances: readonly AttributeInstance[], wanted: InstanceWanted, context: Context,
): AttributeInstance {
  if (instances.length === 0) throw new KmipError('AttributeNotFound', 'the object has no such attribute')
  const found = instances.filter(({ value, index = 0 }) => {
    if (wanted.current !== undefined) return isDeepStrictEqual(value, wanted.current.value)
    return context.version >= v2 || index === (wanted.index ?? 0)
  })
  if (found.length !== 1 && wanted.current === undefined) {
    throw new KmipError('AttributeInstanceNotFound', 'the object has no such instance, or several, of the attribute')
  }
  if (found[0] === undefined) throw new KmipError('AttributeInstanceNotFound', 'the object has no such value')
  return found[0]
}

/** The attribute with a link to what an earlier batch item made replaced by its Unique Identifier (KMIP 2.1 4.58). */
export function withIdentifier(instance: AttributeInstance, context: Context): AttributeInstance {
  if (instance.name !== 'link') return instance
  const link = instance.value as Link
  return {
    ...instance,
    value: { ...link, linkedObjectIdentifier: context.batch.identifier(link.linkedObjectIdentifier) },
  }
}

const v2 = parseVersion('2.0')
