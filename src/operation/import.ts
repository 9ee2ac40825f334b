import type { Provider } from '../crypto/provider.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { KeyWrapType, ObjectType, Operation, ProtectionStorageMask, State } from '../kmip/generated/enums.ts'
import { keyBlockOf } from '../kmip/object.ts'
import type { ManagedObjectValue } from '../kmip/object.ts'
import { ImportRequest, ImportResponse } from '../kmip/payload/import.ts'
import { checkCount } from '../model/attribute-count.ts'
import { checkValues } from '../model/attribute-policy.ts'
import { checkAgreement, checkApplicable } from '../model/initial-attributes.ts'
import { stateAt, withDatesOf } from '../model/lifecycle.ts'
import type { StateName } from '../model/lifecycle.ts'
import type { NewObject } from '../model/managed-object.ts'
import { checkStorageMasks } from '../model/protection-storage.ts'
import { importMaterial, isMaterial } from './cmk-import.ts'
import { takeIn, takeInDestroyed } from './incoming-object.ts'
import { inTableOrder } from './new-object.ts'
import type { Draft } from './new-object.ts'
import { isIdentifier } from './object-record.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { isProtectable, takeInProtected, wrappingHsm } from './protected-key.ts'
import { storedBy } from './protection.ts'
import { checkObjectType } from './register.ts'

/** KMIP 2.1 6.1.25 Import. */
export const importObject = operation({
  code: Operation.Import,
  since: '1.4',
  request: ImportRequest,
  response: ImportResponse,
  reasons: [
    'ApplicationNamespaceNotSupported', 'BadCryptographicParameters', 'CryptographicFailure', 'EncodingOptionError',
    'FeatureNotSupported', 'IllegalOperation', 'IncompatibleCryptographicUsageMask', 'InvalidAttribute',
    'InvalidAttributeValue', 'InvalidField', 'InvalidObjectType', 'NonUniqueNameAttribute', 'ObjectAlreadyExists',
    'ProtectionStorageUnavailable', 'ServerLimitExceeded',
    'WrappingObjectArchived', 'WrappingObjectDestroyed', 'WrappingObjectNotFound', 'WrongKeyLifecycleState',
  ],
  async handle(request, context) {
    const { object } = request
    checkObjectType(request.objectType ?? ObjectType[object.kind], object, context)
    const wantedId = context.batch.identifier(request.uniqueIdentifier)
    const existing = await context.objects.peek(wantedId)
    if (existing !== undefined && request.replaceExisting !== true) {
      throw new KmipError('ObjectAlreadyExists', 'an object has this Unique Identifier')
    }
    if (isMaterial(request.attributes)) {
      if (request.keyWrapType === KeyWrapType.AsRegistered) throw notKeptWrapped()
      const imported = await importMaterial(context, { object, attributes: request.attributes, target: existing })
      context.batch.produced(imported, 'Import')
      return { uniqueIdentifier: imported }
    }
    if (!isIdentifier(wantedId)) throw new KmipError('InvalidField', 'the Unique Identifier is not a usable one')
    const uniqueIdentifier = existing?.uniqueIdentifier ?? wantedId
    const given = withStateDates(request.attributes, context.now)
    const incoming = await takeInAs(context, object, given, request.keyWrapType)
    const attributes = importedAttributes(context, wantedId, object, given, incoming.facts)
    const { value, remains, asRegistered, provider } = incoming
    const imported = { uniqueIdentifier, kind: object.kind, attributes, value, remains, asRegistered, provider }
    context.objects.import(imported, existing)
    context.batch.produced(uniqueIdentifier, 'Import')
    return { uniqueIdentifier }
  },
})

type Incoming = Pick<Draft, 'facts'> & Pick<NewObject, 'value' | 'remains' | 'asRegistered' | 'provider'>

async function takeInAs(
  context: Context, object: ManagedObjectValue, given: AttributeSet, keyWrapType: number | undefined,
): Promise<Incoming> {
  const how = unwrapping(keyWrapType, object)
  if (given.destroyDate !== undefined) return takeInDestroyed(object, given)
  const hsm = await hsmFor(context, object, given, how)
  return hsm === undefined ? takeIn(context, object, given, how) : takeInProtected(context, hsm, object, given)
}

