import { checkAliasName, withAlias, withoutAlias } from '../cmk/name.ts'
import { checkState } from '../cmk/state.ts'
import { KmipError } from '../kmip/error.ts'
import { NameType } from '../kmip/generated/enums.ts'
import { instancesAt, withAdded, withDeleted } from '../model/attribute-list.ts'
import { cmkStateAt, primaryOf } from '../model/cmk.ts'
import type { Cmk } from '../model/cmk.ts'
import type { Name } from '../kmip/attribute-value.ts'
import type { Context } from './operation.ts'

/** What of a context aliases need. */
export type AliasContext = Pick<Context, 'objects' | 'now'>

/** @throws KmipError Wrong Key Lifecycle State, Invalid Field, Non Unique Name Attribute, Server Limit Exceeded */
export async function createAlias(context: AliasContext, cmk: Cmk, name: string): Promise<Cmk> {
  checkState(cmk, 'createAlias', context.now)
  checkAliasName(name)
  return claimAlias(context, cmk, name)
}

/** As `createAlias`, for the server's own names too. */
export async function claimAlias(context: AliasContext, cmk: Cmk, name: string): Promise<Cmk> {
  if (await holderOf(context, name) !== undefined) {
    throw new KmipError('NonUniqueNameAttribute', 'AliasAlreadyExists: move the alias, or delete it first')
  }
  return attach(context, cmk, name)
}

/** @throws KmipError Wrong Key Lifecycle State of the new target, Invalid Field, Object Not Found */
export async function moveAlias(context: AliasContext, cmk: Cmk, name: string): Promise<Cmk> {
  checkState(cmk, 'updateAlias', context.now)
  checkAliasName(name)
  const holder = await holderOf(context, name)
  if (holder === undefined) throw new KmipError('ObjectNotFound', 'Forbidden.AliasNotFound: there is no such alias')
  if (holder.id === cmk.id) return cmk
  await detach(context, holder, name)
  return attach(context, cmk, name)
}

/** @throws KmipError Invalid Field, Attribute Not Found */
export async function deleteAlias(context: AliasContext, cmk: Cmk, name: string): Promise<Cmk> {
  checkState(cmk, 'deleteAlias', context.now)
  if (!cmk.aliases.includes(name)) throw new KmipError('AttributeNotFound', 'the CMK has no such alias')
  checkAliasName(name)
  await context.objects.cmks.setAlias(name, undefined)
  return detach(context, cmk, name)
}

/** The CMK that the alias means; an alias ends with its CMK. */
async function holderOf({ objects, now }: AliasContext, name: string): Promise<Cmk | undefined> {
  const id = await objects.cmks.aliasTarget(name)
  const cmk = id === undefined ? undefined : await objects.cmks.get(id)
  if (cmk === undefined || cmkStateAt(cmk, now) === 'Deleted') return undefined
  return cmk
}

async function attach(context: AliasContext, cmk: Cmk, name: string): Promise<Cmk> {
  const { objects } = context
  const updated = objects.cmks.save(withAlias(cmk, name))
  await objects.cmks.setAlias(name, cmk.id)
  const primary = await objects.load(primaryOf(cmk).uniqueIdentifier)
  const value: Name = { nameValue: name, nameType: NameType.UninterpretedTextString }
  objects.put({ ...primary, cmk: updated, attributes: withAdded(primary.attributes, { name: 'name', value }).set })
  return updated
}

async function detach({ objects }: AliasContext, cmk: Cmk, name: string): Promise<Cmk> {
  const updated = objects.cmks.save(withoutAlias(cmk, name))
  const primary = await objects.load(primaryOf(cmk).uniqueIdentifier)
  const gone = instancesAt(primary.attributes, { name: 'name' })
    .filter(({ value }) => (value as Name).nameValue === name)
  objects.put({ ...primary, cmk: updated, attributes: withDeleted(primary.attributes, gone) })
  return updated
}
