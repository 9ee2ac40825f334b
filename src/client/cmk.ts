import type { AttributeInstance, AttributeReference, AttributeSet } from '../kmip/attribute.ts'
import type { VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import {
  EncodingOption, KeyFormatType, ObjectType, WrappingMethod,
} from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { isCmkAttribute, keywardVendor, tagPrefix } from '../kmip/keyward-attribute.ts'
import type { KeywardName } from '../kmip/keyward-attribute.ts'
import { Secret } from '../kmip/secret.ts'
import { parseVersion } from '../kmip/version.ts'
import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import type { Client } from './client.ts'
import {
  addAttribute, create, createKeyPair, deleteAttribute, get, getAttributes, locate, modifyAttribute, register,
  setAttribute,
} from './operations.ts'

export type CmkValue = string | number | boolean
/** A tag is `cmk-tag-<key>`. */
export type CmkAttributeName = KeywardName | `cmk-tag-${string}`
export type CmkValues = { readonly [name in CmkAttributeName]?: CmkValue }

/** What a CMK says of itself, or rather one of its versions. */
export interface CmkDescription {
  /** Unique Identifier of the version. */
  readonly version: string
  readonly values: Readonly<Partial<Record<KeywardName, CmkValue>>>
  readonly aliases: readonly string[]
  readonly tags: Readonly<Record<string, string>>
}

export interface ImportParameters {
  readonly wrapping: string
  readonly token: string
  /** Unique Identifier of the public key. */
  readonly key: string
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Buffer
  /** Seconds since 1970-01-01 UTC. */
  readonly expireDate: number
}

/**
 * The life of the CMKs of a Keyward server, by the attributes and operations that every KMIP client has, in any version
 * since 1.1. A CMK is given as its id, `key/<id>`, ARN or `alias/<name>`. All methods throw KmipError with the server's
 * reason, and ConnectionError.
 */
export class CmkClient {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** @returns the id: that of the symmetric or the private key; and the public key's, where there is one */
  async create(values: CmkValues, aliases: readonly string[]): Promise<{ id: string; publicKey?: string }> {
    const vendorAttribute = [
      ...entriesOf(values).map(([name, value]) => vendor(name, value)),
      ...aliases.map((alias) => vendor('cmk-alias', alias)),
    ]
    if (!isPairSpec(values)) {
      const request = { objectType: ObjectType.SymmetricKey, attributes: { vendorAttribute } }
      return { id: (await this.#client.request(create, request)).uniqueIdentifier }
    }
    const made = await this.#client.request(createKeyPair, { commonAttributes: { vendorAttribute } })
    return { id: made.privateKeyUniqueIdentifier, publicKey: made.publicKeyUniqueIdentifier }
  }

  /** @throws KmipError Invalid Object Type for an object that is no version of a CMK */
  async describe(cmk: string): Promise<CmkDescription> {
    const { attributes = {}, uniqueIdentifier } = await this.#client.request(getAttributes, {
      uniqueIdentifier: cmk, attributeReference: [],
    })
    return descriptionOf(uniqueIdentifier, attributes)
  }

  /** Sets an attribute, and does what that means. */
  async set(cmk: string, name: CmkAttributeName, value: CmkValue): Promise<void> {
    const newAttribute: AttributeInstance = { name: 'vendorAttribute', value: vendor(name, value) }
    const shape = this.#client.version >= v2 ? setAttribute : modifyAttribute
    await this.#client.request(shape, { uniqueIdentifier: cmk, newAttribute })
  }

  async add(cmk: string, name: CmkAttributeName, value: CmkValue): Promise<void> {
    const newAttribute: AttributeInstance = { name: 'vendorAttribute', value: vendor(name, value) }
    await this.#client.request(addAttribute, { uniqueIdentifier: cmk, newAttribute })
  }

  /** Deletes an attribute, and does what that means. @param value of several values, the one to delete */
  async delete(cmk: string, attributeName: CmkAttributeName, value?: CmkValue): Promise<void> {
    const uniqueIdentifier = cmk
    if (value === undefined) {
      const attributeReference = referenceTo(attributeName)
      await this.#client.request(deleteAttribute, { uniqueIdentifier, attributeReference })
      return
    }
    const currentAttribute: AttributeInstance = { name: 'vendorAttribute', value: vendor(attributeName, value) }
    if (this.#client.version >= v2) await this.#client.request(deleteAttribute, { uniqueIdentifier, currentAttribute })
    else await this.#deleteByIndex(cmk, attributeName, value)
  }

  /** The versions of the CMKs that have all of the values, oldest first; of a pair, the private key. */
  async locate(values: CmkValues, page: Page = {}): Promise<{ ids: string[]; total: number | undefined }> {
    const attributes = entriesOf(values)
      .map(([name, value]): AttributeInstance => ({ name: 'vendorAttribute', value: vendor(name, value) }))
    const { uniqueIdentifier, locatedItems } = await this.#client.request(locate, { attributes, ...page })
    return { ids: uniqueIdentifier, total: locatedItems }
  }

  /** As `locate`, page by page to the end; in 1.2 and before, which have no pages, as many as the server gives. */
  async locateAll(values: CmkValues): Promise<string[]> {
    const all: string[] = []
    for (;;) {
      const { ids } = await this.locate(values, { maximumItems: pageItems, offsetItems: all.length })
      all.push(...ids)
      if (ids.length < pageItems || this.#client.version < v1_3) return all
    }
  }

  /** SubjectPublicKeyInfo. */
  async publicKey(cmk: string): Promise<{ version: string; publicKey: Buffer }> {
    const { object, uniqueIdentifier } = await this.#client.request(get, {
      uniqueIdentifier: cmk, keyFormatType: KeyFormatType.X_509,
    })
    const keyValue = object.kind === 'PublicKey' ? object.value.keyBlock.keyValue : undefined
    if (keyValue === undefined || 'wrapped' in keyValue || !(keyValue.keyMaterial instanceof Secret)) {
      throw new KmipError('InvalidObjectType', 'a symmetric CMK has no public key')
    }
    return { version: uniqueIdentifier, publicKey: keyValue.keyMaterial.reveal() }
  }

  /** New parameters, which take the place of earlier ones. @param wrapping `RSA_2048/RSAES_OAEP_SHA_256`, ... */
  async importParameters(cmk: string, wrapping: string): Promise<ImportParameters> {
    await this.set(cmk, 'cmk-import-parameters', wrapping)
    const { values } = await this.describe(cmk)
    return {
      wrapping: String(values['cmk-import-parameters']),
      token: String(values['cmk-import-token']),
      key: String(values['cmk-import-key']),
      publicKey: Buffer.from(String(values['cmk-import-public-key']), 'base64'),
      expireDate: Number(values['cmk-import-expire-date']),
    }
  }

  /**
   * Brings material that was wrapped under the public key of import parameters.
   *
   * @param kind a private key is PKCS#8, wrapped under an AES key that precedes it
   * @param expireDate seconds since 1970-01-01 UTC; undefined: the material does not expire
   * @returns the Unique Identifier of the version that has it
   */
  async importMaterial(
    { token, key }: Pick<ImportParameters, 'token' | 'key'>, wrapped: Buffer,
    { kind, expireDate }: { kind: 'SymmetricKey' | 'PrivateKey'; expireDate?: number | undefined },
  ): Promise<string> {
    const attributes: AttributeSet = {
      vendorAttribute: [
        vendor('cmk-import-token', token),
        ...(expireDate === undefined ? [] : [dateVendor('cmk-material-expire-date', expireDate)]),
      ],
    }
    const keyBlock = {
      keyFormatType: kind === 'PrivateKey' ? KeyFormatType.PKCS_8 : KeyFormatType.Raw,
      keyValue: { wrapped: new Secret(wrapped) },
      keyWrappingData: {
        wrappingMethod: WrappingMethod.Encrypt,
        encryptionKeyInformation: { uniqueIdentifier: key },
        encodingOption: EncodingOption.NoEncoding,
      },
    }
    const request = { objectType: ObjectType[kind], attributes, object: { kind, value: { keyBlock } } }
    return (await this.#client.request(register, request)).uniqueIdentifier
  }

  /** 1.x names an instance by its index, in the order in which Get Attributes gives them. */
  async #deleteByIndex(cmk: string, attributeName: string, value: CmkValue): Promise<void> {
    const request = { uniqueIdentifier: cmk, attributeReference: [] }
    const { attributes = {} } = await this.#client.request(getAttributes, request)
    const index = attributes.vendorAttribute?.filter((each) => each.attributeName === attributeName)
      .findIndex(({ attributeValue }) => attributeValue.value === value) ?? -1
    if (index < 0) throw new KmipError('AttributeNotFound', 'the CMK has no such value')
    const attributeReference = referenceTo(attributeName)
    await this.#client.request(deleteAttribute, { uniqueIdentifier: cmk, attributeReference, attributeIndex: index })
  }
}

export interface Page {
  readonly maximumItems?: number
  readonly offsetItems?: number
}

/** @throws KmipError Invalid Object Type for an object that is no version of a CMK */
export function descriptionOf(version: string, { vendorAttribute = [] }: AttributeSet): CmkDescription {
  const own = vendorAttribute.filter(isCmkAttribute)
  if (own.length === 0) throw new KmipError('InvalidObjectType', 'the object is no version of a CMK')
  const named = own.map(({ attributeName, attributeValue }) => (
    [attributeName, attributeValue.value as CmkValue] as const))
  return {
    version,
    values: Object.fromEntries(named.filter(([name]) => !name.startsWith(tagPrefix) && name !== 'cmk-alias')),
    aliases: named.filter(([name]) => name === 'cmk-alias').map(([, value]) => String(value)),
    tags: Object.fromEntries(named.filter(([name]) => name.startsWith(tagPrefix))
      .map(([name, value]) => [name.slice(tagPrefix.length), String(value)])),
  }
}

function referenceTo(attributeName: string): AttributeReference {
  return { name: 'vendorAttribute', vendorIdentification: keywardVendor, attributeName }
}

function entriesOf(values: CmkValues): [string, CmkValue][] {
  return Object.entries(values).filter((entry): entry is [string, CmkValue] => entry[1] !== undefined)
}

/** By the names of key specs and usages of both clouds. */
function isPairSpec(values: CmkValues): boolean {
  return /^(RSA|ECC?|ASYMMETRIC|SM2)(_|$)/.test(String(values['cmk-key-spec'] ?? values['cmk-usage'] ?? ''))
}

function vendor(attributeName: string, value: CmkValue): VendorAttribute {
  return { vendorIdentification: keywardVendor, attributeName, attributeValue: itemOf(value) }
}

function dateVendor(attributeName: string, seconds: number): VendorAttribute {
  const attributeValue: Item = { tag: Tag.AttributeValue, type: ItemType.DateTime, value: seconds }
  return { vendorIdentification: keywardVendor, attributeName, attributeValue }
}

function itemOf(value: CmkValue): Item {
  const tag = Tag.AttributeValue
  if (typeof value === 'boolean') return { tag, type: ItemType.Boolean, value }
  if (typeof value === 'number') return { tag, type: ItemType.Integer, value }
  return { tag, type: ItemType.TextString, value }
}

const v1_3 = parseVersion('1.3')
const v2 = parseVersion('2.0')
const pageItems = 500
