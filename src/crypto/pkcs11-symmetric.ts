import { timingSafeEqual } from 'node:crypto'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { BlockCipherMode, PaddingMethod } from '../kmip/generated/enums.ts'
import { checkSize, checkTagLength, modeOf, noPadding } from './cipher.ts'
import { badParameters, cryptographicFailure, invalid, unsupportedParameters } from './failure.ts'
import { chooseIv } from './iv.ts'
import { hmacHash } from './mac.ts'
import { paddingOf } from './padding.ts'
import type { Padding } from './padding.ts'
import { aesMechanisms, hmacMechanisms } from './pkcs11-capabilities.ts'
import { Ckm, ParameterType } from '../kmip/pkcs11-constants.ts'
import { checkKind } from './key.ts'
import type { TokenKey } from './pkcs11-key.ts'
import type { Mechanism, Verb } from './pkcs11-protocol.ts'
import type { Cipher, CipherInput, DecryptInput, EncryptInput, EncryptOutput, Mac } from './provider.ts'
import type { CipherMode } from './symmetric.ts'

/** Runs an operation in the token. */
export type Run = (verb: Verb, key: TokenKey, mechanism: Mechanism, data: Buffer, room: number) => Promise<Buffer>

/** As `encryptSymmetric` of the software provider, in the token. Padding is put on here: it says nothing of the key. */
export async function encryptInToken(
  run: Run, key: TokenKey, parameters: CryptographicParameters, input: EncryptInput,
): Promise<EncryptOutput> {
  const { mode, iv, mechanism, tagLength } = prepare(key, parameters, { ...input, direction: 'encrypt' })
  checkSize(iv, input.data.length)
  if (mode.kind === 'aead') {
    const sealed = await run('encrypt', key, mechanism, input.data, input.data.length + tagLength)
    const end = sealed.length - tagLength
    return { data: sealed.subarray(0, end), iv: iv.made, tag: sealed.subarray(end) }
  }
  const data = mode.kind === 'padded' ? padded(mode, parameters, input.data) : input.data
  if (data.length === 0) return { data, iv: iv.made }
  return { data: await run('encrypt', key, mechanism, data, data.length), iv: iv.made }
}

/** As `decryptSymmetric` of the software provider. */
export async function decryptInToken(
  run: Run, key: TokenKey, parameters: CryptographicParameters, input: DecryptInput,
): Promise<Buffer> {
  const { mode, iv, mechanism } = prepare(key, parameters, { ...input, direction: 'decrypt' })
  checkSize(iv, input.data.length)
  if (mode.kind === 'aead') {
    const sealed = Buffer.concat([input.data, input.tag!])
    return run('decrypt', key, mechanism, sealed, sealed.length)
  }
  const padding = mode.kind === 'padded' ? tokenPadding(parameters) : noPadding(parameters)
  if (mode.kind === 'padded' && input.data.length % mode.blockLength !== 0) throw cryptographicFailure()
  if (input.data.length === 0) {
    if (padding.pad(0, mode.blockLength).length > 0) throw cryptographicFailure()
    return input.data
  }
  const data = await run('decrypt', key, mechanism, input.data, input.data.length)
  if (mode.kind !== 'padded') return data
  const start = data.length - mode.blockLength
  return data.subarray(0, start + padding.unpad(data.subarray(start)))
}

/** In several parts, the parts are collected: a session of the token is not held from one request to the next. */
export function openInToken(
  run: Run, key: TokenKey, parameters: CryptographicParameters, input: CipherInput,
): Cipher {
  const { iv, mode } = prepare(key, parameters, input)
  if (mode.kind === 'padded') tokenPadding(parameters)
  const parts: Buffer[] = []
  const chosen = mode.ivMax === 0 ? undefined : input.iv ?? iv.made
  return {
    iv: iv.made,
    update(data) {
      parts.push(Buffer.from(data))
      return Buffer.alloc(0)
    },
    async final() {
      const whole = { ...input, iv: chosen, data: Buffer.concat(parts) }
      if (input.direction === 'decrypt') return { data: await decryptInToken(run, key, parameters, whole) }
      const { data, tag } = await encryptInToken(run, key, parameters, whole)
      return { data, tag }
    },
  }
}

/** CMAC or HMAC, by the rules of the software provider. */
export function macInToken(
  run: Run, key: TokenKey, parameters: CryptographicParameters, data: Buffer,
): Promise<Buffer> {
  const mechanism = macMechanism(key, parameters)
  return run('sign', key, { mechanism }, data, macBytesMax)
}

