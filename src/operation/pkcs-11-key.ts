import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import {
  CryptographicAlgorithm, EncodingOption, KeyFormatType, ObjectType, Operation, WrappingMethod,
} from '../kmip/generated/enums.ts'
import { keyBlockOf } from '../kmip/object.ts'
import type { KeyBlock, ManagedObjectValue } from '../kmip/object.ts'
import type { GetResponse } from '../kmip/payload/get.ts'
import { Pkcs11Writer } from '../kmip/pkcs11-codec.ts'
import type { Pkcs11Reader } from '../kmip/pkcs11-codec.ts'
import { Cka, Ckm, Cko } from '../kmip/pkcs11-constants.ts'
import { Secret } from '../kmip/secret.ts'
import { createKeyPair } from './create-key-pair.ts'
import { create } from './create.ts'
import { agreedObject, deriveKey } from './derive-key.ts'
import { get } from './get.ts'
import { unwrapKeyBlock, wrappedBytes } from './key-unwrapping.ts'
import type { Context } from './operation.ts'
import { otherParty } from './pkcs-11-agreement.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'
import type { Application, Pkcs11Function } from './pkcs-11-application.ts'
import {
  derivationMechanisms, generationMechanisms, pairMechanisms, readMechanism, wrappingMechanisms,
} from './pkcs-11-key-mechanism.ts'
import { roomIn, withinRoom } from './pkcs-11-room.ts'
import { run, runAs } from './pkcs-11-run.ts'
import { keyAttributes, readTemplate, secretAlgorithm } from './pkcs-11-template.ts'
import type { Template } from './pkcs-11-template.ts'
import { register } from './register.ts'

/** The functions that make, wrap and derive keys. Each ends in the KMIP operation of the same meaning. */
export const keyFunctions: Readonly<Record<string, Pkcs11Function>> = {
  async C_GenerateKey(input, application, context) {
    application.writableSession(input.ulong())
    const algorithm = known(generationMechanisms, readMechanism(input).type)
    const attributes = withLength(keyAttributes(readTemplate(input), Cko.SECRET_KEY, algorithm, context.now))
    const { uniqueIdentifier } = await sized(run(create, { objectType: ObjectType.SymmetricKey, attributes }, context))
    return handle(application, uniqueIdentifier)
  },
  async C_GenerateKeyPair(input, application, context) {
    application.writableSession(input.ulong())
    const { algorithm, length } = known(pairMechanisms, readMechanism(input).type)
    const publicTemplate = readTemplate(input)
    if (!publicTemplate.has(length)) throw new Pkcs11Failure('TEMPLATE_INCOMPLETE')
    const publicKeyAttributes = keyAttributes(publicTemplate, Cko.PUBLIC_KEY, algorithm, context.now)
    const { cryptographicLength, cryptographicDomainParameters } = publicKeyAttributes
    const privateKeyAttributes: AttributeSet = {
      ...keyAttributes(readTemplate(input), Cko.PRIVATE_KEY, algorithm, context.now),
      ...(cryptographicLength !== undefined && { cryptographicLength }),
      ...(cryptographicDomainParameters !== undefined && { cryptographicDomainParameters }),
    }
    const pair = await sized(run(createKeyPair, { publicKeyAttributes, privateKeyAttributes }, context))
    return new Pkcs11Writer()
      .ulong(application.handleOf(pair['publicKeyUniqueIdentifier'] as string))
      .ulong(application.handleOf(pair['privateKeyUniqueIdentifier'] as string))
  },
  async C_WrapKey(input, application, context) {
    application.session(input.ulong())
    const cryptographicParameters = wrappingParameters(input)
    const wrappingKey = identifierOf(application, input.ulong(), 'WRAPPING_KEY_HANDLE_INVALID')
    const uniqueIdentifier = identifierOf(application, input.ulong(), 'KEY_HANDLE_INVALID')
    const room = roomIn(input)
    const isPrivate = (await context.objects.load(uniqueIdentifier)).kind === 'PrivateKey'
    const { object } = await run(get, {
      uniqueIdentifier,
      ...(isPrivate && { keyFormatType: KeyFormatType.PKCS_8 }),
      keyWrappingSpecification: {
        wrappingMethod: WrappingMethod.Encrypt,
        encryptionKeyInformation: { uniqueIdentifier: wrappingKey, cryptographicParameters },
        attributeName: [],
        encodingOption: EncodingOption.NoEncoding,
      },
    }, context) as unknown as GetResponse
    return withinRoom(wrappedBytes(keyBlockOf(object)!.keyValue!), room)
  },
  async C_UnwrapKey(input, application, context) {
    application.writableSession(input.ulong())
    const cryptographicParameters = wrappingParameters(input)
    const unwrappingKey = identifierOf(application, input.ulong(), 'UNWRAPPING_KEY_HANDLE_INVALID')
    const wrapped = new Secret(Buffer.from(input.bytes()))
    const template = readTemplate(input)
    context.objects.begin(Operation.Register)
    const block = await unwrapped(context, {
      keyFormatType: isPrivate(template) ? KeyFormatType.PKCS_8 : KeyFormatType.Raw,
      keyValue: { wrapped },
      keyWrappingData: {
        wrappingMethod: WrappingMethod.Encrypt,
        encryptionKeyInformation: { uniqueIdentifier: unwrappingKey, cryptographicParameters },
        encodingOption: EncodingOption.NoEncoding,
      },
    })
    return handle(application, await registered(context, block, template))
  },
  async C_DeriveKey(input, application, context) {
    application.writableSession(input.ulong())
    const { type, parameter } = readMechanism(input)
    const base = identifierOf(application, input.ulong(), 'KEY_HANDLE_INVALID')
    const template = readTemplate(input)
    const attributes = withLength(keyAttributes(template, Cko.SECRET_KEY, secretAlgorithm(template), context.now))
    const order = { objectType: ObjectType.SymmetricKey, attributes }
    if (type === Ckm.ECDH1_DERIVE) {
      const peerOf = otherParty(parameter)
      return handle(application, await runAs(Operation.DeriveKey, context, () => agreedObject(context, base, peerOf, order)))
    }
    const { derivationMethod, parametersOf } = known(derivationMechanisms, type)
    const derivationParameters = parametersOf(parameter)
    const { uniqueIdentifier } = await run(deriveKey, {
      ...order, uniqueIdentifier: [base], derivationMethod, derivationParameters,
    }, context)
    return handle(application, uniqueIdentifier)
  },
  /** A secret key by its value. */
  async C_CreateObject(input, application, context) {
    application.writableSession(input.ulong())
    const template = new Map(readTemplate(input))
    const value = template.get(Cka.VALUE)
    if (value === undefined || !template.has(Cka.CLASS)) throw new Pkcs11Failure('TEMPLATE_INCOMPLETE')
    template.delete(Cka.VALUE)
    if (isPrivate(template)) throw new Pkcs11Failure('TEMPLATE_INCONSISTENT')
    const block = { keyFormatType: KeyFormatType.Raw, keyValue: { keyMaterial: new Secret(Buffer.from(value)) } }
    return handle(application, await registered(context, block, template))
  },
}

