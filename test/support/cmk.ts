import { defaultCmkSettings } from '../../src/cmk/settings.ts'
import type { CmkSettings } from '../../src/cmk/settings.ts'
import { Client } from '../../src/client/client.ts'
import type { OperationShape } from '../../src/client/client.ts'
import type { AttributeInstance, AttributeSet } from '../../src/kmip/attribute.ts'
import type { CryptographicParameters, VendorAttribute } from '../../src/kmip/attribute-value.ts'
import { KmipError } from '../../src/kmip/error.ts'
import {
  AlternativeNameType, CryptographicAlgorithm, EncodingOption, KeyFormatType, NameType, ObjectType, Operation, WrappingMethod,
} from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { keywardVendor } from '../../src/kmip/keyward-attribute.ts'
import { AddAttributeRequest, AddAttributeResponse } from '../../src/kmip/payload/add-attribute.ts'
import { ArchiveRequest, ArchiveResponse } from '../../src/kmip/payload/archive.ts'
import { CreateRequest, CreateResponse } from '../../src/kmip/payload/create.ts'
import { CreateKeyPairRequest, CreateKeyPairResponse } from '../../src/kmip/payload/create-key-pair.ts'
import { DecryptRequest, DecryptResponse } from '../../src/kmip/payload/decrypt.ts'
import { DeleteAttributeRequest, DeleteAttributeResponse } from '../../src/kmip/payload/delete-attribute.ts'
import { DestroyRequest, DestroyResponse } from '../../src/kmip/payload/destroy.ts'
import { EncryptRequest, EncryptResponse } from '../../src/kmip/payload/encrypt.ts'
import { GetRequest, GetResponse } from '../../src/kmip/payload/get.ts'
import { GetAttributesRequest, GetAttributesResponse } from '../../src/kmip/payload/get-attributes.ts'
import { LocateRequest, LocateResponse } from '../../src/kmip/payload/locate.ts'
import { ModifyAttributeRequest, ModifyAttributeResponse } from '../../src/kmip/payload/modify-attribute.ts'
import { ReKeyRequest, ReKeyResponse } from '../../src/kmip/payload/re-key.ts'
import { RegisterRequest, RegisterResponse } from '../../src/kmip/payload/register.ts'
import { RevokeRequest, RevokeResponse } from '../../src/kmip/payload/revoke.ts'
import { SetAttributeRequest, SetAttributeResponse } from '../../src/kmip/payload/set-attribute.ts'
import { SignRequest, SignResponse } from '../../src/kmip/payload/sign.ts'
import { SignatureVerifyRequest, SignatureVerifyResponse } from '../../src/kmip/payload/signature-verify.ts'
import type { FieldMap, InferFields, Structure } from '../../src/kmip/schema.ts'
import type { Services } from '../../src/server/batch-item.ts'
import { Scheduler } from '../../src/server/scheduler.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { testEngine } from './engine.ts'

/** A server in process whose clock the test moves, and its scheduler, which runs when the test says so. */
export class Lab {
  /** Milliseconds since 1970-01-01 UTC. */
  nowMs = Date.UTC(2026, 0, 1)
  readonly services: Services
  readonly scheduler: Scheduler
  readonly #process: (bytes: Buffer, principal: string, account: string) => Promise<Buffer>

  constructor(cmk: Partial<CmkSettings> = {}, services: Partial<Services> = {}) {
    const settings = {
      locateItemsMax: 1_000, randomBytesMax: 65_536, serverName: 'Keyward', serverVersion: 'test', interop: true,
      https: false, cmk: { ...defaultCmkSettings, ...cmk },
    }
    const made = testEngine({ clock: () => this.nowMs, settings, ...services })
    const { engine } = made
    this.services = made.services
    this.scheduler = new Scheduler(made.services, 'test', engine.changes)
    this.#process = async (bytes, principal, account) => (await engine.process(bytes, { account, principal })).bytes
  }

  /** Seconds since 1970-01-01 UTC. */
  get now(): number {
    return Math.floor(this.nowMs / 1000)
  }

