import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { CipherGCM, DecipherGCM, KeyObject } from 'node:crypto'
import { KmipError } from '../kmip/error.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { badParameters, cryptographicFailure, guarded, invalid, unsupportedParameters } from './failure.ts'
import { chooseIv } from './iv.ts'
import type { ChosenIv } from './iv.ts'
import { checkKind } from './key.ts'
import type { SoftwareKey } from './key.ts'
import { paddingOf } from './padding.ts'
import type { Padding } from './padding.ts'
import type { Cipher, CipherInput, DecryptInput, EncryptInput, EncryptOutput } from './provider.ts'
import { openSm4Gcm } from './sm4-gcm.ts'
import { noMode } from './symmetric.ts'
import type { CipherMode } from './symmetric.ts'

/** What OpenSSL's and our own cipher states have in common. */
export interface Transform {
  update(data: Buffer): Buffer
  final(): Buffer
  getAuthTag?(): Buffer
}

/**
 * Encrypts in one go with a symmetric key (KMIP 2.1 6.1.17). Without a Padding Method, ECB and CBC
 * take whole blocks only; without a Tag Length, tags have 16 bytes.
 *
 * @throws KmipError as `Provider` says
 */
export function encryptSymmetric(
  key: SoftwareKey, parameters: CryptographicParameters, input: EncryptInput,
): EncryptOutput {
  const { mode, iv, padding, aead } = prepare(key, parameters, { ...input, direction: 'encrypt' }, input.data)
  if (aead !== undefined) {
    return guarded(() => ({ data: runAll(aead, input.data), iv: iv.made, tag: aead.getAuthTag!() }))
  }
  const bytes = padded(mode, padding, input.data)
  return guarded(() => ({ data: runAll(open(key.object, mode, iv, true, padding), bytes), iv: iv.made }))
}

/** Decrypts in one go; every failure of key, data, padding and tag is the same one. */
export function decryptSymmetric(
  key: SoftwareKey, parameters: CryptographicParameters, input: DecryptInput,
): Buffer {
  const { mode, iv, padding, aead } = prepare(key, parameters, { ...input, direction: 'decrypt' }, input.data)
  return guarded(() => {
    if (aead !== undefined) return runAll(aead, input.data)
    const data = runAll(open(key.object, mode, iv, false, padding), input.data)
    return padding.native ? data : unpadded(mode, padding, data)
  })
}

/** Checks what a request has, and opens the state of an AEAD mode, which takes no padding. */
function prepare(
  key: SoftwareKey, parameters: CryptographicParameters, input: CipherInput, data: Buffer,
): { mode: CipherMode; iv: ChosenIv; padding: Padding; aead: Transform | undefined } {
  const mode = modeOf(key, parameters)
  if (mode.kind === 'wrap' && data.length > wrapBytesMax) throw invalid('the mode wraps keys, not so much data')
  const iv = chooseIv(mode, parameters, input)
  checkSize(iv, data.length)
  const aead = mode.kind === 'aead' ? openAead(key.object, mode, parameters, input, iv, data.length) : undefined
  const padding = mode.kind === 'padded' ? paddingOf(parameters.paddingMethod) : noPadding(parameters)
  return { mode, iv, padding, aead }
}

/** Encrypt and Decrypt in parts. Modes that need all data at once collect it; the caller bounds it. */
export function openSymmetric(key: SoftwareKey, parameters: CryptographicParameters, input: CipherInput): Cipher {
  const mode = modeOf(key, parameters)
  const { direction } = input
  const early = chooseIv(mode, parameters, input)
  if (mode.kind === 'aead') checkTagLength(parameters, input)
  if (mode.kind === 'padded') paddingOf(parameters.paddingMethod)
  else noPadding(parameters)
  if (mode.whole) return collecting(key, parameters, { ...input, iv: early.bytes ?? undefined }, early)
  if (mode.kind !== 'aead') return streaming(key, mode, parameters, direction, early)
  const state = openAead(key.object, mode, parameters, input, early, undefined)
  return direction === 'encrypt' ? sealing(state, early) : opening(state)
}

