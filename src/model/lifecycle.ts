import type { AttributeSet } from '../kmip/attribute.ts'
import { RevocationReasonCode } from '../kmip/generated/enums.ts'
import type { State } from '../kmip/generated/enums.ts'

export type StateName = keyof typeof State
export type LifecycleEvent = 'activate' | 'deactivate' | 'compromise' | 'destroy'

/**
 * The state of an object at a moment, from its dates (KMIP 2.1 4.57): no scheduler has to run for a date to act, and
 * no second truth can disagree with the dates. What was revoked stays so when the clock is set back.
 *
 * @param now seconds since 1970-01-01 UTC
 */
export function stateAt(dates: LifecycleDates, now: number): StateName {
  const compromised = dates.compromiseDate !== undefined
  if (dates.destroyDate !== undefined) return compromised ? 'DestroyedCompromised' : 'Destroyed'
  if (compromised) return 'Compromised'
  if (dates.revocationReason !== undefined) return 'Deactivated'
  if (dates.activationDate === undefined || dates.activationDate > now) return 'PreActive'
  return dates.deactivationDate !== undefined && dates.deactivationDate <= now ? 'Deactivated' : 'Active'
}

/**
 * The moment from which an object is not to be relied on: deactivated, revoked, or compromised. What was revoked has come
 * to it by now, whatever its dates say, because the clock may have been set back.
 *
 * @param now seconds since 1970-01-01 UTC
 * @returns the like; -Infinity where it was destroyed, or compromised nobody knows when; Infinity where nothing ends it
 */
export function endsAt(attributes: AttributeSet, now: number): number {
  const { compromiseDate, compromiseOccurrenceDate, deactivationDate = Infinity, destroyDate, revocationReason } = attributes
  if (destroyDate !== undefined) return -Infinity
  const isRevoked = revocationReason !== undefined || compromiseDate !== undefined
  const occurrence = compromiseDate === undefined ? Infinity : compromiseOccurrenceDate ?? -Infinity
  return Math.min(deactivationDate, occurrence, isRevoked ? now : Infinity)
}

/**
 * The dates of an object that is said to be in a state (Import): those that the state is made of and that are not given
 * are set to the earliest that is, at the latest to now.
 */
export function withDatesOf(state: StateName, given: LifecycleDates, now: number): LifecycleDates {
  const { activationDate, deactivationDate, compromiseDate, destroyDate } = given
  const known = [activationDate, deactivationDate, compromiseDate, destroyDate].filter((date) => date !== undefined)
  const date = Math.min(now, ...known)
  return { ...Object.fromEntries(datesIn[state].map((name) => [name, date])), ...given }
}

/** The dates that an event sets, or undefined when the state does not allow it. */
export function datesAfter(
  event: LifecycleEvent, dates: LifecycleDates, now: number,
): Partial<LifecycleDates> | undefined {
  const target = transitions[stateAt(dates, now)][event]
  return target === undefined ? undefined : { [dateOf[event]]: now }
}

/** What a revocation for this reason does (KMIP 2.1 6.1.46). */
export function revocationEvent(reasonCode: number): LifecycleEvent {
  return reasonCode === RevocationReasonCode.KeyCompromise || reasonCode === RevocationReasonCode.CACompromise
    ? 'compromise'
    : 'deactivate'
}

export type LifecycleDates = Pick<
  AttributeSet, 'activationDate' | 'deactivationDate' | 'compromiseDate' | 'destroyDate' | 'revocationReason'
>

/**
 * KMIP 2.1 4.57 Figure 1. A blank is a transition that is not permitted. Revoke of a Pre-Active
 * object for another reason than compromise is none of the figure's arrows, hence blank.
 */
export const transitions: Readonly<Record<StateName, Partial<Record<LifecycleEvent, StateName>>>> = {
  PreActive: { activate: 'Active', compromise: 'Compromised', destroy: 'Destroyed' },
  Active: { deactivate: 'Deactivated', compromise: 'Compromised' },
  Deactivated: { compromise: 'Compromised', destroy: 'Destroyed' },
  Compromised: { destroy: 'DestroyedCompromised' },
  Destroyed: { compromise: 'DestroyedCompromised' },
  DestroyedCompromised: {},
}

const dateOf = {
  activate: 'activationDate',
  deactivate: 'deactivationDate',
  compromise: 'compromiseDate',
  destroy: 'destroyDate',
} as const satisfies Record<LifecycleEvent, keyof LifecycleDates>

const datesIn: Readonly<Record<StateName, readonly (keyof LifecycleDates)[]>> = {
  PreActive: [],
  Active: ['activationDate'],
  Deactivated: ['activationDate', 'deactivationDate'],
  Compromised: ['compromiseDate'],
  Destroyed: ['destroyDate'],
  DestroyedCompromised: ['compromiseDate', 'destroyDate'],
}
