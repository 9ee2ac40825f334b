import { keyArn } from '../cmk/address.ts'
import { chooseAlgorithm, chooseSpec, parametersOf, specOf, usageMasks } from '../cmk/key-spec.ts'
import type { CmkKeySpec, SpecChoice } from '../cmk/key-spec.ts'
import { checkFeature, checkTypeSpec, specsAt, typeOf } from '../cmk/key-class.ts'
import { archived, disabled, protectedFromDeletion, withProtectionDescription } from '../cmk/lifecycle.ts'
import { defaultKeyAlias, serviceAlias, withCiphertextFormat, withDescription, withTag } from '../cmk/name.ts'
import { withRotationPolicy } from '../cmk/rotation.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import {
  KeyFormatType, KeyValueLocationType, LinkType, ObjectType, ProtectionLevel,
} from '../kmip/generated/enums.ts'
import type { KeywardName } from '../kmip/keyward-attribute.ts'
import type { CreateKeyPairRequest } from '../kmip/payload/create-key-pair.ts'
import type { CreateRequest } from '../kmip/payload/create.ts'
import { defaultLength } from '../model/key-length.ts'
import type { Cmk, CmkClass, CmkOrigin } from '../model/cmk.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { hasMask } from '../model/usage.ts'
import { claimAlias, createAlias } from './cmk-alias.ts'
import { joinOrders, takeOrder } from './cmk-order.ts'
import type { CmkOrder } from './cmk-order.ts'
import { newKeyPair, pairAttributes, pairStorage } from './key-pair.ts'
import { symmetricKey } from './symmetric-key.ts'
import { newIdentifier } from './identifier.ts'
import { keyParts } from './key-parts.ts'
import { givenAttributes, newObject } from './new-object.ts'
import type { Context } from './operation.ts'
import { instanceOf, levelOf, protectedBy, storedBy } from './protection.ts'
import type { ProtectionName } from './protection.ts'

type Order = Omit<CmkOrder, 'rest'>

/**
 * Makes a symmetric CMK with its first version; with origin EXTERNAL it waits for its material.
 *
 * @throws KmipError what the rules of src/cmk and Create refuse
 */
export async function createCmk(context: Context, request: CreateRequest): Promise<ManagedObject> {
  if (request.objectType !== ObjectType.SymmetricKey) {
    throw new KmipError('InvalidObjectType', 'a CMK is a symmetric key or a key pair')
  }
  const { rest, ...order } = takeOrder(request.attributes)
  const choice = chosen(order, rest, 'symmetric')
  const place = placeOf(storedBy(context, { masks: request.protectionStorageMasks }), order, rest)
  const cmk = newCmk(place, order, choice, newIdentifier())
  const set = versionAttributes(context, cmk, choice, rest, 'main')
  const given = await givenAttributes(context, 'SymmetricKey', set, 'made')
  if (cmk.protectionLevel === 'EXTERNAL') {
    return found(context, order, cmk, await externalKey(place, order, choice.spec, { given, uniqueIdentifier: cmk.id }))
  }
  const object = cmk.origin === 'EXTERNAL'
    ? withoutMaterial(context, choice.spec, 'SymmetricKey', { given, uniqueIdentifier: cmk.id })
    : newObject(context, {
        kind: 'SymmetricKey', origin: 'made', given, uniqueIdentifier: cmk.id,
        ...keyParts(place.provider, await symmetricKey(place, given), 'SymmetricKey', given, context.version),
      })
  return found(context, order, cmk, object)
}

/** As `createCmk`, of a key pair. */
export async function createCmkPair(
  context: Context, request: CreateKeyPairRequest,
): Promise<{ privateKey: ManagedObject; publicKey: ManagedObject }> {
  const common = takeOrder(request.commonAttributes)
  const ofPrivate = takeOrder(request.privateKeyAttributes)
  const ofPublic = takeOrder(request.publicKeyAttributes)
  const order = joinOrders([common, ofPrivate, ofPublic])
  const rest = { ...common.rest, ...ofPublic.rest, ...ofPrivate.rest }
  const place = placeOf(pairStorage(context, request), order, rest)
  const choice = chosen(order, rest, 'pair')
  const draft = newCmk(place, order, choice, newIdentifier())
  const given = await pairAttributes(context, {
    privateKeyAttributes: versionAttributes(context, draft, choice, { ...common.rest, ...ofPrivate.rest }, 'main'),
    publicKeyAttributes: versionAttributes(context, draft, choice, { ...common.rest, ...ofPublic.rest }, 'publicKey'),
  })
  const { privateKey, publicKey } = draft.origin === 'EXTERNAL'
    ? pairWithoutMaterial(context, choice.spec, draft.id, given)
    : await newKeyPair(place, { given, privateId: draft.id })
  const cmk = withPublicKey(draft, publicKey.uniqueIdentifier)
  const adopted = adopt(context, publicKey, cmk)
  return { privateKey: await found(context, order, cmk, privateKey), publicKey: adopted }
}

