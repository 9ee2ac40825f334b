import { KmipError } from '../kmip/error.ts'
import { datesAfter } from '../model/lifecycle.ts'
import type { LifecycleEvent } from '../model/lifecycle.ts'
import type { ManagedObject } from '../model/managed-object.ts'

/** The object after an event, or undefined when its state does not allow the event (KMIP 2.1 4.57). */
export function afterEvent(event: LifecycleEvent, object: ManagedObject, now: number): ManagedObject | undefined {
  const dates = datesAfter(event, object.attributes, now)
  return dates === undefined ? undefined : { ...object, attributes: { ...object.attributes, ...dates } }
}

/** @throws KmipError Invalid Object Type for a template, which has no state (KMIP 1.4 11.20, 11.21) */
export function checkHasState(object: ManagedObject): void {
  if (object.kind === 'Template') throw new KmipError('InvalidObjectType', 'a template has no state')
}
