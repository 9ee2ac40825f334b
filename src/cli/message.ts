import { CryptographicParameters } from '../kmip/attribute-value.ts'
import type { EncryptResponse } from '../kmip/payload/encrypt.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { encodeJson, decodeJson } from '../kmip/json.ts'
import { EncodingError } from '../kmip/text-value.ts'
import { versions } from '../kmip/version.ts'
import { decodeItem } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { UsageError } from './command.ts'
import { hexBytes } from './data.ts'

/** What `encrypt` gives and `decrypt` takes; bytes are hexadecimal. */
export interface SealedMessage {
  readonly uniqueIdentifier: string
  /** In the JSON encoding of KMIP; absent when those of the key hold. */
  readonly cryptographicParameters?: unknown
  readonly ivCounterNonce?: string
  readonly authenticatedEncryptionTag?: string
  readonly data: string
}

/** The parts of a message, ready to be sent. */
export interface OpenedMessage {
  readonly uniqueIdentifier: string
  readonly cryptographicParameters: CryptographicParameters | undefined
  readonly ivCounterNonce: Buffer | undefined
  readonly authenticatedEncryptionTag: Buffer | undefined
  readonly data: Buffer
}

export function sealedMessage(
  { uniqueIdentifier, ivCounterNonce, authenticatedEncryptionTag, data }: EncryptResponse,
  parameters: CryptographicParameters | undefined,
): SealedMessage {
  return {
    uniqueIdentifier,
    ...(parameters !== undefined && { cryptographicParameters: parametersJson(parameters) }),
    ...(ivCounterNonce !== undefined && { ivCounterNonce: ivCounterNonce.toString('hex') }),
    ...(authenticatedEncryptionTag !== undefined && {
      authenticatedEncryptionTag: authenticatedEncryptionTag.toString('hex'),
    }),
    data: data?.toString('hex') ?? '',
  }
}

/** @throws UsageError for anything that `encrypt` has not written */
export function openMessage(text: string): OpenedMessage {
  const { uniqueIdentifier, cryptographicParameters, ivCounterNonce, authenticatedEncryptionTag, data } = parse(text)
  if (typeof uniqueIdentifier !== 'string' || typeof data !== 'string') throw notOurs()
  return {
    uniqueIdentifier,
    cryptographicParameters: parametersOfJson(cryptographicParameters),
    ivCounterNonce: optionalBytes(ivCounterNonce),
    authenticatedEncryptionTag: optionalBytes(authenticatedEncryptionTag),
    data: hexBytes('data', data),
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // The parser's message would show the data.
  }
  throw notOurs()
}

function parametersJson(parameters: CryptographicParameters): unknown {
  const writer = new TtlvWriter()
  CryptographicParameters.encode(writer, Tag.CryptographicParameters, parameters, { version: versions[0]! })
  return JSON.parse(encodeJson(decodeItem(writer.take())))
}

function parametersOfJson(value: unknown): CryptographicParameters | undefined {
  if (value === undefined) return undefined
  try {
    return CryptographicParameters.decode(decodeJson(JSON.stringify(value)), { version: versions[0]! })
  } catch (error) {
    if (error instanceof EncodingError) throw notOurs()
    throw error
  }
}

function optionalBytes(value: unknown): Buffer | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw notOurs()
  return hexBytes('the message', value)
}

function notOurs(): UsageError {
  return new UsageError('the data is not a message that keyward encrypt has written')
}
