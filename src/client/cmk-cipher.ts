import { CiphertextAnswer, CiphertextRequest, contextEntries } from '../kmip/ciphertext-extension.ts'
import type { EncryptionContext } from '../kmip/ciphertext-extension.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { keywardVendor } from '../kmip/keyward-attribute.ts'
import { outgoing } from '../kmip/message.ts'
import type { ResponseBatchItem } from '../kmip/message.ts'
import type { FieldMap, InferFields } from '../kmip/schema.ts'
import { decodeItem } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { payloadOf } from './client.ts'
import type { Client, OperationShape } from './client.ts'
import { ConnectionError } from './connection.ts'
import { decrypt, encrypt } from './operations.ts'

/** Ciphertext that describes itself, with the version of the CMK that made it. */
export interface Blob {
  /** Unique Identifier of the version. */
  readonly version: string
  readonly blob: Buffer
}

/**
 * Encryption under the CMKs of a Keyward server: what they make names its version and binds an encryption context, so
 * that decrypting takes the blob and the same context. A CMK is given as `alias/<name>`, `key/<id>`, its ARN or its id.
 *
 * All methods throw KmipError with the server's reason (Cryptographic Failure for whatever is wrong with a blob, its
 * context or its account) and ConnectionError.
 */
export class CmkCipher {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** @param plaintext at most 6144 bytes */
  async encrypt(cmk: string, plaintext: Buffer, context: EncryptionContext = {}): Promise<Blob> {
    return this.#encrypt({ uniqueIdentifier: cmk, data: plaintext }, { encryptionContext: contextEntries(context) })
  }

  async decrypt(blob: Buffer, context: EncryptionContext = {}): Promise<{ version: string; plaintext: Buffer }> {
    const asked = { encryptionContext: contextEntries(context) }
    const { payload } = await this.#exchange(decrypt, { data: blob }, asked)
    return { version: payload.uniqueIdentifier, plaintext: payload.data ?? Buffer.alloc(0) }
  }

  /** @param length 1 to 1024 bytes */
  async generateDataKey(
    cmk: string, length: number, context: EncryptionContext = {},
  ): Promise<Blob & { readonly plaintext: Buffer }> {
    const { extension, ...made } = await this.#encrypt({ uniqueIdentifier: cmk }, {
      encryptionContext: contextEntries(context), dataKeyLength: length,
    })
    if (extension === undefined) throw new ConnectionError('the answer has no data key')
    return { ...made, plaintext: extension.plaintext }
  }

  /** For who stores data keys and never uses them. */
  async generateDataKeyWithoutPlaintext(cmk: string, length: number, context: EncryptionContext = {}): Promise<Blob> {
    return this.#encrypt({ uniqueIdentifier: cmk }, {
      encryptionContext: contextEntries(context), dataKeyLength: length, withoutPlaintext: true,
    })
  }

  /** Under the newest version of the same or another CMK, or under another context; nobody sees the plaintext. */
  async reEncrypt(
    blob: Buffer, cmk: string, context: EncryptionContext = {}, sourceContext: EncryptionContext = context,
  ): Promise<Blob> {
    return this.#encrypt({ uniqueIdentifier: cmk, data: blob }, {
      encryptionContext: contextEntries(context), source: { encryptionContext: contextEntries(sourceContext) },
    })
  }

  async #encrypt(
    request: InferFields<(typeof encrypt)['request']['fields']>, asked: CiphertextRequest,
  ): Promise<Blob & { readonly extension: CiphertextAnswer | undefined }> {
    const { payload, extension } = await this.#exchange(encrypt, request, asked)
    if (payload.data === undefined) throw new ConnectionError('the answer has no data')
    return { version: payload.uniqueIdentifier, blob: payload.data, extension }
  }

  async #exchange<Q extends FieldMap, R extends FieldMap>(
    shape: OperationShape<Q, R>, request: InferFields<Q>, asked: CiphertextRequest,
  ): Promise<{ payload: InferFields<R>; extension: CiphertextAnswer | undefined }> {
    const { version } = this.#client
    const writer = new TtlvWriter()
    CiphertextRequest.encode(writer, Tag.VendorExtension, asked, { version })
    // Critical: a server that does not know the extension would encrypt or decrypt something else.
    const extension = {
      vendorIdentification: keywardVendor, criticalityIndicator: true, vendorExtension: decodeItem(writer.take()),
    }
    const payload = outgoing(shape.request, request)
    const [item] = await this.#client.send([{ operation: shape.code, payload, messageExtension: [extension] }])
    return { payload: payloadOf(item, shape.response, version), extension: answerOf(item, version) }
  }
}

function answerOf(item: ResponseBatchItem | undefined, version: number): CiphertextAnswer | undefined {
  const own = item?.messageExtension.find(({ vendorIdentification }) => vendorIdentification === keywardVendor)
  return own && CiphertextAnswer.decode(own.vendorExtension, { version })
}
