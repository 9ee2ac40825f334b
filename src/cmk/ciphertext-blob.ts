import { hash } from 'node:crypto'
import { KmipError } from '../kmip/error.ts'

/** The parts of ciphertext that describes itself (facts 5.1): the version that made it, IV, data, tag. */
export interface CiphertextBlob {
  /** Unique Identifier of the version of the CMK, a UUID. */
  readonly version: string
  readonly iv: Buffer
  readonly data: Buffer
  readonly tag: Buffer
}

export function encodeBlob({ version, iv, data, tag }: CiphertextBlob): Buffer {
  return Buffer.concat([Buffer.from(version, 'ascii'), iv, data, tag])
}

/** @returns undefined for bytes that are no blob */
export function decodeBlob(bytes: Buffer): CiphertextBlob | undefined {
  const version = bytes.toString('latin1', 0, versionBytes)
  if (!uuid.test(version) || bytes.length < versionBytes + ivBytes + tagBytes) return undefined
  return {
    version,
    iv: bytes.subarray(versionBytes, versionBytes + ivBytes),
    data: bytes.subarray(versionBytes + ivBytes, bytes.length - tagBytes),
    tag: bytes.subarray(bytes.length - tagBytes),
  }
}

/** What is encrypted is the plaintext's Base64 text: so the format has it. */
export function encodePlaintext(plaintext: Buffer): Buffer {
  return Buffer.from(plaintext.toString('base64'), 'ascii')
}

/** @returns undefined for bytes that are not Base64 as `encodePlaintext` writes it */
export function decodePlaintext(bytes: Buffer): Buffer | undefined {
  const plaintext = Buffer.from(bytes.toString('latin1'), 'base64')
  return encodePlaintext(plaintext).equals(bytes) ? plaintext : undefined
}

/**
 * The additional authenticated data of an encryption context (facts 5.1): SHA-256 of `k1=v1&k2=v2`, sorted by key.
 *
 * @throws KmipError Invalid Field for more than 8192 characters, a key that is empty or there twice, or signs that would
 *   make two contexts look the same: `=` and `&` in a key, `&` in a value
 */
export function contextData(entries: readonly { readonly key: string; readonly value: string }[]): Buffer | undefined {
  if (entries.length === 0) return undefined
  const keys = new Set(entries.map(({ key }) => key))
  if (keys.size !== entries.length) throw invalid('the encryption context has a key twice')
  const length = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0)
  if (length > contextCharactersMax) throw invalid(`the encryption context has at most ${contextCharactersMax} characters`)
  if (entries.some(({ key, value }) => !/^[^=&]+$/.test(key) || value.includes('&'))) {
    throw invalid('keys of the encryption context are not empty and have no = and no &, and values no &')
  }
  const sorted = entries.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return hash('sha256', sorted.map(({ key, value }) => `${key}=${value}`).join('&'), 'buffer')
}

function invalid(message: string): KmipError {
  return new KmipError('InvalidField', `InvalidParameter: ${message}`)
}

const versionBytes = 36
export const ivBytes = 12
export const tagBytes = 16
const contextCharactersMax = 8_192
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
