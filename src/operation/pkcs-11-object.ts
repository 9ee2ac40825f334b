import { Cka, Ckk, Cko } from '../kmip/pkcs11-constants.ts'
import { CryptographicAlgorithm, CryptographicUsageMask, Operation } from '../kmip/generated/enums.ts'
import { Pkcs11Writer } from '../kmip/pkcs11-codec.ts'
import type { Pkcs11Reader } from '../kmip/pkcs11-codec.ts'
import { stateAt } from '../model/lifecycle.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { hasMask } from '../model/usage.ts'
import { destroy } from './destroy.ts'
import { accountKey } from './index-keys.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'
import type { Pkcs11Function } from './pkcs-11-application.ts'

/** The functions that find keys and tell of them. A key's label is its name, its id the Unique Identifier. */
export const objectFunctions: Readonly<Record<string, Pkcs11Function>> = {
  async C_FindObjectsInit(input, application, context) {
    const session = application.session(input.ulong())
    if (session.found !== undefined) throw new Pkcs11Failure('OPERATION_ACTIVE')
    const template = readTemplate(input)
    const found: string[] = []
    context.objects.begin(Operation.Locate)
    for await (const object of context.objects.find(accountKey(context.caller.account))) {
      if (isKey(object, context.now) && matches(object, template)) found.push(object.uniqueIdentifier)
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
    const values = attributesOf(object)
    const output = new Pkcs11Writer()
    let isWhole = true
    const count = input.count()
    output.count(count)
    for (let index = 0; index < count; index += 1) {
      const type = input.ulong()
      if (input.isPresent()) input.count()
      const value = values.get(type)
      isWhole &&= value !== undefined
      output.ulong(type).byte(value === undefined ? 0 : 1)
      if (value !== undefined) output.bytes(value)
    }
    if (!isWhole) throw new Pkcs11Failure('ATTRIBUTE_TYPE_INVALID', output.take())
    return output
  },
  async C_DestroyObject(input, application, context) {
    application.session(input.ulong())
    const uniqueIdentifier = application.identifierOf(input.ulong())
    context.objects.begin(Operation.Destroy)
    await destroy.handle({ uniqueIdentifier } as never, context)
    return undefined
  },
}

/** Attributes that objects are to have, each with its value. */
function readTemplate(input: Pkcs11Reader): ReadonlyMap<number, Buffer> {
  const template = new Map<number, Buffer>()
  for (let left = input.count(); left > 0; left -= 1) {
    const type = input.ulong()
    template.set(type, input.isPresent() ? input.bytes() : Buffer.alloc(0))
  }
  return template
}

function isKey({ kind, attributes }: ManagedObject, now: number): boolean {
  return classes[kind] !== undefined && !stateAt(attributes, now).startsWith('Destroyed')
}

function matches(object: ManagedObject, template: ReadonlyMap<number, Buffer>): boolean {
  if (template.size === 0) return true
  const values = attributesOf(object)
  return [...template].every(([type, value]) => values.get(type)?.equals(value) === true)
}

/** Never the material: what is to leave the server, Get gives. */
function attributesOf({ kind, uniqueIdentifier, attributes }: ManagedObject): ReadonlyMap<number, Buffer> {
  const { cryptographicUsageMask: mask = 0, cryptographicLength = 0, cryptographicAlgorithm } = attributes
  const may = (use: keyof typeof CryptographicUsageMask): Buffer => flag(hasMask(mask, CryptographicUsageMask[use]))
  return new Map([
    [Cka.CLASS, number(classes[kind] ?? Cko.SECRET_KEY)],
    [Cka.TOKEN, flag(true)],
    [Cka.PRIVATE, flag(kind !== 'PublicKey')],
    [Cka.LABEL, Buffer.from(attributes.name?.[0]?.nameValue ?? '', 'utf8')],
    [Cka.ID, Buffer.from(uniqueIdentifier, 'utf8')],
    [Cka.KEY_TYPE, number(keyTypes.get(cryptographicAlgorithm ?? 0) ?? Ckk.GENERIC_SECRET)],
    [Cka.SENSITIVE, flag(attributes.sensitive === true)],
    [Cka.EXTRACTABLE, flag(attributes.extractable !== false)],
    [Cka.ENCRYPT, may('Encrypt')],
    [Cka.DECRYPT, may('Decrypt')],
    [Cka.SIGN, flag(hasMask(mask, CryptographicUsageMask.Sign) || hasMask(mask, CryptographicUsageMask.MACGenerate))],
    [Cka.VERIFY, flag(hasMask(mask, CryptographicUsageMask.Verify) || hasMask(mask, CryptographicUsageMask.MACVerify))],
    [Cka.WRAP, may('WrapKey')],
    [Cka.UNWRAP, may('UnwrapKey')],
    ...(kind === 'SymmetricKey' ? [[Cka.VALUE_LEN, number(cryptographicLength / 8)] as const] : []),
    ...(kind === 'SymmetricKey' ? [] : [[Cka.MODULUS_BITS, number(cryptographicLength)] as const]),
  ])
}

function flag(value: boolean): Buffer {
  return Buffer.from([value ? 1 : 0])
}

function number(value: number): Buffer {
  return new Pkcs11Writer().ulong(value).take()
}

const classes: Partial<Record<ManagedObject['kind'], number>> = {
  SymmetricKey: Cko.SECRET_KEY, PrivateKey: Cko.PRIVATE_KEY, PublicKey: Cko.PUBLIC_KEY,
}
const keyTypes: ReadonlyMap<number, number> = new Map([
  [CryptographicAlgorithm.AES, Ckk.AES], [CryptographicAlgorithm.RSA, Ckk.RSA], [CryptographicAlgorithm.EC, Ckk.EC],
  [CryptographicAlgorithm.ECDSA, Ckk.EC], [CryptographicAlgorithm.ECDH, Ckk.EC],
])
/** Handles of one search. */
const foundMax = 10_000
