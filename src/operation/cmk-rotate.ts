import { aliasPrefix } from '../cmk/name.ts'
import { checkMayRotate, withVersion } from '../cmk/rotation.ts'
import type { AttributeName, AttributeSet } from '../kmip/attribute.ts'
import { namesIn } from '../kmip/attribute-codec.ts'
import { KmipError } from '../kmip/error.ts'
import { primaryOf } from '../model/cmk.ts'
import type { Cmk } from '../model/cmk.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { Context } from './operation.ts'
import { replaceKey, replacePair } from './replace-key.ts'
import type { Pair, PairRequested } from './replace-key.ts'
import { withTemplates } from './template.ts'

/**
 * Makes a new primary version, all in the unit of work of the context: before its commit the old version is the
 * primary, after it the new one. Names and aliases move. The old version of a symmetric CMK stops protecting; those
 * of an asymmetric one stay in full use.
 *
 * @throws KmipError as `checkMayRotate`, and what the provider refuses
 */
export async function rotateCmk(context: Context, cmk: Cmk): Promise<void> {
  checkMayRotate(cmk, context.now)
  const { objects } = context
  const { uniqueIdentifier, publicKey } = primaryOf(cmk)
  const old = await objects.load(uniqueIdentifier)
  if (publicKey === undefined) await rotateSymmetric(context, cmk, old, { stopsOld: true })
  else await rotatePair(context, cmk, { privateKey: old, publicKey: await objects.load(publicKey) }, {})
}

/**
 * Re-key of a symmetric CMK as a whole or, which leaves the dates of the old version alone (design decision 3), of its
 * primary version by Unique Identifier.
 *
 * @param identifier as the request has it
 * @throws KmipError as `rotateCmk`; Illegal Operation for an old version or an Offset
 */
export async function rekeyCmk(
  context: Context, existing: ManagedObject, identifier: string,
  { offset, attributes }: { readonly offset?: number | undefined; readonly attributes?: AttributeSet | undefined },
): Promise<ManagedObject> {
  const cmk = checkedPrimary(context, existing, offset)
  return rotateSymmetric(context, cmk, existing, { stopsOld: identifier !== existing.uniqueIdentifier, attributes })
}

/** Re-key Key Pair of an asymmetric CMK. @throws KmipError as `rekeyCmk` */
export async function rekeyCmkPair(context: Context, old: Pair, requested: PairRequested): Promise<Pair> {
  return rotatePair(context, checkedPrimary(context, old.privateKey, requested.offset), old, requested)
}

function checkedPrimary(context: Context, existing: ManagedObject, offset: number | undefined): Cmk {
  const cmk = existing.cmk!
  if (primaryOf(cmk).uniqueIdentifier !== existing.uniqueIdentifier) {
    throw new KmipError('IllegalOperation', 'only the primary version of a CMK is replaced')
  }
  if ((offset ?? 0) !== 0) throw new KmipError('IllegalOperation', 'a new version of a CMK is in use at once')
  checkMayRotate(cmk, context.now)
  return cmk
}

async function rotateSymmetric(
  context: Context, cmk: Cmk, old: ManagedObject,
  { stopsOld, attributes }: { readonly stopsOld: boolean; readonly attributes?: AttributeSet | undefined },
): Promise<ManagedObject> {
  const { objects, now } = context
  // A template is what it holds: before it is expanded, nothing of it would be checked.
  const requested = await withTemplates(attributes, context)
  checkRequested(requested)
  const fresh = await replaceKey(context, old, requested, undefined)
  const rotated = objects.cmks.save(withVersion(cmk, { uniqueIdentifier: fresh.uniqueIdentifier, creationDate: now }))
  const left = await objects.load(old.uniqueIdentifier)
  if (stopsOld) objects.save({ ...left, attributes: { ...left.attributes, protectStopDate: now } })
  return adoptVersion(context, { ...fresh, owner: old.owner }, rotated)
}

async function rotatePair(context: Context, cmk: Cmk, old: Pair, requested: PairRequested): Promise<Pair> {
  checkRequested(requested.privateKey)
  checkRequested(requested.publicKey)
  const { privateKey, publicKey } = await replacePair(context, old, { ...requested, offset: undefined })
  const rotated = context.objects.cmks.save(withVersion(cmk, {
    uniqueIdentifier: privateKey.uniqueIdentifier, publicKey: publicKey.uniqueIdentifier, creationDate: context.now,
  }))
  return {
    privateKey: adoptVersion(context, { ...privateKey, owner: old.privateKey.owner }, rotated),
    publicKey: adoptVersion(context, { ...publicKey, owner: old.publicKey.owner }, rotated),
  }
}

/**
 * What the versions of a CMK have in common is not changed by a new one.
 *
 * @throws KmipError Invalid Attribute
 */
function checkRequested(attributes: AttributeSet | undefined): void {
  for (const name of namesIn(attributes ?? {})) {
    const isAlias = name === 'name' && attributes!.name!.some(({ nameValue }) => nameValue.startsWith(aliasPrefix))
    if (!ownToVersions.has(name) || isAlias) {
      throw new KmipError('InvalidAttribute', 'the versions of a CMK do not differ in that')
    }
  }
}

/** Whoever rotates, the scheduler too: the owner stays. */
function adoptVersion({ objects, now }: Context, object: ManagedObject, cmk: Cmk): ManagedObject {
  const attributes = { ...object.attributes, activationDate: now }
  return objects.put({ ...object, attributes, cmkId: cmk.id, cmk })
}

const ownToVersions: ReadonlySet<AttributeName> = new Set<AttributeName>([
  'name', 'contactInformation', 'comment', 'objectGroup', 'applicationSpecificInformation', 'alternativeName',
])