export function openMacInToken(run: Run, key: TokenKey, parameters: CryptographicParameters): Mac {
  macMechanism(key, parameters)
  const parts: Buffer[] = []
  return {
    update: (data) => void parts.push(Buffer.from(data)),
    final: () => macInToken(run, key, parameters, Buffer.concat(parts)),
  }
}

interface Prepared {
  readonly mode: CipherMode
  readonly iv: ReturnType<typeof chooseIv>
  readonly mechanism: Mechanism
  readonly tagLength: number
}

function prepare(key: TokenKey, parameters: CryptographicParameters, input: CipherInput): Prepared {
  checkKind(key, 'symmetric')
  const mode = modeOf(key, parameters)
  const iv = chooseIv(mode, parameters, input)
  const mechanism = aesMechanisms.get(parameters.blockCipherMode!)
  if (mechanism === undefined) throw unsupportedParameters('the token has no such mode')
  if (mode.kind !== 'aead') {
    if (mode.kind !== 'padded') noPadding(parameters)
    const parameter = mechanism === Ckm.AES_CTR ? counterParameter(iv.bytes!) : iv.bytes ?? undefined
    return { mode, iv, mechanism: { mechanism, parameter }, tagLength: 0 }
  }
  noPadding(parameters)
  const tagLength = checkTagLength(parameters, input)
  const bytes = iv.bytes!
  const parameter = {
    type: ParameterType.GCM, iv: bytes, ivBits: bytes.length * 8, aad: input.additionalData, tagBits: tagLength * 8,
  }
  return { mode, iv, mechanism: { mechanism, parameter }, tagLength }
}

/** CK_AES_CTR_PARAMS on a 64-bit machine: how many bits count, then the counter block. */
function counterParameter(block: Buffer): Buffer {
  const parameter = Buffer.alloc(8 + block.length)
  parameter.writeUInt32LE(block.length * 8)
  block.copy(parameter, 8)
  return parameter
}

function padded(mode: CipherMode, parameters: CryptographicParameters, data: Buffer): Buffer {
  const extra = tokenPadding(parameters).pad(data.length % mode.blockLength, mode.blockLength)
  const whole = extra.length === 0 ? data : Buffer.concat([data, extra])
  if (whole.length % mode.blockLength !== 0) throw invalid('the data is not a number of whole blocks')
  return whole
}

/** PKCS5 is done here too: a token tells wrong padding apart from other failures. */
function tokenPadding({ paddingMethod }: CryptographicParameters): Padding {
  return paddingMethod === PaddingMethod.PKCS5 ? pkcs5 : paddingOf(paddingMethod)
}

const pkcs5: Padding = {
  native: false,
  pad(filled, blockLength) {
    const count = blockLength - filled
    return Buffer.alloc(count, count)
  },
  unpad(block) {
    const count = block[block.length - 1]!
    const inRange = count >= 1 && count <= block.length
    const expected = Buffer.from(block)
    expected.fill(count, block.length - (inRange ? count : block.length))
    if (!timingSafeEqual(expected, block) || !inRange) throw cryptographicFailure()
    return block.length - count
  },
}

function macMechanism(key: TokenKey, parameters: CryptographicParameters): number {
  checkKind(key, 'symmetric', 'secret')
  const { blockCipherMode, cryptographicAlgorithm, hashingAlgorithm } = parameters
  const namesCipher = hashingAlgorithm === undefined && cryptographicAlgorithm === key.algorithm && key.modes.size > 0
  if (blockCipherMode === undefined && !namesCipher) {
    const mechanism = hmacMechanisms.get(hmacHash(key.algorithm, parameters).name)
    if (mechanism === undefined) throw unsupportedParameters('the token has no such HMAC')
    return mechanism
  }
  if ((blockCipherMode ?? BlockCipherMode.CMAC) !== BlockCipherMode.CMAC) throw unsupportedParameters('the mode makes no MAC')
  if (hashingAlgorithm !== undefined) throw badParameters('CMAC takes no hashing algorithm')
  if (cryptographicAlgorithm !== undefined && cryptographicAlgorithm !== key.algorithm) {
    throw badParameters('the key is for another algorithm')
  }
  if (key.modes.size === 0) throw unsupportedParameters('the algorithm has no CMAC')
  return Ckm.AES_CMAC
}

/** Bytes of the longest MAC, HMAC-SHA-512. */
const macBytesMax = 64
