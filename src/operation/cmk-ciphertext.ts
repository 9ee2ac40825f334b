import {
  contextData, decodeBlob, decodePlaintext, encodeBlob, encodePlaintext, ivBytes, tagBytes,
} from '../cmk/ciphertext-blob.ts'
import { specNamed } from '../cmk/key-spec.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import type { CiphertextRequest } from '../kmip/ciphertext-extension.ts'
import { KmipError } from '../kmip/error.ts'
import { BlockCipherMode, Operation } from '../kmip/generated/enums.ts'
import type { Identifier } from '../kmip/identifier.ts'
import type { DecryptRequest } from '../kmip/payload/decrypt.ts'
import type { EncryptRequest, EncryptResponse } from '../kmip/payload/encrypt.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { uses } from '../model/usage.ts'
import { checkPlaintext, cmkParameters } from './cmk-use.ts'
import { asKey, chargeUse, requireData } from './key-use.ts'
import type { Context } from './operation.ts'

/**
 * Encrypt to a blob that names its version and binds the encryption context; also of a new data key, and of what is in
 * another blob.
 *
 * @throws KmipError what Encrypt refuses; Illegal Operation for keys that make no blobs; Invalid Field; for another
 *   blob as `openBlob`
 */
export async function encryptToBlob(
  context: Context, request: EncryptRequest, asked: CiphertextRequest,
): Promise<EncryptResponse> {
  checkAlone(request)
  checkNoAdditionalData(request)
  if (asked.dataKeyLength !== undefined) return dataKey(context, request, asked, asked.dataKeyLength)
  if (asked.withoutPlaintext !== undefined) throw invalid('withoutPlaintext is for data keys')
  const given = requireData(context.batch.data(request.data))
  const additionalData = contextData(asked.encryptionContext)
  if (asked.source === undefined) return sealed(context, request, given, additionalData)
  context.objects.begin(Operation.Decrypt)
  const { plaintext } = await openBlob(context, given, contextData(asked.source.encryptionContext))
  context.objects.begin(Operation.Encrypt)
  return sealed(context, request, plaintext, additionalData)
}

/**
 * Decrypt of a blob, which names the key itself. An identifier in the request must mean the same CMK.
 *
 * @throws KmipError as `openBlob`; Invalid Field
 */
export async function decryptBlob(
  context: Context, request: DecryptRequest, asked: CiphertextRequest,
): Promise<{ uniqueIdentifier: string; data: Buffer }> {
  checkAlone(request)
  checkNoAdditionalData(request)
  if (asked.dataKeyLength !== undefined || asked.withoutPlaintext !== undefined || asked.source !== undefined) {
    throw invalid('Decrypt takes an encryption context and nothing else')
  }
  return opened(context, request, contextData(asked.encryptionContext))
}

async function dataKey(
  context: Context, request: EncryptRequest, asked: CiphertextRequest, length: number,
): Promise<EncryptResponse> {
  if (request.data !== undefined || asked.source !== undefined) throw invalid('a data key is made by the server')
  if (length < 1 || length > dataKeyBytesMax) throw invalid(`a data key has 1 to ${dataKeyBytesMax} bytes`)
  const plaintext = context.provider.random(length)
  const response = await sealed(context, request, plaintext, contextData(asked.encryptionContext))
  if (asked.withoutPlaintext !== true) context.extension!.answer = { plaintext }
  return response
}

/**
 * @param additionalData the encryption context, as `contextData` makes it
 * @throws KmipError as `encryptToBlob`
 */
