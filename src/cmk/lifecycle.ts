import { KmipError } from '../kmip/error.ts'
import { cmkStateAt } from '../model/cmk.ts'
import type { Cmk } from '../model/cmk.ts'
import { checkFeature } from './key-class.ts'
import { checkState } from './state.ts'

/** The changes of a CMK's state. Each takes the record and gives the changed one; `now` is in seconds since 1970. */

/** @throws KmipError Wrong Key Lifecycle State, Object Destroyed */
export function enabled(cmk: Cmk, now: number): Cmk {
  checkState(cmk, 'enable', now)
  return { ...cmk, status: 'Enabled' }
}

/** @throws KmipError Wrong Key Lifecycle State, Object Destroyed */
export function disabled(cmk: Cmk, now: number): Cmk {
  checkState(cmk, 'disable', now)
  return { ...cmk, status: 'Disabled' }
}

/** @throws KmipError Wrong Key Lifecycle State, Object Destroyed */
export function archived(cmk: Cmk, now: number): Cmk {
  checkState(cmk, 'archive', now)
  return { ...cmk, status: 'Archived' }
}

/** @throws KmipError Wrong Key Lifecycle State, Object Destroyed */
export function unarchived(cmk: Cmk, now: number): Cmk {
  checkState(cmk, 'cancelArchive', now)
  return { ...cmk, status: 'Enabled' }
}

/**
 * @param windowDays 7 to 366
 * @throws KmipError Wrong Key Lifecycle State, Object Destroyed, Illegal Operation, Permission Denied for a protected
 *   CMK, Invalid Field
 */
export function scheduledForDeletion(cmk: Cmk, windowDays: number, now: number): Cmk {
  if (!Number.isInteger(windowDays) || windowDays < windowDaysMin || windowDays > windowDaysMax) {
    throw new KmipError(
      'InvalidField', `InvalidParameter: the deletion window is ${windowDaysMin} to ${windowDaysMax} days`,
    )
  }
  checkDeletable(cmk, now)
  return { ...cmk, deleteDate: now + windowDays * secondsPerDay }
}

/** Without a window: for accounts whose plain Destroy is to work as KMIP has it. */
export function deletedNow(cmk: Cmk, now: number): Cmk {
  checkDeletable(cmk, now)
  return { ...cmk, deleteDate: now }
}

/** The CMK is Enabled again, also when it was Disabled before; without material it waits for that again. */
export function deletionCancelled(cmk: Cmk, now: number): Cmk {
  checkState(cmk, 'cancelDeletion', now)
  const restored = { ...cmk, deleteDate: undefined }
  return cmkStateAt(restored, now) === 'PendingImport' ? restored : { ...restored, status: 'Enabled' }
}

/** @throws KmipError Wrong Key Lifecycle State, Object Destroyed, Illegal Operation */
export function protectedFromDeletion(cmk: Cmk, isProtected: boolean, now: number): Cmk {
  checkState(cmk, 'setDeletionProtection', now)
  checkFeature(cmk, 'deletionProtection')
  return {
    ...cmk,
    deletionProtection: isProtected,
    deletionProtectionDescription: isProtected ? cmk.deletionProtectionDescription : undefined,
  }
}

/** @throws KmipError as `protectedFromDeletion`; Invalid Field when the CMK is not protected, or the text too long */
export function withProtectionDescription(cmk: Cmk, text: string | undefined, now: number): Cmk {
  checkState(cmk, 'setDeletionProtection', now)
  if (text !== undefined && !cmk.deletionProtection) {
    throw new KmipError('InvalidField', 'InvalidParameter: only a protected CMK says why it is protected')
  }
  if ((text?.length ?? 0) > protectionTextMax) {
    throw new KmipError('InvalidField', `InvalidParameter: the description has at most ${protectionTextMax} characters`)
  }
  return { ...cmk, deletionProtectionDescription: text }
}

function checkDeletable(cmk: Cmk, now: number): void {
  checkState(cmk, 'scheduleDeletion', now)
  checkFeature(cmk, 'scheduleDeletion')
  checkUnprotected(cmk)
}

/** @throws KmipError Permission Denied while deletion protection is on */
export function checkUnprotected(cmk: Cmk): void {
  if (cmk.deletionProtection) {
    throw new KmipError(
      'PermissionDenied',
      'Rejected.DeletionProtection: switch the protection off first (cmk-deletion-protection = false)',
    )
  }
}

export const secondsPerDay = 86_400
export const windowDaysMin = 7
export const windowDaysMax = 366
/** Characters; as of a description. */
const protectionTextMax = 8_192