/** The object as a version of the CMK, without the dates that the account's defaults may have given it. */
export function adopt(context: Context, object: ManagedObject, cmk: Cmk): ManagedObject {
  const { processStartDate, protectStopDate, deactivationDate, ...attributes } = object.attributes
  return context.objects.put({ ...object, attributes, cmkId: cmk.id, cmk })
}

async function found(context: Context, order: Order, cmk: Cmk, object: ManagedObject): Promise<ManagedObject> {
  adopt(context, object, cmk)
  let current = context.objects.cmks.save(cmk)
  if (cmk.keyClass === 'default') current = await claimAlias(context, current, defaultKeyAlias)
  if (cmk.keyClass === 'service') current = await claimAlias(context, current, serviceAlias(cmk.service!))
  for (const name of order.aliases) {
    if (!current.aliases.includes(name)) current = await createAlias(context, current, name)
  }
  return context.objects.load(object.uniqueIdentifier)
}

/** The key spec by its name or, without one, by the algorithm and length that KMIP has for it. */
function chosen(order: Order, rest: AttributeSet, kind: CmkKeySpec['kind']): SpecChoice {
  const { cryptographicAlgorithm: algorithm, cryptographicDomainParameters: domain } = rest
  const told = algorithm === undefined ? undefined : specOf({
    algorithm,
    length: rest.cryptographicLength ?? domain?.qlength ?? defaultLength(algorithm) ?? ellipticBits,
    curve: domain?.recommendedCurve,
  })
  const name = textOf(order, 'cmk-key-spec')
  if (name === undefined && algorithm !== undefined && told === undefined) {
    throw new KmipError('InvalidAttributeValue', 'no key spec of a CMK has this algorithm and length')
  }
  const choice = chooseSpec(name ?? told?.name, textOf(order, 'cmk-usage') ?? usageByMask(rest), kind)
  const isAgreed = (algorithm === undefined || told === choice.spec) &&
    (rest.cryptographicLength === undefined || rest.cryptographicLength === choice.spec.length)
  if (!isAgreed) throw contradicts('Cryptographic Algorithm or Length')
  return choice
}

/** A usage mask that only signs or only encrypts says which usage is meant. */
function usageByMask({ cryptographicUsageMask: mask }: AttributeSet): string | undefined {
  if (mask === undefined || mask === 0) return undefined
  if (hasMask(signMask, mask)) return 'SIGN/VERIFY'
  return hasMask(encryptMask, mask) ? 'ENCRYPT/DECRYPT' : undefined
}

function newCmk(context: Context, order: Order, { spec, usage }: SpecChoice, id: string): Cmk {
  const { caller, now, settings } = context
  const origin = originOf(textOf(order, 'cmk-origin'))
  const keyClass = classOf(textOf(order, 'cmk-class'))
  if (keyClass === 'service' && caller.service === undefined) {
    throw new KmipError('PermissionDenied', 'Forbidden.NoPermission: services make their own keys')
  }
  const base: Cmk = {
    id, revision: 0, account: caller.account, arn: keyArn(settings.cmk.region, caller.account, id),
    creator: caller.principal, creationDate: now, keySpec: spec.name, usage, origin,
    protectionLevel: levelOf(context.provider), instance: instanceOf(context.provider),
    keyStorageMechanism: context.provider.storageMechanism,
    keyClass, service: keyClass === 'service' ? caller.service : undefined,
    status: origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
    deletionProtection: false, rotationAutomatic: false, rotationLastDate: now,
    versions: [{ uniqueIdentifier: id, creationDate: now }], aliases: [], tags: [],
  }
  checkTypeSpec(typeOf(base), spec)
  checkKept(context, spec)
  if (origin === 'EXTERNAL') checkFeature(base, 'ownMaterial')
  return configured(base, order, now)
}