  passDays(days: number): void {
    this.nowMs += days * 86_400_000
  }

  as(principal: string, version = 201, account = 'alpha'): LabClient {
    const exchange = (bytes: Buffer) => this.#process(Buffer.from(bytes), principal, account)
    return new LabClient(new Client({ exchange, close() {} } as never, version))
  }
}

/** The operations that tests of CMKs need, in few words. */
export class LabClient {
  readonly client: Client

  constructor(client: Client) {
    this.client = client
  }

  async create(values: CmkValues, attributes: AttributeSet = {}): Promise<string> {
    const request = { objectType: ObjectType.SymmetricKey, attributes: { ...attributes, vendorAttribute: vendors(values) } }
    return (await this.client.request(shapes.create, request)).uniqueIdentifier
  }

  /** A key of KMIP alone. */
  async createPlain(extra: AttributeSet = {}): Promise<string> {
    const { AES } = CryptographicAlgorithm
    const attributes = { cryptographicAlgorithm: AES, cryptographicLength: 256, cryptographicUsageMask: 12, ...extra }
    return (await this.client.request(shapes.create, { objectType: ObjectType.SymmetricKey, attributes })).uniqueIdentifier
  }

  /** A symmetric key of KMIP alone, brought as it is. */
  async registerPlain(bytes: Buffer, cryptographicAlgorithm: number): Promise<string> {
    const keyBlock = {
      keyFormatType: KeyFormatType.Raw, keyValue: { keyMaterial: new Secret(bytes) }, cryptographicAlgorithm,
      cryptographicLength: bytes.length * 8,
    }
    const { uniqueIdentifier } = await this.client.request(shapes.register, {
      objectType: ObjectType.SymmetricKey,
      attributes: { cryptographicUsageMask: 12, activationDate: 1 },
      object: { kind: 'SymmetricKey', value: { keyBlock } },
    })
    return uniqueIdentifier
  }

  async createPair(values: CmkValues, attributes: AttributeSet = {}): Promise<{ privateKey: string; publicKey: string }> {
    const commonAttributes = { ...attributes, vendorAttribute: vendors(values) }
    const made = await this.client.request(shapes.createKeyPair, { commonAttributes })
    return { privateKey: made.privateKeyUniqueIdentifier, publicKey: made.publicKeyUniqueIdentifier }
  }

  /** Sets one attribute of a CMK: by Set Attribute in 2.x, by Modify Attribute in 1.x. */
  async set(id: string, name: string, value: CmkValue): Promise<void> {
    const newAttribute: AttributeInstance = { name: 'vendorAttribute', value: vendor(name, value) }
    const request = { uniqueIdentifier: id, newAttribute }
    if (this.client.version >= 200) await this.client.request(shapes.setAttribute, request)
    else await this.client.request(shapes.modifyAttribute, request)
  }

  /** Sets an attribute of KMIP's own. */
  async setOwn(id: string, newAttribute: AttributeInstance): Promise<void> {
    await this.client.request(shapes.setAttribute, { uniqueIdentifier: id, newAttribute })
  }

  async addOwn(id: string, newAttribute: AttributeInstance): Promise<void> {
    await this.client.request(shapes.addAttribute, { uniqueIdentifier: id, newAttribute })
  }

  async deleteOwn(id: string, currentAttribute: AttributeInstance): Promise<void> {
    await this.client.request(shapes.deleteAttribute, { uniqueIdentifier: id, currentAttribute })
  }

  /** Changes one Name into another. */
  async modifyOwn(id: string, from: string, to: string): Promise<void> {
    const [currentAttribute, newAttribute] = [from, to].map((nameValue) => (
      { name: 'name', value: { nameValue, nameType: NameType.UninterpretedTextString } } as const))
    await this.client.request(shapes.modifyAttribute, {
      uniqueIdentifier: id, currentAttribute: currentAttribute!, newAttribute: newAttribute!,
    })
  }

