import { KmipError } from '../kmip/error.ts'
import { cmkStateAt, primaryOf } from '../model/cmk.ts'
import type { Cmk, CmkVersion } from '../model/cmk.ts'
import { checkFeature } from './key-class.ts'
import { specNamed } from './key-spec.ts'
import { secondsPerDay } from './lifecycle.ts'
import { checkState } from './state.ts'

/**
 * Switches automatic rotation on or off, or says how often.
 *
 * @param interval seconds; needed the first time that it is switched on
 * @param now seconds since 1970-01-01 UTC
 * @throws KmipError Wrong Key Lifecycle State, Object Destroyed, Illegal Operation for keys that are not rotated so,
 *   Invalid Field for an interval out of bounds
 */
export function withRotationPolicy(
  cmk: Cmk, { automatic, interval }: { automatic: boolean; interval?: number | undefined }, now: number,
): Cmk {
  checkState(cmk, 'updateRotationPolicy', now)
  if (automatic || interval !== undefined) checkRotatesAutomatically(cmk)
  const chosen = interval ?? cmk.rotationInterval ?? (cmk.keyClass === 'default' ? fixedInterval : undefined)
  if (automatic && chosen === undefined) {
    throw new KmipError('InvalidField', 'MissingParameter: cmk-rotation-interval comes with automatic rotation')
  }
  if (interval !== undefined) checkInterval(cmk, interval)
  return { ...cmk, rotationAutomatic: automatic, rotationInterval: chosen }
}

/**
 * Whether a new version may be made now: by hand or, when it is due, by the scheduler.
 *
 * @throws KmipError Wrong Key Lifecycle State, Object Destroyed, Illegal Operation, Server Limit Exceeded
 */
export function checkMayRotate(cmk: Cmk, now: number): void {
  checkState(cmk, 'createKeyVersion', now)
  if (cmk.origin === 'EXTERNAL') {
    throw unsupported('imported material is not rotated: make a new CMK and move the alias')
  }
  const spec = specNamed(cmk.keySpec)
  const versionsMax = spec.kind === 'symmetric' ? symmetricVersionsMax : asymmetricVersionsMax
  if (cmk.versions.length >= versionsMax) {
    throw new KmipError('ServerLimitExceeded', `Rejected.LimitExceeded: a CMK has at most ${versionsMax} versions`)
  }
  if (spec.kind === 'symmetric' || cmk.protectionLevel !== 'SOFTWARE') return checkFeature(cmk, 'rotation')
  const since = now - primaryOf(cmk).creationDate
  if (since < asymmetricDaysMin * secondsPerDay) {
    throw unsupported(`an asymmetric CMK gets a new version ${asymmetricDaysMin} days after the last at the earliest`)
  }
}

/** The CMK with a new primary version. */
export function withVersion(cmk: Cmk, version: CmkVersion): Cmk {
  return { ...cmk, versions: [...cmk.versions, version], rotationLastDate: version.creationDate }
}

/** Whether the scheduler has something to do with the CMK, at any time. */
export function isScheduled(cmk: Cmk): boolean {
  return cmk.rotationAutomatic || cmk.deleteDate !== undefined || cmk.materialExpireDate !== undefined
}

/** Whether automatic rotation is due. */
export function isRotationDue(cmk: Cmk, now: number): boolean {
  const { rotationAutomatic, rotationInterval, rotationLastDate } = cmk
  if (!rotationAutomatic || rotationInterval === undefined || cmkStateAt(cmk, now) !== 'Enabled') return false
  return rotationLastDate + rotationInterval <= now && cmk.versions.length < symmetricVersionsMax
}

function checkRotatesAutomatically(cmk: Cmk): void {
  checkFeature(cmk, 'rotation')
  if (cmk.origin === 'EXTERNAL') throw unsupported('imported material is not rotated')
}

function checkInterval(cmk: Cmk, interval: number): void {
  if (cmk.keyClass === 'default' && interval !== fixedInterval) {
    throw new KmipError('InvalidField', 'InvalidParameter: the default key rotates every 365 days')
  }
  if (interval < intervalDaysMin * secondsPerDay || interval > intervalDaysMax * secondsPerDay) {
    throw new KmipError(
      'InvalidField', `InvalidParameter: the rotation interval is ${intervalDaysMin} to ${intervalDaysMax} days`,
    )
  }
}

function unsupported(message: string): KmipError {
  return new KmipError('IllegalOperation', `Rejected.UnsupportedOperation: ${message}`)
}

export const intervalDaysMin = 7
export const intervalDaysMax = 365
const fixedInterval = intervalDaysMax * secondsPerDay
/** Facts 4.1, CreateKeyVersion. */
const asymmetricVersionsMax = 50
const asymmetricDaysMin = 7
/** All of them are tried to decrypt, and stand in one record: 19 years of weekly rotation. */
export const symmetricVersionsMax = 1_000
