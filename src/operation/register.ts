import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { KeyFormatType, ObjectType, Operation } from '../kmip/generated/enums.ts'
import { keyBlockOf } from '../kmip/object.ts'
import type { ManagedObjectValue } from '../kmip/object.ts'
import { RegisterRequest, RegisterResponse } from '../kmip/payload/register.ts'
import { isKnown } from '../kmip/value-range.ts'
import { parseVersion } from '../kmip/version.ts'
import { checkCount } from '../model/attribute-count.ts'
import { checkInitialAttributes, settableOf } from '../model/initial-attributes.ts'
import { checkStorageMasks } from '../model/protection-storage.ts'
import { importMaterial, isMaterial } from './cmk-import.ts'
import { creationReasons } from './creation-reasons.ts'
import { takeIn } from './incoming-object.ts'
import { givenAttributes, newObject } from './new-object.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { isProtectable, takeInProtected } from './protected-key.ts'
import { storedBy } from './protection.ts'
import { registerPkcs12 } from './register-pkcs12.ts'
import { mergeAttributes } from './template.ts'

/** KMIP 2.1 6.1.43 Register. */
export const register = operation({
  code: Operation.Register,
  since: '1.0',
  request: RegisterRequest,
  response: RegisterResponse,
  reasons: [
    ...creationReasons, 'BadCryptographicParameters', 'BadPassword', 'CryptographicFailure', 'EncodingOptionError',
    'IllegalOperation', 'InvalidObjectType', 'ProtectionStorageUnavailable', 'WrongKeyLifecycleState',
  ],
  async handle(request, context) {
    const { object } = request
    checkObjectType(request.objectType, object, context)
    const place = storedBy(context, { masks: request.protectionStorageMasks })
    const isProtected = place.provider.protection === 'HSM' && isProtectable(object)
    if (!isProtected && !isMaterial(request.attributes)) checkStorageMasks(request.protectionStorageMasks)
    if (isMaterial(request.attributes)) {
      const uniqueIdentifier = await importMaterial(context, { object, attributes: request.attributes })
      context.batch.produced(uniqueIdentifier, 'Register')
      return { uniqueIdentifier }
    }
    const given = await givenAttributes(context, object.kind, request.attributes, 'registered')
    const isPkcs12 = keyBlockOf(object)?.keyFormatType === KeyFormatType.PKCS_12
    const { uniqueIdentifier } = isProtected
      ? await registerProtected(place, object, given)
      : await (isPkcs12 ? registerPkcs12 : registerObject)(context, object, given)
    context.batch.produced(uniqueIdentifier, 'Register')
    return { uniqueIdentifier }
  },
})

/**
 * The Object Type of the request is that of the object.
 *
 * @throws KmipError Invalid Object Type, also for an object type that the version has not
 */
export function checkObjectType(objectType: number, { kind }: ManagedObjectValue, context: Context): void {
  if (objectType !== ObjectType[kind]) {
    throw new KmipError('InvalidObjectType', 'the object is not of the Object Type that the request names')
  }
  if (!isKnown('ObjectType', objectType, context.version)) {
    throw new KmipError('InvalidObjectType', 'the version has no such Object Type')
  }
}

async function registerObject(
  context: Context, object: ManagedObjectValue, given: AttributeSet,
): Promise<{ uniqueIdentifier: string }> {
  if (given.keyValuePresent !== undefined) throw new KmipError('InvalidField', 'Key Value Present is set by the server')
  const incoming = await takeIn(context, object, given, 'try')
  const all = withEncapsulated(incoming.value, ofTemplate(object, given, context), context)
  return newObject(context, { kind: object.kind, origin: 'registered', given: all, ...incoming })
}

/** Into an HSM. */
async function registerProtected(
  context: Context, object: ManagedObjectValue, given: AttributeSet,
): Promise<{ uniqueIdentifier: string }> {
  if (given.keyValuePresent !== undefined) throw new KmipError('InvalidField', 'Key Value Present is set by the server')
  const incoming = await takeInProtected(context, context.provider, object, given)
  return newObject(context, { kind: object.kind, origin: 'registered', given, ...incoming })
}

/**
 * With the attributes inside the Key Value, which differ from others "only by the fact" that they are there (KMIP 1.4
 * 2.1.4); those that the request gives beside the object precede them.
 */
function withEncapsulated(value: ManagedObjectValue | undefined, given: AttributeSet, context: Context): AttributeSet {
  const keyValue = value && keyBlockOf(value)?.keyValue
  if (value === undefined || keyValue === undefined || 'wrapped' in keyValue || keyValue.attributes === undefined) return given
  const all = mergeAttributes(given, settableOf(value.kind, keyValue.attributes, context.version))
  checkInitialAttributes(value.kind, all, 'registered', context.version)
  return all
}

/**
 * The attributes of a template itself. Those that it holds for others are held to the rules of what a client gives them. It
 * has its name as an attribute of its own; clients of 1.0 and 1.1 give it inside the structure (TC-312, SASED-M-2), which
 * later versions forbid (KMIP 1.4 2.2.6, 11.4).
 *
 * @throws KmipError Invalid Message for one that holds nothing (Table 50), as `checkInitialAttributes` and `checkCount`
 */
function ofTemplate(object: ManagedObjectValue, given: AttributeSet, { version }: Context): AttributeSet {
  if (object.kind !== 'Template') return given
  if (object.value.attributes === undefined) throw new KmipError('InvalidMessage', 'missing field attributes')
  checkInitialAttributes('Template', object.value.attributes, 'registered', version)
  checkCount(object.value.attributes)
  const { name } = object.value.attributes
  if (name === undefined) return given
  if (version >= v1_2) throw new KmipError('InvalidField', 'a template has its Name outside of its structure')
  return { ...given, name: [...given.name ?? [], ...name] }
}

const v1_2 = parseVersion('1.2')