  async add(id: string, name: string, value: CmkValue): Promise<void> {
    const newAttribute: AttributeInstance = { name: 'vendorAttribute', value: vendor(name, value) }
    await this.client.request(shapes.addAttribute, { uniqueIdentifier: id, newAttribute })
  }

  async delete(id: string, attributeName: string, value?: CmkValue): Promise<void> {
    const attributeReference = { name: 'vendorAttribute', vendorIdentification: keywardVendor, attributeName } as const
    await this.client.request(shapes.deleteAttribute, {
      uniqueIdentifier: id,
      ...(value === undefined
        ? { attributeReference }
        : { currentAttribute: { name: 'vendorAttribute', value: vendor(attributeName, value) } as const }),
    })
  }

  async attributes(id: string): Promise<AttributeSet> {
    const { attributes } = await this.client.request(shapes.getAttributes, { uniqueIdentifier: id, attributeReference: [] })
    return attributes ?? {}
  }

  /** The CMK's own attributes by name; of those with several values the last. */
  async describe(id: string): Promise<Record<string, CmkValue>> {
    const { vendorAttribute = [] } = await this.attributes(id)
    return Object.fromEntries(vendorAttribute.filter((each) => each.vendorIdentification === keywardVendor)
      .map(({ attributeName, attributeValue }) => [attributeName, attributeValue.value as CmkValue]))
  }

  async encrypt(id: string, data: Buffer, extra: Partial<InferFields<typeof EncryptRequest.fields>> = {}) {
    return this.client.request(shapes.encrypt, { uniqueIdentifier: id, data, ...extra })
  }

  async decrypt(id: string, sealed: Sealed, extra: Partial<InferFields<typeof DecryptRequest.fields>> = {}) {
    const { data, ivCounterNonce, authenticatedEncryptionTag } = sealed
    return this.client.request(shapes.decrypt, {
      uniqueIdentifier: id, data: data!, ivCounterNonce, authenticatedEncryptionTag, ...extra,
    })
  }

  async sign(id: string, data: Buffer) {
    return this.client.request(shapes.sign, { uniqueIdentifier: id, data })
  }

  async verify(id: string, data: Buffer, signatureData: Buffer) {
    return this.client.request(shapes.verify, { uniqueIdentifier: id, data, signatureData })
  }

  async get(id: string, extra: Partial<InferFields<typeof GetRequest.fields>> = {}) {
    return this.client.request(shapes.get, { uniqueIdentifier: id, ...extra })
  }

  /** Registers a key that is wrapped under another one. */
  async registerWrapped(
    bytes: Buffer, wrappingKey: string,
    { cryptographicParameters, ivCounterNonce }: {
      cryptographicParameters?: CryptographicParameters; ivCounterNonce?: Buffer
    } = {},
  ): Promise<string> {
    const keyBlock = {
      keyFormatType: KeyFormatType.Raw,
      keyValue: { wrapped: new Secret(bytes) },
      cryptographicAlgorithm: CryptographicAlgorithm.AES,
      cryptographicLength: 256,
      keyWrappingData: {
        wrappingMethod: WrappingMethod.Encrypt, encodingOption: EncodingOption.NoEncoding,
        encryptionKeyInformation: { uniqueIdentifier: wrappingKey, cryptographicParameters },
        ivCounterNonce,
      },
    }
    const { uniqueIdentifier } = await this.client.request(shapes.register, {
      objectType: ObjectType.SymmetricKey,
      attributes: { cryptographicUsageMask: 12 },
      object: { kind: 'SymmetricKey', value: { keyBlock } },
    })
    return uniqueIdentifier
  }

  async rekey(id: string, attributes?: AttributeSet) {
    return this.client.request(shapes.reKey, { uniqueIdentifier: id, attributes })
  }

  async destroy(id: string) {
    return this.client.request(shapes.destroy, { uniqueIdentifier: id })
  }

  async revoke(id: string, revocationReasonCode: number) {
    return this.client.request(shapes.revoke, { uniqueIdentifier: id, revocationReason: { revocationReasonCode } })
  }