/** @throws KmipError Feature Not Supported for a mode that the algorithm has not */
export function modeOf(
  key: Pick<SoftwareKey, 'kind' | 'algorithm' | 'modes'>, parameters: CryptographicParameters,
): CipherMode {
  checkKind(key, 'symmetric')
  if (parameters.cryptographicAlgorithm !== undefined && parameters.cryptographicAlgorithm !== key.algorithm) {
    throw badParameters('the key is for another algorithm')
  }
  const mode = key.modes.get(parameters.blockCipherMode ?? noMode)
  if (mode !== undefined) return mode
  if (parameters.blockCipherMode === undefined && key.modes.size > 0) throw badParameters('a block cipher mode is required')
  throw unsupportedParameters('the algorithm is not supported with this mode and length')
}

export function noPadding(parameters: CryptographicParameters): Padding {
  const padding = paddingOf(parameters.paddingMethod)
  if (padding !== paddingOf(undefined)) throw badParameters('the mode takes no padding')
  return padding
}

export function checkSize(iv: ChosenIv, length: number): void {
  if (length > iv.bytesMax) throw invalid('the counter is too short for so much data')
}

/**
 * KMIP 2.1 4.16: bytes. Below 12 a tag can be forged. For lengths that no mode has (NIST SP 800-38D, RFC 3610) the
 * mandatory case CS-BC-M-GCM-1 has General Failure.
 *
 * @throws KmipError General Failure, Unsupported Cryptographic Parameters; Invalid Field without a tag to decrypt
 */
export function checkTagLength(parameters: CryptographicParameters, input: CipherInput): number {
  const length = parameters.tagLength ?? (input.direction === 'decrypt' ? input.tag?.length : undefined) ?? tagMax
  if (length < shortTagMin || length > tagMax) throw new KmipError('GeneralFailure', 'no tag has this length')
  if (length < tagMin) throw new KmipError('UnsupportedCryptographicParameters', 'the tag has 12 to 16 bytes')
  if (input.direction === 'decrypt') {
    if (input.tag === undefined) throw invalid('the authentication tag is required')
    if (input.tag.length !== length) throw cryptographicFailure()
  }
  return length
}

function openAead(
  key: KeyObject, mode: CipherMode, parameters: CryptographicParameters, input: CipherInput, iv: ChosenIv,
  length: number | undefined,
): Transform {
  const authTagLength = checkTagLength(parameters, input)
  if (mode.name === 'chacha20-poly1305' && authTagLength !== tagMax) throw badParameters('the tag has 16 bytes')
  if (mode.name.endsWith('-ccm') && authTagLength % 2 !== 0) throw badParameters('the tag length is even in CCM')
  noPadding(parameters)
  return guarded(() => {
    const additionalData = input.additionalData
    if (mode.name === 'sm4-gcm') {
      const aad = additionalData ?? empty
      return openSm4Gcm(key, { iv: iv.bytes!, additionalData: aad, tagLength: authTagLength, tag: input.tag })
    }
    // The types know AEAD ciphers by literal names only.
    const name = mode.name as 'aes-256-gcm'
    if (input.direction === 'encrypt') {
      const state = createCipheriv(name, key, iv.bytes!, { authTagLength })
      return withAdditionalData(state, mode, additionalData, length)
    }
    const state = createDecipheriv(name, key, iv.bytes!, { authTagLength })
    state.setAuthTag(input.tag!)
    return withAdditionalData(state, mode, additionalData, length)
  })
}

/** CCM has to know the length of the data beforehand. */
function withAdditionalData(
  state: CipherGCM | DecipherGCM, mode: CipherMode, data: Buffer | undefined, length: number | undefined,
): Transform {
  const aead = state as CipherGCM
  if (mode.whole && length !== undefined) aead.setAAD(data ?? empty, { plaintextLength: length })
  else if (data !== undefined) aead.setAAD(data)
  return aead
}

function open(key: KeyObject, mode: CipherMode, iv: ChosenIv, encrypt: boolean, padding: Padding): Transform {
  const bytes = mode.kind === 'wrap' ? wrapIv(mode) : iv.bytes
  const state = encrypt ? createCipheriv(mode.name, key, bytes) : createDecipheriv(mode.name, key, bytes)
  if (mode.kind === 'padded' && !padding.native) state.setAutoPadding(false)
  return state
}

/** The initial values of RFC 3394 2.2.3.1 and RFC 5649 3. */
function wrapIv(mode: CipherMode): Buffer {
  return mode.name.endsWith('-pad') ? wrapPadIv : wrapDefaultIv
}