/** @throws KmipError Feature Not Supported for a spec that what is to keep the CMK has not; nothing, while that is away */
function checkKept({ provider }: Context, spec: CmkKeySpec): void {
  const { capabilities } = provider
  if (capabilities.keys.length === 0 || specsAt(levelOf(provider), capabilities).includes(spec.name)) return
  throw new KmipError('FeatureNotSupported', `${provider.name} keeps no keys of ${spec.name}`)
}

function configured(base: Cmk, order: Order, now: number): Cmk {
  let cmk = withDescription(base, textOf(order, 'cmk-description'))
  cmk = withCiphertextFormat(cmk, textOf(order, 'cmk-ciphertext-format'))
  for (const tag of order.tags) cmk = withTag(cmk, tag)
  const isProtected = order.values.get('cmk-deletion-protection')
  if (isProtected === true) cmk = protectedFromDeletion(cmk, true, now)
  const why = textOf(order, 'cmk-deletion-protection-description')
  if (why !== undefined) cmk = withProtectionDescription(cmk, why, now)
  const automatic = order.values.get('cmk-rotation-automatic') === true
  const interval = order.values.get('cmk-rotation-interval') as number | undefined
  if (automatic || interval !== undefined) cmk = withRotationPolicy(cmk, { automatic, interval }, now)
  if (order.values.get('cmk-enabled') === false) cmk = disabled(cmk, now)
  return order.values.get('cmk-archived') === true ? archived(cmk, now) : cmk
}

/**
 * What the objects of a CMK have: a client may say the same, and nothing else.
 *
 * @throws KmipError Invalid Attribute Value, Invalid Attribute, Unsupported Cryptographic Parameters
 */
function versionAttributes(
  context: Context, cmk: Cmk, { spec, usage }: SpecChoice, rest: AttributeSet, role: 'main' | 'publicKey',
): AttributeSet {
  const masks = usageMasks(spec, usage)
  const isSecret = role === 'main'
  const wantedMask = rest.cryptographicUsageMask ?? 0
  if (!hasMask(masks.main + masks.publicKey, wantedMask)) throw contradicts('Cryptographic Usage Mask')
  if (isSecret && (rest.sensitive === false || rest.extractable === true)) throw contradicts('Sensitive or Extractable')
  const activationDate = rest.activationDate ?? context.now
  if (activationDate > context.now) throw contradicts('Activation Date')
  for (const name of ['processStartDate', 'protectStopDate', 'deactivationDate'] as const) {
    if (rest[name] !== undefined) throw new KmipError('InvalidAttribute', 'a CMK has no such dates: it is disabled')
  }
  const given = rest.cryptographicParameters ?? [undefined]
  const parameters = given.map((each) => parametersOf(chooseAlgorithm(spec, usage, each), each))
    .filter((each) => Object.keys(each).length > 0)
  const { cryptographicParameters: checked, activationDate: date, ...others } = rest
  return {
    ...others,
    cryptographicAlgorithm: spec.algorithm,
    cryptographicLength: spec.length,
    ...(spec.curve !== undefined && {
      cryptographicDomainParameters: { qlength: spec.length, recommendedCurve: spec.curve },
    }),
    cryptographicUsageMask: masks[role],
    protectionLevel: cmk.protectionLevel === 'HSM' ? ProtectionLevel.High : ProtectionLevel.Low,
    ...(parameters.length > 0 && { cryptographicParameters: parameters }),
    ...(isSecret && { sensitive: true, extractable: false }),
    ...(cmk.origin !== 'EXTERNAL' && { activationDate }),
  }
}

/** The record has metadata and the location: the material is at the key manager, and stays there. */
async function externalKey(
  place: Context, order: Order, spec: CmkKeySpec, { given, uniqueIdentifier }: {
    given: AttributeSet; uniqueIdentifier: string
  },
): Promise<ManagedObject> {
  const { provider } = place
  const location = textOf(order, 'cmk-external-key')
  if (location === undefined) {
    throw new KmipError('InvalidAttributeValue', 'cmk-external-key is missing: the key\'s name at its manager')
  }
  const stored = await provider.adopt!(location, { algorithm: spec.algorithm, length: spec.length })
  const { facts, provider: kept } = keyParts(provider, stored, 'SymmetricKey', given, place.version)
  const object = newObject(place, {
    kind: 'SymmetricKey', origin: 'registered', given, facts, provider: kept, uniqueIdentifier,
  })
  const keyValueLocation = [{
    keyValueLocationValue: `${provider.name}/${stored.reference.toString()}`,
    keyValueLocationType: KeyValueLocationType.UninterpretedTextString,
  }]
  return place.objects.put({
    ...object, attributes: { ...object.attributes, keyValuePresent: false, keyValueLocation },
  })
}

