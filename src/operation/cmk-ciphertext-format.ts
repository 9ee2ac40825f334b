import { decodeBlob } from '../cmk/ciphertext-blob.ts'
import { BlockCipherMode } from '../kmip/generated/enums.ts'
import type { DecryptRequest } from '../kmip/payload/decrypt.ts'
import type { EncryptRequest, EncryptResponse } from '../kmip/payload/encrypt.ts'
import { checkAlone, opened, sealed } from './cmk-ciphertext.ts'
import { requireData } from './key-use.ts'
import type { Context } from './operation.ts'
import { isIdentifier } from './object-record.ts'

/**
 * Ciphertext that describes itself for clients that know no message extension. The CMK says by an attribute,
 * `cmk-ciphertext-format` = blob, that what its address encrypts to and decrypts is a blob; by Unique Identifier KMIP's
 * own rules hold. The encryption context is the Authenticated Encryption Additional Data, as `contextData` makes it.
 */

/** Whether Encrypt is to give a blob; at once for a Unique Identifier, which most requests have. */
export function encryptsToBlob(context: Context, request: EncryptRequest): false | Promise<boolean> {
  return isAddress(context, request) && makesBlobs(context, request)
}

/**
 * Whether the Data of Decrypt is a blob: under an address of such a CMK, or where nothing but the blob says which key
 * is meant. What has an IV, a tag or another mode is none.
 */
export function decryptsBlob(context: Context, request: DecryptRequest): boolean | Promise<boolean> {
  const { data, ivCounterNonce, authenticatedEncryptionTag, cryptographicParameters } = request
  if (ivCounterNonce !== undefined || authenticatedEncryptionTag !== undefined) return false
  const { blockCipherMode = BlockCipherMode.GCM } = cryptographicParameters ?? {}
  if (blockCipherMode !== BlockCipherMode.GCM) return false
  if (isUnnamed(context, request)) return Buffer.isBuffer(data) && decodeBlob(data) !== undefined
  return isAddress(context, request) && makesBlobs(context, request)
}

/** @throws KmipError as `sealed`; Invalid Field for an IV or several parts */
export async function encryptByFormat(context: Context, request: EncryptRequest): Promise<EncryptResponse> {
  checkAlone(request)
  const data = requireData(context.batch.data(request.data))
  return sealed(context, request, data, request.authenticatedEncryptionAdditionalData)
}

/** @throws KmipError as `opened`; Invalid Field for several parts */
export async function decryptByFormat(
  context: Context, request: DecryptRequest,
): Promise<{ uniqueIdentifier: string; data: Buffer }> {
  checkAlone(request)
  return opened(context, request, request.authenticatedEncryptionAdditionalData)
}

type Named = Pick<EncryptRequest, 'uniqueIdentifier'>

function isUnnamed({ batch }: Context, { uniqueIdentifier }: Named): boolean {
  return uniqueIdentifier === undefined && batch.placeholder === undefined
}

function isAddress(context: Context, request: Named): boolean {
  return !isUnnamed(context, request) && !isIdentifier(context.batch.identifier(request.uniqueIdentifier))
}

async function makesBlobs({ batch, objects }: Context, { uniqueIdentifier }: Named): Promise<boolean> {
  const cmk = await objects.cmks.addressedCmk(batch.identifier(uniqueIdentifier))
  return cmk?.ciphertextFormat === 'blob'
}
