import { KmipError } from '../kmip/error.ts'
import type { Identifier } from '../kmip/identifier.ts'
import { parseVersion } from '../kmip/version.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { Context } from './operation.ts'

/**
 * The object that a request means. Before 2.0 an archived one is refused by every operation but Archive, Recover and
 * Locate (KMIP 1.4 section 11); from 2.0 on only by those that need its material.
 *
 * @throws KmipError Object Not Found, Object Archived
 */
export async function loadUnarchived(context: Context, reference: Identifier | undefined): Promise<ManagedObject> {
  const object = await context.objects.load(context.batch.identifier(reference))
  if (object.archived === true && context.version < v2) checkUnarchived(object)
  return object
}

/** @throws KmipError Object Archived */
export function checkUnarchived(object: ManagedObject): void {
  if (object.archived === true) throw new KmipError('ObjectArchived', 'the object is archived')
}

const v2 = parseVersion('2.0')