/** Registers a key that is in the clear; its length is what it has. */
async function registered(context: Context, block: KeyBlock, template: Template): Promise<unknown> {
  const kind = isPrivate(template) ? 'PrivateKey' : 'SymmetricKey'
  const algorithm = kind === 'PrivateKey' ? privateAlgorithm(template) : secretAlgorithm(template)
  const bytes = wrappedBytes(block.keyValue!).length
  const objectClass = kind === 'PrivateKey' ? Cko.PRIVATE_KEY : Cko.SECRET_KEY
  const { cryptographicLength = bytes * 8, ...attributes } = keyAttributes(template, objectClass, algorithm, context.now)
  if (kind === 'SymmetricKey' && cryptographicLength !== bytes * 8) throw new Pkcs11Failure('TEMPLATE_INCONSISTENT')
  const told = kind === 'SymmetricKey' ? { cryptographicAlgorithm: algorithm, cryptographicLength } : {}
  const object = { kind, value: { keyBlock: { ...block, ...told } } } as ManagedObjectValue
  const rest = kind === 'SymmetricKey' ? attributes : { ...attributes, cryptographicAlgorithm: undefined }
  const answer = await run(register, { objectType: ObjectType[kind], object, attributes: rest }, context)
  return answer['uniqueIdentifier']
}

/** All that can still be wrong with what a template asks for is its length. */
async function sized<T>(made: Promise<T>): Promise<T> {
  try {
    return await made
  } catch (error) {
    throw error instanceof KmipError && error.reason === 'InvalidAttributeValue' ? new Pkcs11Failure('KEY_SIZE_RANGE') : error
  }
}

async function unwrapped(context: Context, block: KeyBlock): Promise<KeyBlock> {
  try {
    return await unwrapKeyBlock(context, block)
  } catch (error) {
    const isWrong = error instanceof KmipError && error.reason === 'CryptographicFailure'
    throw isWrong ? new Pkcs11Failure('WRAPPED_KEY_INVALID') : error
  }
}

function wrappingParameters(input: Pkcs11Reader): ReturnType<NonNullable<ReturnType<typeof wrappingMechanisms.get>>> {
  const { type, parameter } = readMechanism(input)
  return known(wrappingMechanisms, type)(parameter)
}

function known<T>(mechanisms: ReadonlyMap<number, T>, type: number): T {
  const found = mechanisms.get(type)
  if (found === undefined) throw new Pkcs11Failure('MECHANISM_INVALID')
  return found
}

function withLength(attributes: AttributeSet): AttributeSet {
  if (attributes.cryptographicLength === undefined) throw new Pkcs11Failure('TEMPLATE_INCOMPLETE')
  return attributes
}

function isPrivate(template: Template): boolean {
  const given = template.get(Cka.CLASS)
  return given !== undefined && given.length === 8 && given[7] === Cko.PRIVATE_KEY
}

function privateAlgorithm(template: Template): number {
  const type = template.get(Cka.KEY_TYPE)
  if (type === undefined) throw new Pkcs11Failure('TEMPLATE_INCOMPLETE')
  return type[7] === 0 ? CryptographicAlgorithm.RSA : CryptographicAlgorithm.ECDSA
}

function identifierOf(application: Application, key: number, code: string): string {
  try {
    return application.identifierOf(key)
  } catch {
    throw new Pkcs11Failure(code)
  }
}

function handle(application: Application, uniqueIdentifier: unknown): Pkcs11Writer {
  return new Pkcs11Writer().ulong(application.handleOf(uniqueIdentifier as string))
}
