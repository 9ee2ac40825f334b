import type { ManagedObject } from './managed-object.ts'

/** Who calls: a principal inside an account (tenant), taken from the client certificate. */
export interface Caller {
  readonly account: string
  readonly principal: string
}

/**
 * Whether the object exists for the caller. Objects of other accounts do not: they are not found,
 * in Get as in Locate (design decision 6). Inside an account every principal may use every object.
 */
export function isVisible(object: ManagedObject, caller: Caller): boolean {
  return object.account === caller.account
}
