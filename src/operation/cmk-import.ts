import { timingSafeEqual } from 'node:crypto'
import { checkMayManage } from '../cmk/key-class.ts'
import {
  checkTakesMaterial, importSeconds, parseWrapping, withImportParameters, withMaterial, withoutCmkMaterial,
} from '../cmk/material.ts'
import type { Wrapping } from '../cmk/material.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { namesIn } from '../kmip/attribute-codec.ts'
import { KmipError } from '../kmip/error.ts'
import { CryptographicUsageMask, KeyFormatType } from '../kmip/generated/enums.ts'
import { isCmkAttribute } from '../kmip/keyward-attribute.ts'
import type { ManagedObjectValue } from '../kmip/object.ts'
import { primaryOf } from '../model/cmk.ts'
import type { Cmk } from '../model/cmk.ts'
import { withoutMaterial } from '../model/cmk-attributes.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { PlainKey, StoredKey } from '../crypto/provider.ts'
import {
  importKeyAt, isKnownMaterial, loadImportRecord, saveImportRecord, withFingerprint,
} from './cmk-import-record.ts'
import type { ImportRecord } from './cmk-import-record.ts'
import { importRefused, unwrapMaterial, wrappedSpecOf } from './cmk-material.ts'
import { keyParts } from './key-parts.ts'
import type { KeyObjectKind } from './key-parts.ts'
import { newObject } from './new-object.ts'
import type { Context } from './operation.ts'
import { protectedBy } from './protection.ts'

/** Material with the token that says for which CMK it is. */
export interface BroughtMaterial {
  readonly object: ManagedObjectValue
  readonly attributes: AttributeSet | undefined
  /** The version that Import names. */
  readonly target?: ManagedObject | undefined
}

/**
 * Makes a key pair for the import of a CMK's material and a token that binds it to the CMK. Both are valid for a day,
 * or until new ones are asked for. The public key is an object of the caller's; the private key leaves no way but this.
 *
 * @param wrapping `RSA_2048/RSAES_OAEP_SHA_256`, or the algorithm alone
 * @throws KmipError Illegal Operation, Object Destroyed, Invalid Field
 */
export async function createImportParameters(context: Context, cmk: Cmk, wrapping: string): Promise<void> {
  const { objects, now, provider, version } = context
  checkTakesMaterial(cmk, 'getParametersForImport', now)
  const chosen = parseWrapping(wrapping)
  const { held, publicKey: plainKey } = await importPair(context, cmk, chosen)
  const previous = cmk.importParameters && await objects.peek(cmk.importParameters.publicKey)
  if (previous !== undefined) objects.remove(previous)
  const expireDate = now + importSeconds
  const given: AttributeSet = {
    cryptographicAlgorithm: chosen.keySpec.algorithm,
    cryptographicUsageMask: CryptographicUsageMask.WrapKey,
    ...(Object.keys(chosen.parameters).length > 0 && { cryptographicParameters: [chosen.parameters] }),
    activationDate: now,
    deactivationDate: expireDate,
    keyFormatType: KeyFormatType.X_509,
  }
  const { uniqueIdentifier: publicKey } = newObject(context, {
    kind: 'PublicKey', origin: 'made', given, ...keyParts(provider, plainKey, 'PublicKey', given, version),
  })
  const token = `${cmk.id}.${provider.random(tokenBytes).toString('base64url')}`
  const known = await loadImportRecord(objects, cmk.id)
  await saveImportRecord(objects, cmk.id, {
    ...known, privateKey: undefined, provider: undefined, reference: undefined, ...held,
  })
  objects.cmks.save(withImportParameters(cmk, {
    wrapping: chosen.name, token, publicKey, publicKeyInfo: plainKey.bytes.reveal(), expireDate,
  }))
}

/** Whether the attributes of a request say that its object is the material of a CMK. */
export function isMaterial(attributes: AttributeSet | undefined): boolean {
  return cmkValue(attributes, tokenName) !== undefined
}

/**
 * Takes the material of a CMK, wrapped under the public key of its import parameters: the first, or the same again.
 * Material, token and key that do not belong together are refused alike, whatever it is that is wrong.
 *
 * @returns the Unique Identifier of the version that has the material now
 * @throws KmipError Cryptographic Failure; Wrong Key Lifecycle State, Invalid Field, Invalid Attribute, Permission
 *   Denied
 */
export async function importMaterial(context: Context, brought: BroughtMaterial): Promise<string> {
  const { objects, now } = context
  const { cmk, object } = await tokenHolder(context, brought)
  checkMayManage(cmk, context.caller)
  checkTakesMaterial(cmk, 'importKeyMaterial', now)
  checkGiven(brought.attributes, object)
  const expireDate = cmkValue(brought.attributes, expireDateName) as number | undefined
  const updated = withMaterial(cmk, expireDate, now)
  const record = await loadImportRecord(objects, cmk.id)
  const { key, publicKey, identity } = await unwrapMaterial(context, cmk, record, brought.object)
  if (!isKnownMaterial(record, identity)) throw importRefused()
  await saveImportRecord(objects, cmk.id, withFingerprint(record, identity))
  const saved = objects.cmks.save(updated)
  await place(context, object, key, saved)
  const { publicKey: publicId } = primaryOf(cmk)
  if (publicKey !== undefined && publicId !== undefined) {
    await place(context, await objects.load(publicId), publicKey, saved)
  }
  return object.uniqueIdentifier
}

