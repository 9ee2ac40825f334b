import { KmipError } from '../kmip/error.ts'
import type { Identifier } from '../kmip/identifier.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { Context } from './operation.ts'

/**
 * The object that a request means. An archived one has to be recovered "before they MAY be specified" (KMIP 2.1 6.1), in
 * every operation but Archive, Recover and Locate.
 *
 * @throws KmipError Object Not Found, Object Archived
 */
export async function loadUnarchived(context: Context, reference: Identifier | undefined): Promise<ManagedObject> {
  const object = await context.objects.load(context.batch.identifier(reference))
  checkUnarchived(object)
  return object
}

/** @throws KmipError Object Archived */
export function checkUnarchived(object: ManagedObject): void {
  if (object.archived === true) throw new KmipError('ObjectArchived', 'the object is archived')
}