/** "All attributes MUST be set to the supplied values" (KMIP 2.1 6.1.25): a State that comes without its dates makes them. */
function withStateDates(given: AttributeSet, now: number): AttributeSet {
  const state = Object.entries(State).find(([, code]) => code === given.state)?.[0] as StateName | undefined
  return state === undefined ? given : { ...given, ...withDatesOf(state, given, now) }
}

function notKeptWrapped(): KmipError {
  return new KmipError('InvalidField', 'the material of a CMK is not kept wrapped')
}

/** Without Not Wrapped the object is kept as it is given (KMIP 2.1 Table 238). */
function unwrapping(keyWrapType: number | undefined, object: ManagedObjectValue): 'must' | 'never' {
  if (keyWrapType === undefined || keyWrapType === KeyWrapType.AsRegistered) return 'never'
  if (keyWrapType !== KeyWrapType.NotWrapped) throw new KmipError('InvalidField', 'the Key Wrap Type is not supported')
  return keyBlockOf(object)?.keyWrappingData === undefined ? 'never' : 'must'
}

/**
 * The HSM that keeps the key: the one of which its Protection Storage Mask tells or, where that is left out, the one by
 * whose key it is wrapped, which unwraps it without showing it. Import has no Protection Storage Masks of its own.
 *
 * @throws KmipError Protection Storage Unavailable; Invalid Field for a key that is to stay wrapped in an HSM
 */
async function hsmFor(
  context: Context, object: ManagedObjectValue, { protectionStorageMask: mask }: AttributeSet, how: 'must' | 'never',
): Promise<Provider | undefined> {
  if (mask === undefined) return how === 'must' && isProtectable(object) ? wrappingHsm(context, object) : undefined
  const masks = { protectionStorageMask: [mask] }
  if (isElsewhere(object)) {
    checkStorageMasks(masks, ProtectionStorageMask.OffSystem)
    return undefined
  }
  const { provider } = storedBy(context, { masks })
  if (provider.protection !== 'HSM') return undefined
  if (!isProtectable(object)) checkStorageMasks(masks)
  if (how === 'never' && keyBlockOf(object)?.keyWrappingData !== undefined) {
    throw new KmipError('InvalidField', 'an HSM keeps no key wrapped: Key Wrap Type Not Wrapped')
  }
  return provider
}

/** A key whose material another place keeps (KMIP 2.1 4.28). */
function isElsewhere(object: ManagedObjectValue): boolean {
  const keyBlock = keyBlockOf(object)
  return keyBlock !== undefined && keyBlock.keyValue === undefined
}

/**
 * The client's values stand, whoever sets them otherwise; what it leaves out and every object has is filled in. The
 * state follows from the dates, so it has to be the one that they give.
 */
function importedAttributes(
  context: Context, wantedId: string, { kind }: ManagedObjectValue, given: AttributeSet, facts: AttributeSet,
): AttributeSet {
  const { uniqueIdentifier, state, templateNames, ...own } = given
  if (templateNames !== undefined) throw new KmipError('InvalidField', 'Import takes no template names')
  if (uniqueIdentifier !== undefined && uniqueIdentifier !== wantedId) {
    throw new KmipError('InvalidAttributeValue', 'the Unique Identifier is not that of the request')
  }
  checkApplicable(kind, own)
  checkAgreement(given, { objectType: ObjectType[kind], ...facts })
  checkCount({ ...facts, ...own })
  checkValues(own, 'InvalidAttributeValue')
  if (state !== undefined && state !== State[stateAt(own, context.now)]) {
    throw new KmipError('InvalidAttributeValue', 'the State is not the one that the dates give')
  }
  const { sensitive = facts.sensitive ?? false, extractable = facts.extractable ?? true } = own
  const defaults = { fresh: true, sensitive, alwaysSensitive: sensitive, extractable, neverExtractable: !extractable }
  return inTableOrder({ ...facts, ...defaults, initialDate: context.now, lastChangeDate: context.now, ...own })
}