function withoutMaterial(
  context: Context, spec: CmkKeySpec, kind: 'SymmetricKey' | 'PrivateKey' | 'PublicKey',
  { given, uniqueIdentifier, links = [] }: {
    given: AttributeSet; uniqueIdentifier: string; links?: NonNullable<AttributeSet['link']>
  },
): ManagedObject {
  const facts: AttributeSet = {
    cryptographicAlgorithm: spec.algorithm, cryptographicLength: spec.length, keyFormatType: KeyFormatType.Raw,
    keyValuePresent: false,
  }
  const object = newObject(context, { kind, origin: 'registered', given, facts, links, uniqueIdentifier })
  const attributes = { ...object.attributes, alwaysSensitive: false, neverExtractable: false }
  return context.objects.put({ ...object, attributes })
}

function pairWithoutMaterial(
  context: Context, spec: CmkKeySpec, privateId: string, given: { privateKey: AttributeSet; publicKey: AttributeSet },
): { privateKey: ManagedObject; publicKey: ManagedObject } {
  const publicId = newIdentifier()
  const privateLinks = [{ linkType: LinkType.PublicKeyLink, linkedObjectIdentifier: publicId }]
  const publicLinks = [{ linkType: LinkType.PrivateKeyLink, linkedObjectIdentifier: privateId }]
  return {
    privateKey: withoutMaterial(context, spec, 'PrivateKey', {
      given: given.privateKey, uniqueIdentifier: privateId, links: privateLinks,
    }),
    publicKey: withoutMaterial(context, spec, 'PublicKey', {
      given: given.publicKey, uniqueIdentifier: publicId, links: publicLinks,
    }),
  }
}

function withPublicKey(cmk: Cmk, publicKey: string): Cmk {
  return { ...cmk, versions: cmk.versions.map((version) => ({ ...version, publicKey })) }
}

function textOf(order: Order, name: KeywardName): string | undefined {
  const value = order.values.get(name)
  return value === undefined ? undefined : String(value)
}

function originOf(name = 'Aliyun_KMS'): CmkOrigin {
  if (name === 'Aliyun_KMS' || name === 'TENCENT_KMS') return 'Aliyun_KMS'
  if (name === 'EXTERNAL') return name
  throw new KmipError('InvalidAttributeValue', 'cmk-origin is Aliyun_KMS or EXTERNAL')
}

function classOf(name = 'customer'): CmkClass {
  if (name === 'customer' || name === 'default' || name === 'service') return name
  throw new KmipError('InvalidAttributeValue', 'cmk-class is customer, default or service')
}

/**
 * Where the CMK is to be kept, by its own attributes, by KMIP's Protection Level or by the storage that was chosen.
 *
 * @throws KmipError Protection Storage Unavailable for what no provider of this server is
 */
function placeOf(context: Context, order: Order, { protectionLevel }: AttributeSet): Context {
  const name = textOf(order, 'cmk-protection-level')
  const instance = textOf(order, 'cmk-instance')
  const mechanism = textOf(order, 'cmk-key-storage-mechanism')
  if (name !== undefined && !isProtection(name)) {
    throw new KmipError('InvalidAttributeValue', 'cmk-protection-level is SOFTWARE, HSM or EXTERNAL')
  }
  const told = name ?? (protectionLevel === ProtectionLevel.High ? 'HSM' : undefined)
  if (told === undefined && instance === undefined && mechanism === undefined) return context
  return protectedBy(context, told ?? 'HSM', instance, mechanism)
}

function isProtection(name: string): name is ProtectionName {
  return name === 'SOFTWARE' || name === 'HSM' || name === 'EXTERNAL'
}

function contradicts(name: string): KmipError {
  return new KmipError('InvalidAttributeValue', `${name} is not what a CMK of this key spec and usage has`)
}

const ellipticBits = 256
const signMask = 3
const encryptMask = 4 + 8 + 16 + 32
