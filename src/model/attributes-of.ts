import { hash } from 'node:crypto'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KeyFormatType, ObjectType, ProtectionStorageMask, State } from '../kmip/generated/enums.ts'
import { cmkAttributes } from './cmk-attributes.ts'
import { stateAt } from './lifecycle.ts'
import type { ManagedObject } from './managed-object.ts'

/**
 * All attributes of an object at a moment: those of its record, and those that follow from it. What a version does
 * not know is left out where the message is encoded.
 *
 * @param now seconds since 1970-01-01 UTC
 */
export function attributesOf(object: ManagedObject, now: number): AttributeSet {
  const { uniqueIdentifier, kind, attributes } = object
  const identity = { uniqueIdentifier, objectType: ObjectType[kind] }
  const protection = protectionOf(attributes)
  if (kind === 'Template') return { ...identity, leaseTime: leaseSeconds, ...protection, ...attributes }
  const { Hardware, OffSystem, Software } = ProtectionStorageMask
  const keyFormatType = attributes.keyFormatType ?? keyFormatOf(object)
  return {
    ...identity,
    shortUniqueIdentifier: shortIdentifier(uniqueIdentifier),
    state: State[stateAt(attributes, now)],
    leaseTime: leaseSeconds,
    fresh: true,
    ...(keyFormatType !== undefined && { keyFormatType }),
    protectionStorageMask: attributes.keyValueLocation !== undefined
      ? OffSystem
      : object.provider === undefined ? Software : Hardware,
    ...protection,
    ...attributes,
    ...(object.cmk !== undefined && cmkAttributes(object, object.cmk, now)),
  }
}

/** Of every object, templates too (KMIP 1.4 3.48 to 3.51). */
function protectionOf(attributes: AttributeSet): AttributeSet {
  const { sensitive = false, extractable = true } = attributes
  return {
    sensitive,
    alwaysSensitive: wasAlwaysSensitive(attributes),
    extractable,
    neverExtractable: wasNeverExtractable(attributes),
  }
}

/** KMIP 2.1 4.3; an object whose record does not say has been what it is from the beginning. */
export function wasAlwaysSensitive({ alwaysSensitive, sensitive = false }: AttributeSet): boolean {
  return alwaysSensitive ?? sensitive
}

/** KMIP 2.1 4.33. */
export function wasNeverExtractable({ neverExtractable, extractable = true }: AttributeSet): boolean {
  return neverExtractable ?? !extractable
}

/** KMIP 2.1 4.56: the SHA-256 of the Unique Identifier. */
export function shortIdentifier(uniqueIdentifier: string): Buffer {
  return hash('sha256', uniqueIdentifier, 'buffer')
}

function keyFormatOf({ value }: ManagedObject): number | undefined {
  if (value === undefined) return undefined
  switch (value.kind) {
    case 'Certificate': return KeyFormatType.Raw
    case 'OpaqueObject': return KeyFormatType.Opaque
    case 'CertificateRequest':
    case 'Template': return undefined
    default: return value.value.keyBlock.keyFormatType
  }
}

/** Lease Time of every object: how long a client may cache it. The published cases have this value. */
export const leaseSeconds = 3600