/**
 * The CMK waits for its material again; its fingerprint stays.
 *
 * @throws KmipError Illegal Operation, Object Destroyed
 */
export async function deleteMaterial(context: Context, cmk: Cmk): Promise<void> {
  checkTakesMaterial(cmk, 'deleteKeyMaterial', context.now)
  await expireMaterial(context, cmk)
}

/** Material whose date is reached goes for good; readers have not seen it since that date. */
export async function expireMaterial({ objects }: Pick<Context, 'objects'>, cmk: Cmk): Promise<void> {
  const saved = objects.cmks.save(withoutCmkMaterial(cmk))
  const { uniqueIdentifier, publicKey } = primaryOf(cmk)
  for (const id of publicKey === undefined ? [uniqueIdentifier] : [uniqueIdentifier, publicKey]) {
    objects.put({ ...withoutMaterial(await objects.load(id)), cmk: saved })
  }
}

/** The CMK that a token is for: of the caller's account, with import parameters that are valid now. */
async function tokenHolder(
  { objects, now }: Context, { attributes, target }: BroughtMaterial,
): Promise<{ cmk: Cmk; object: ManagedObject }> {
  const token = String(cmkValue(attributes, tokenName))
  const id = token.slice(0, Math.max(0, token.indexOf('.')))
  const cmk = await objects.cmks.get(id)
  const parameters = cmk?.importParameters
  const isValid = parameters !== undefined && parameters.expireDate > now && isSame(token, parameters.token)
  if (cmk === undefined || !isValid || (target !== undefined && target.cmkId !== cmk.id)) throw importRefused()
  const object = await objects.peek(primaryOf(cmk).uniqueIdentifier)
  if (object === undefined) throw importRefused()
  return { cmk, object }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The CMK has its attributes already: beside token and date, a client may only say what is so. */
function checkGiven(given: AttributeSet = {}, { attributes }: ManagedObject): void {
  for (const name of namesIn(given)) {
    if (name === 'vendorAttribute') continue
    if (!toldNames.has(name)) throw new KmipError('InvalidAttribute', 'the CMK has its attributes already')
    const isMask = name === 'cryptographicUsageMask'
    if (!isMask && given[name] !== attributes[name]) {
      throw new KmipError('InvalidAttributeValue', 'the material is not of the CMK\'s key spec')
    }
  }
  for (const { attributeName } of given.vendorAttribute?.filter(isCmkAttribute) ?? []) {
    if (attributeName !== tokenName && attributeName !== expireDateName) {
      throw new KmipError('InvalidAttribute', `${attributeName} is not given with material`)
    }
  }
}

async function place(context: Context, object: ManagedObject, key: StoredKey, cmk: Cmk): Promise<void> {
  const { version } = context
  const { provider } = protectedBy(context, cmk.protectionLevel, cmk.instance)
  const { facts, value, provider: kept } = keyParts(provider, key, object.kind as KeyObjectKind, {}, version)
  const { keyValuePresent: _absent, ...attributes } = object.attributes
  context.objects.put({
    ...object, cmk, value, provider: kept,
    attributes: { ...attributes, ...facts, activationDate: attributes.activationDate ?? context.now },
  })
}

/**
 * The pair is the provider's to which the material goes: what is to be in a token only is unwrapped there.
 *
 * @throws KmipError Feature Not Supported for what the provider does not unwrap
 */
async function importPair(
  context: Context, cmk: Cmk, { keySpec, parameters }: Wrapping,
): Promise<{ held: Pick<ImportRecord, 'privateKey' | 'provider' | 'reference'>; publicKey: PlainKey }> {
  const { provider } = protectedBy(context, cmk.protectionLevel, cmk.instance)
  await provider.checkUnwraps?.(parameters, wrappedSpecOf(cmk))
  const { privateKey, publicKey } = await provider.generateKeyPair(keySpec, context.objects.keptKeys.announceAt(provider))
  if (!('bytes' in publicKey)) throw new Error('a provider does not give a public key out')
  const { algorithm, length, curve, bytes } = publicKey
  const open: PlainKey = { kind: 'public', algorithm, length, curve, bytes }
  if ('bytes' in privateKey) return { held: { privateKey: privateKey.bytes.reveal() }, publicKey: open }
  const kept = importKeyAt(provider.name, privateKey.reference)
  context.objects.keptKeys.made(kept)
  return { held: { provider: provider.name, reference: privateKey.reference }, publicKey: open }
}

function cmkValue(attributes: AttributeSet | undefined, name: string): unknown {
  return attributes?.vendorAttribute?.find((each) => isCmkAttribute(each) && each.attributeName === name)
    ?.attributeValue.value
}

const tokenName = 'cmk-import-token'
const expireDateName = 'cmk-material-expire-date'
const tokenBytes = 32
const toldNames: ReadonlySet<string> = new Set([
  'cryptographicAlgorithm', 'cryptographicLength', 'cryptographicUsageMask', 'objectType',
])