function runAll(state: Transform, data: Buffer): Buffer {
  const first = state.update(data)
  const last = state.final()
  return last.length === 0 ? first : Buffer.concat([first, last])
}

function padded(mode: CipherMode, padding: Padding, data: Buffer): Buffer {
  if (mode.kind === 'wrap') return checkWrapped(mode, data)
  if (mode.kind === 'stream') {
    if (mode.whole && data.length < mode.blockLength) throw invalid('the mode needs at least one block of data')
    return data
  }
  if (padding.native) return data
  const extra = padding.pad(data.length % mode.blockLength, mode.blockLength)
  if ((data.length + extra.length) % mode.blockLength !== 0) throw invalid('the data is not a number of whole blocks')
  return extra.length === 0 ? data : Buffer.concat([data, extra])
}

function checkWrapped(mode: CipherMode, data: Buffer): Buffer {
  const padding = mode.name.endsWith('-pad')
  if (padding ? data.length === 0 : data.length < 16 || data.length % 8 !== 0) {
    throw invalid('data of this length cannot be wrapped in this mode')
  }
  return data
}

function unpadded(mode: CipherMode, padding: Padding, data: Buffer): Buffer {
  if (mode.kind !== 'padded' || data.length === 0) return data
  const start = data.length - mode.blockLength
  return data.subarray(0, start + padding.unpad(data.subarray(start)))
}

function collecting(key: SoftwareKey, parameters: CryptographicParameters, input: CipherInput, iv: ChosenIv): Cipher {
  const parts: Buffer[] = []
  return {
    iv: iv.made,
    update(data) {
      parts.push(Buffer.from(data))
      return empty
    },
    final() {
      const data = Buffer.concat(parts)
      if (input.direction === 'decrypt') return { data: decryptSymmetric(key, parameters, { ...input, data }) }
      const result = encryptSymmetric(key, parameters, { ...input, data })
      return { data: result.data, tag: result.tag }
    },
  }
}

/** ECB, CBC and the streams: own padding needs the last block held back. */
function streaming(
  key: SoftwareKey, mode: CipherMode, parameters: CryptographicParameters, direction: CipherInput['direction'],
  iv: ChosenIv,
): Cipher {
  const padding = paddingOf(parameters.paddingMethod)
  const encrypt = direction === 'encrypt'
  const state = guarded(() => open(key.object, mode, iv, encrypt, padding))
  const holds = !encrypt && mode.kind === 'padded' && !padding.native
  let length = 0
  let held = empty
  return {
    iv: iv.made,
    update(data) {
      length += data.length
      checkSize(iv, length)
      return guarded(() => {
        const result = state.update(data)
        if (!holds) return result
        const all = Buffer.concat([held, result])
        const ready = Math.max(0, all.length - mode.blockLength)
        held = all.subarray(ready)
        return all.subarray(0, ready)
      })
    },
    final() {
      const extra = encrypt ? padded(mode, padding, Buffer.alloc(length % mode.blockLength)) : empty
      return guarded(() => {
        const rest = encrypt ? state.update(extra.subarray(length % mode.blockLength)) : empty
        const data = Buffer.concat([held, rest, state.final()])
        return { data: holds ? unpadded(mode, padding, data) : data }
      })
    },
  }
}

function sealing(state: Transform, iv: ChosenIv): Cipher {
  return {
    iv: iv.made,
    update: (data) => guarded(() => state.update(data)),
    final: () => guarded(() => ({ data: state.final(), tag: state.getAuthTag!() })),
  }
}

function opening(state: Transform): Cipher {
  const parts: Buffer[] = []
  return {
    update(data) {
      guarded(() => parts.push(state.update(data)))
      return empty
    },
    final: () => guarded(() => {
      parts.push(state.final())
      return { data: Buffer.concat(parts) }
    }),
  }
}

const empty = Buffer.alloc(0)
/** Bytes of an authentication tag (NIST SP 800-38D 5.2.1.2); what is shorter than 12 is for special uses. */
const tagMin = 12
const shortTagMin = 4
const tagMax = 16
/** 25 ms in the event loop: each eight bytes go through the cipher six times, one after the other. */
const wrapBytesMax = 0x4_0000
const wrapDefaultIv = Buffer.alloc(8, 0xa6)
const wrapPadIv = Buffer.from('a65959a6', 'hex')