  async locateNamed(nameValue: string): Promise<string[]> {
    const attributes = [{ name: 'name', value: { nameValue, nameType: NameType.UninterpretedTextString } } as const]
    return (await this.client.request(shapes.locate, { attributes })).uniqueIdentifier
  }

  async locateByAlternativeName(alternativeNameValue: string): Promise<string[]> {
    const value = { alternativeNameValue, alternativeNameType: AlternativeNameType.URI }
    const attributes = [{ name: 'alternativeName', value } as const]
    return (await this.client.request(shapes.locate, { attributes })).uniqueIdentifier
  }

  async archive(id: string) {
    return this.client.request(shapes.archive, { uniqueIdentifier: id })
  }

  async locate(values: CmkValues, page: { maximumItems?: number; offsetItems?: number } = {}): Promise<string[]> {
    const attributes = vendors(values).map((value) => ({ name: 'vendorAttribute', value }) as const)
    return (await this.client.request(shapes.locate, { attributes, ...page })).uniqueIdentifier
  }
}

export type CmkValue = string | number | boolean
/** A list stands for several instances. */
export type CmkValues = Readonly<Record<string, CmkValue | readonly string[]>>
export interface Sealed {
  readonly data?: Buffer | undefined
  readonly ivCounterNonce?: Buffer | undefined
  readonly authenticatedEncryptionTag?: Buffer | undefined
}

/** The reason of the refusal, or `Success`. */
export async function outcome(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'Success'
  } catch (error) {
    if (error instanceof KmipError) return error.reason
    throw error
  }
}

export function vendors(values: CmkValues): VendorAttribute[] {
  return Object.entries(values).flatMap(([name, value]) => [value].flat().map((each) => vendor(name, each)))
}

function vendor(attributeName: string, value: CmkValue): VendorAttribute {
  return { vendorIdentification: keywardVendor, attributeName, attributeValue: itemOf(value) }
}

function itemOf(value: CmkValue): Item {
  const tag = Tag.AttributeValue
  if (typeof value === 'boolean') return { tag, type: ItemType.Boolean, value }
  if (typeof value === 'number') return { tag, type: ItemType.Integer, value }
  return { tag, type: ItemType.TextString, value }
}

function shape<Q extends FieldMap, R extends FieldMap>(
  code: number, request: Structure<Q>, response: Structure<R>,
): OperationShape<Q, R> {
  return { code, request, response }
}

const shapes = {
  create: shape(Operation.Create, CreateRequest, CreateResponse),
  createKeyPair: shape(Operation.CreateKeyPair, CreateKeyPairRequest, CreateKeyPairResponse),
  setAttribute: shape(Operation.SetAttribute, SetAttributeRequest, SetAttributeResponse),
  modifyAttribute: shape(Operation.ModifyAttribute, ModifyAttributeRequest, ModifyAttributeResponse),
  addAttribute: shape(Operation.AddAttribute, AddAttributeRequest, AddAttributeResponse),
  deleteAttribute: shape(Operation.DeleteAttribute, DeleteAttributeRequest, DeleteAttributeResponse),
  getAttributes: shape(Operation.GetAttributes, GetAttributesRequest, GetAttributesResponse),
  encrypt: shape(Operation.Encrypt, EncryptRequest, EncryptResponse),
  decrypt: shape(Operation.Decrypt, DecryptRequest, DecryptResponse),
  sign: shape(Operation.Sign, SignRequest, SignResponse),
  verify: shape(Operation.SignatureVerify, SignatureVerifyRequest, SignatureVerifyResponse),
  get: shape(Operation.Get, GetRequest, GetResponse),
  reKey: shape(Operation.ReKey, ReKeyRequest, ReKeyResponse),
  destroy: shape(Operation.Destroy, DestroyRequest, DestroyResponse),
  register: shape(Operation.Register, RegisterRequest, RegisterResponse),
  revoke: shape(Operation.Revoke, RevokeRequest, RevokeResponse),
  archive: shape(Operation.Archive, ArchiveRequest, ArchiveResponse),
  locate: shape(Operation.Locate, LocateRequest, LocateResponse),
}
