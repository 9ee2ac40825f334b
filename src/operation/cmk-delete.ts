import { checkMayManage } from '../cmk/key-class.ts'
import { checkUnprotected, deletedNow, disabled, scheduledForDeletion } from '../cmk/lifecycle.ts'
import { checkState } from '../cmk/state.ts'
import { KmipError } from '../kmip/error.ts'
import { cmkStateAt, generationOf } from '../model/cmk.ts'
import type { Cmk } from '../model/cmk.ts'
import { destroyedAt } from '../model/cmk-attributes.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { saveImportRecord } from './cmk-import-record.ts'
import type { Context } from './operation.ts'

/**
 * Plain Destroy of a CMK's version: the CMK goes through the deletion window, unless the account's settings let it be
 * deleted at once.
 *
 * @throws KmipError Wrong Key Lifecycle State, Object Destroyed, Illegal Operation, Permission Denied
 */
export async function destroyCmk(context: Context, object: ManagedObject): Promise<void> {
  const { caller, now, objects, settings } = context
  const cmk = await currentCmk(context, object)
  checkMayManage(cmk, caller)
  if (!settings.cmk.destroyAtOnce.includes(caller.account)) {
    objects.cmks.save(scheduledForDeletion(cmk, settings.cmk.destroyWindowDays, now))
    return
  }
  await executeDeletion(context, objects.cmks.save(deletedNow(cmk, now)))
}

/**
 * Revocation of a CMK's version for another reason than a compromise: the CMK is disabled, as a whole and for as long
 * as nobody enables it. Deactivation would be for ever, and so a deletion without its window.
 */
export async function revokeCmk(context: Context, object: ManagedObject): Promise<void> {
  const cmk = await currentCmk(context, object)
  checkMayManage(cmk, context.caller)
  context.objects.cmks.save(disabled(cmk, context.now))
}

/**
 * A compromise ends a version for ever, like a deletion, and there is no window in which to think again: who may not
 * delete the CMK may not end it so either.
 *
 * @returns the other key of the pair that the version is, which is compromised with it
 * @throws KmipError as `destroyCmk`, and Permission Denied for a CMK that services depend on
 */
export async function compromisedWith(context: Context, object: ManagedObject): Promise<ManagedObject[]> {
  const cmk = await currentCmk(context, object)
  checkMayManage(cmk, context.caller)
  if (cmk.keyClass !== 'customer') {
    throw new KmipError('PermissionDenied', 'services depend on this CMK: disable it instead')
  }
  checkUnprotected(cmk)
  const { uniqueIdentifier, publicKey } = cmk.versions[generationOf(cmk, object.uniqueIdentifier) - 1]!
  if (publicKey === undefined) return []
  return [await context.objects.load(object.uniqueIdentifier === publicKey ? uniqueIdentifier : publicKey)]
}

/** @throws KmipError Wrong Key Lifecycle State: material that is awaited, not Activate, enables such a CMK */
export function checkActivatable(object: ManagedObject, now: number): void {
  if (object.cmk !== undefined && cmkStateAt(object.cmk, now) !== 'Enabled') {
    throw new KmipError('WrongKeyLifecycleState', `the CMK is ${cmkStateAt(object.cmk, now)}`)
  }
}

/**
 * Whether the object's material, or its public key, may be asked for now.
 *
 * @throws KmipError Wrong Key Lifecycle State; Key Value Not Present is for the caller to find
 */
export function checkServable(object: ManagedObject, now: number): void {
  if (object.cmk === undefined || cmkStateAt(object.cmk, now) === 'PendingImport') return
  checkState(object.cmk, 'getPublicKey', now)
}

/**
 * Makes a deletion whose date is reached final: the material of all versions goes, and with it the aliases. What a
 * reader sees is the same before and after.
 */
export async function executeDeletion({ objects, now }: Pick<Context, 'objects' | 'now'>, cmk: Cmk): Promise<void> {
  const date = cmk.deleteDate ?? now
  for (const { uniqueIdentifier, publicKey } of cmk.versions) {
    for (const id of publicKey === undefined ? [uniqueIdentifier] : [uniqueIdentifier, publicKey]) {
      const object = await objects.load(id)
      objects.put({ ...destroyedAt(object, date), provider: undefined })
    }
  }
  for (const name of cmk.aliases) {
    if (await objects.cmks.aliasTarget(name) === cmk.id) await objects.cmks.setAlias(name, undefined)
  }
  await saveImportRecord(objects, cmk.id, undefined)
  objects.cmks.saveDeleted({ ...cmk, aliases: [], importParameters: undefined })
}

async function currentCmk({ objects }: Context, object: ManagedObject): Promise<Cmk> {
  return await objects.cmks.get(object.cmkId!, object.cmk) ?? object.cmk!
}
