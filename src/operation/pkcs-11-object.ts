import { isMultiInstance } from '../kmip/attribute.ts'
import type { AttributeInstance } from '../kmip/attribute.ts'
import type { VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { Pkcs11Writer } from '../kmip/pkcs11-codec.ts'
import type { Pkcs11Reader } from '../kmip/pkcs11-codec.ts'
import { Cka } from '../kmip/pkcs11-constants.ts'
import { stateAt } from '../model/lifecycle.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { addAttribute } from './add-attribute.ts'
import { destroy } from './destroy.ts'
import { get } from './get.ts'
import { accountKey } from './index-keys.ts'
import { modifyAttribute } from './modify-attribute.ts'
import type { Context } from './operation.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'
import type { Pkcs11Function } from './pkcs-11-application.ts'
import { attributesOf, classOf, idAttribute, isShown, usageOf } from './pkcs-11-attribute.ts'
import { publicKeyAttributes, publicKeyNumbers } from './pkcs-11-public-key.ts'
import { run } from './pkcs-11-run.ts'
import { register } from './register.ts'
import { idOf, maskAfter, nameOf, readTemplate, truth } from './pkcs-11-template.ts'

/** The functions that find keys and tell of them. A key's label is its name, its id the Unique Identifier. */
export const objectFunctions: Readonly<Record<string, Pkcs11Function>> = {
  async C_FindObjectsInit(input, application, context) {
    const session = application.session(input.ulong())
    if (session.found !== undefined) throw new Pkcs11Failure('OPERATION_ACTIVE')
    const template = readTemplate(input)
    const found: string[] = []
    context.objects.begin(Operation.Locate)
    for await (const object of context.objects.find(accountKey(context.caller.account))) {
      if (isLiving(object, context.now) && matches(object, template)) found.push(object.uniqueIdentifier)
      if (found.length >= foundMax) break
    }
    session.found = found
    return undefined
  },
  C_FindObjects(input, application) {
    const session = application.session(input.ulong())
    if (session.found === undefined) throw new Pkcs11Failure('OPERATION_NOT_INITIALIZED')
    const given = session.found.splice(0, input.count())
    const output = new Pkcs11Writer().count(given.length)
    for (const identifier of given) output.ulong(application.handleOf(identifier))
    return output
  },
  C_FindObjectsFinal(input, application) {
    const session = application.session(input.ulong())
    if (session.found === undefined) throw new Pkcs11Failure('OPERATION_NOT_INITIALIZED')
    session.found = undefined
    return undefined
  },
  async C_GetAttributeValue(input, application, context) {
    application.session(input.ulong())
    const identifier = application.identifierOf(input.ulong())
    context.objects.begin(Operation.GetAttributes)
    const object = await context.objects.loadExisting(identifier)
    const types = typesIn(input)
    const isKeyAsked = types.some((type) => publicKeyAttributes.has(type))
    const values = new Map([...attributesOf(object), ...isKeyAsked ? await publicKeyNumbers(identifier, context) : []])
    const output = new Pkcs11Writer().count(types.length)
    let isWhole = true
    for (const type of types) {
      const value = values.get(type)
      isWhole &&= value !== undefined
      output.ulong(type).byte(value === undefined ? 0 : 1)
      if (value !== undefined) output.bytes(value)
    }
    if (!isWhole) throw new Pkcs11Failure('ATTRIBUTE_TYPE_INVALID', output.take())
    return output
  },
  /** A copy has no label unless it is given one: names are unique here. */
  async C_CopyObject(input, application, context) {
    application.writableSession(input.ulong())
    const uniqueIdentifier = application.identifierOf(input.ulong())
    const template = readTemplate(input)
    context.objects.begin(Operation.Get)
    const original = await context.objects.loadExisting(uniqueIdentifier)
    const { objectType, object } = await material(uniqueIdentifier, context)
    const { activationDate, cryptographicUsageMask: mask = 0 } = original.attributes
    const attributes = { activationDate, cryptographicUsageMask: maskAfter(mask, template, classOf(original)) }
    const copy = (await run(register, { objectType, object, attributes }, context))['uniqueIdentifier'] as string
    for (const [type, value] of template) {
      if (usageOf(type, classOf(original)) === undefined) await change(copy, type, value, context)
    }
    return new Pkcs11Writer().ulong(application.handleOf(copy))
  },
  async C_SetAttributeValue(input, application, context) {
    application.writableSession(input.ulong())
    const uniqueIdentifier = application.identifierOf(input.ulong())
    for (const [type, value] of readTemplate(input)) await change(uniqueIdentifier, type, value, context)
    return undefined
  },
  async C_DestroyObject(input, application, context) {
    application.writableSession(input.ulong())
    await run(destroy, { uniqueIdentifier: application.identifierOf(input.ulong()) }, context)
    return undefined
  },
}

/** Each once, or a short request would have an answer of any length. */
function typesIn(input: Pkcs11Reader): number[] {
  const types = new Set<number>()
  for (let left = input.count(); left > 0; left -= 1) {
    const type = input.ulong()
    if (types.has(type)) throw new Pkcs11Failure('ARGUMENTS_BAD')
    types.add(type)
    if (input.isPresent()) input.count()
  }
  return [...types]
}

/** @throws Pkcs11Failure for what does not leave in the clear, and so could not be copied either */
async function material(uniqueIdentifier: string, context: Context): Promise<Record<string, unknown>> {
  try {
    return await run(get, { uniqueIdentifier }, context)
  } catch (error) {
    const isKept = error instanceof KmipError && (error.reason === 'Sensitive' || error.reason === 'NotExtractable')
    throw isKept ? new Pkcs11Failure('ACTION_PROHIBITED') : error
  }
}

/** Changes one attribute, as KMIP's operations on attributes allow it. */
async function change(uniqueIdentifier: string, type: number, value: Buffer, context: Context): Promise<void> {
  const object = await context.objects.loadExisting(uniqueIdentifier)
  const { attributes } = object
  if (usageOf(type, classOf(object)) !== undefined) {
    const { cryptographicUsageMask: old } = attributes
    const mask = maskAfter(old ?? 0, new Map([[type, value]]), classOf(object))
    if (mask === (old ?? 0)) return
    await put(uniqueIdentifier, { name: 'cryptographicUsageMask', value: mask }, [old], context)
  } else if (type === Cka.LABEL) {
    await put(uniqueIdentifier, { name: 'name', value: nameOf(value) }, attributes.name, context)
  } else if (type === Cka.ID) {
    const isId = (each: VendorAttribute): boolean => each.attributeName === idAttribute.attributeName
    const ids = attributes.vendorAttribute?.filter(isId)
    await put(uniqueIdentifier, { name: 'vendorAttribute', value: idOf(value) }, ids, context)
  } else if (type === Cka.SENSITIVE || type === Cka.EXTRACTABLE) {
    const name = type === Cka.SENSITIVE ? 'sensitive' : 'extractable'
    const old = attributes[name]
    await put(uniqueIdentifier, { name, value: truth(value) }, old === undefined ? [] : [old], context)
  } else {
    throw new Pkcs11Failure(attributesOf(object).has(type) ? 'ATTRIBUTE_READ_ONLY' : 'ATTRIBUTE_TYPE_INVALID')
  }
}

/** In place of the first value that there is, or as a new one. */
async function put(
  uniqueIdentifier: string, newAttribute: AttributeInstance, [old]: readonly unknown[] = [], context: Context,
): Promise<void> {
  const currentAttribute = isMultiInstance(newAttribute.name) ? { name: newAttribute.name, value: old } : undefined
  await (old === undefined
    ? run(addAttribute, { uniqueIdentifier, newAttribute }, context)
    : run(modifyAttribute, { uniqueIdentifier, currentAttribute, newAttribute }, context))
}

function isLiving({ kind, attributes }: ManagedObject, now: number): boolean {
  return isShown(kind) && !stateAt(attributes, now).startsWith('Destroyed')
}

function matches(object: ManagedObject, template: ReadonlyMap<number, Buffer>): boolean {
  if (template.size === 0) return true
  const values = attributesOf(object)
  return [...template].every(([type, value]) => values.get(type)?.equals(value) === true)
}

/** Handles of one search. */
const foundMax = 10_000
