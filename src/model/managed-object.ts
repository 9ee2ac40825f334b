import type { AttributeSet } from '../kmip/attribute.ts'
import type { ManagedObjectValue, ObjectKind } from '../kmip/object.ts'
import type { Cmk } from './cmk.ts'

/**
 * The record that is kept of a managed object. Its state is not in it: `stateAt` derives it from
 * the dates, so no reader sees a state that the clock has overtaken (design decision 4).
 */
export interface ManagedObject {
  /** UUID, time-ordered, so that Locate's order is the order of creation. */
  readonly uniqueIdentifier: string
  /** Revision in the store; 0 for an object that is not stored yet. */
  readonly revision: number
  readonly account: string
  /** Principal that made it. */
  readonly owner: string
  readonly kind: ObjectKind
  /** Everything but State and Unique Identifier, which are derived. */
  readonly attributes: AttributeSet
  /**
   * The object as it was registered or made. Absent once it is destroyed, and for an object whose
   * material is elsewhere or has not been imported yet (Key Value Present = false).
   */
  readonly value?: ManagedObjectValue | undefined
  /** Of a destroyed object: its structure with all that is no material. */
  readonly remains?: ManagedObjectValue | undefined
  /** The wrapped form in which it was registered, where `value` is what came out of it. */
  readonly asRegistered?: ManagedObjectValue | undefined
  /** Moved to the archive: its material is not to be used before Recover (KMIP 2.1 6.1.4). */
  readonly archived?: boolean | undefined
  /** Names the provider that holds the key, and what it needs to find it; absent for software. */
  readonly provider?: { readonly name: string; readonly reference: Buffer } | undefined
  /** Of a part of a key: which Create Split Key has made it. Parts of two make no key. */
  readonly splitId?: string | undefined
  /** The CMK that it is a version of. */
  readonly cmkId?: string | undefined
  /** That CMK as it was when the object was read. It has a record of its own; the object's does not hold it. */
  readonly cmk?: Cmk | undefined
}

/** What is given of a new object; the rest comes from the caller. */
export type NewObject = Pick<
  ManagedObject, 'uniqueIdentifier' | 'kind' | 'attributes' | 'value' | 'remains' | 'asRegistered' | 'provider' | 'splitId'
>