export async function sealed(
  context: Context, { uniqueIdentifier, cryptographicParameters }: EncryptRequest, plaintext: Buffer,
  additionalData: Buffer | undefined,
): Promise<EncryptResponse> {
  const identifier = context.batch.identifier(uniqueIdentifier)
  const { newest } = await context.objects.loadVersionsForUse(identifier, uses.encrypt)
  const { cmk } = newest
  if (cmk === undefined || specNamed(cmk.keySpec).kind !== 'symmetric') {
    throw new KmipError(
      'IllegalOperation', 'Rejected.UnsupportedOperation: only symmetric CMKs make ciphertext that describes itself',
    )
  }
  if (cmkParameters(cmk, cryptographicParameters ?? gcm).blockCipherMode !== BlockCipherMode.GCM) {
    throw new KmipError('UnsupportedCryptographicParameters', 'ciphertext that describes itself is made by GCM')
  }
  checkPlaintext(cmk, gcm, uses.encrypt, plaintext.length)
  chargeUse(context, newest, uses.encrypt, plaintext.length)
  const { provider, key, parameters } = await asKey(context, newest, gcm)
  const { data, iv, tag } = await provider.encrypt(key, { ...parameters, randomIV: true }, {
    data: encodePlaintext(plaintext), additionalData,
  })
  const blob = encodeBlob({ version: newest.uniqueIdentifier, iv: iv!, data, tag: tag! })
  context.batch.output('Encrypt', blob)
  return { uniqueIdentifier: newest.uniqueIdentifier, data: blob }
}

/**
 * What is in the blob that Data is; an identifier in the request must mean the same CMK.
 *
 * @param additionalData as for `sealed`
 * @throws KmipError as `openBlob`
 */
export async function opened(
  context: Context, request: DecryptRequest, additionalData: Buffer | undefined,
): Promise<{ uniqueIdentifier: string; data: Buffer }> {
  const data = requireData(context.batch.data(request.data))
  const { plaintext, object } = await openBlob(context, data, additionalData, request.uniqueIdentifier)
  context.batch.output('Decrypt', plaintext)
  return { uniqueIdentifier: object.uniqueIdentifier, data: plaintext }
}

/**
 * What is in a blob. A blob that was changed, of another account or under another context is refused as ciphertext
 * under a wrong key is.
 *
 * @throws KmipError Cryptographic Failure; Wrong Key Lifecycle State and Permission Denied for a CMK of the caller's
 */
async function openBlob(
  context: Context, bytes: Buffer, additionalData: Buffer | undefined, expected?: Identifier,
): Promise<{ plaintext: Buffer; object: ManagedObject }> {
  const blob = decodeBlob(bytes)
  const object = blob && await context.objects.peek(blob.version)
  if (blob === undefined || object?.cmk === undefined) throw failed()
  if (specNamed(object.cmk.keySpec).kind !== 'symmetric') throw failed()
  if (expected !== undefined) {
    const meant = await context.objects.load(context.batch.identifier(expected))
    if (meant.cmkId !== object.cmkId) throw failed()
  }
  context.objects.checkUse(object, uses.decrypt)
  const { provider, key, parameters } = await asKey(context, object, gcm)
  const { iv, data, tag } = blob
  const plaintext = decodePlaintext(await provider.decrypt(key, parameters, { data, iv, tag, additionalData }))
  if (plaintext === undefined) throw failed()
  return { plaintext, object }
}

/** What a blob holds, or what its form decides, is not given beside it. @throws KmipError Invalid Field */
export function checkAlone(request: EncryptRequest | DecryptRequest): void {
  const beside = [
    request.ivCounterNonce, request.correlationValue, request.initIndicator, request.finalIndicator,
    'authenticatedEncryptionTag' in request ? request.authenticatedEncryptionTag : undefined,
  ]
  if (beside.some((value) => value !== undefined)) {
    throw invalid('such ciphertext holds its IV and tag, and comes in one part')
  }
}

function checkNoAdditionalData(request: EncryptRequest | DecryptRequest): void {
  if (request.authenticatedEncryptionAdditionalData !== undefined) {
    throw invalid('such ciphertext has an encryption context for additional data')
  }
}

function failed(): KmipError {
  return new KmipError('CryptographicFailure', 'the cryptographic operation failed')
}

function invalid(message: string): KmipError {
  return new KmipError('InvalidField', `InvalidParameter: ${message}`)
}

const gcm: CryptographicParameters = {
  blockCipherMode: BlockCipherMode.GCM, ivLength: ivBytes * 8, tagLength: tagBytes,
}
const dataKeyBytesMax = 1_024
