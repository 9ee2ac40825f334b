import { KmipError } from '../kmip/error.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { badParameters, invalid, unsupportedParameters } from './failure.ts'
import type { CipherInput } from './provider.ts'
import { randomIv } from './random.ts'
import type { CipherMode } from './symmetric.ts'

export interface ChosenIv {
  /** As OpenSSL takes it; null where the mode has none. */
  readonly bytes: Buffer | null
  /** To be told to the caller, who gave none. */
  readonly made: Buffer | undefined
  /** How many bytes may be encrypted before the counter would run into the nonce. */
  readonly bytesMax: number
}

/**
 * The IV, counter or nonce of one encryption or decryption (KMIP 2.1 4.16, 6.1.17): the caller's
 * or, to encrypt, a random one. IV Length counts bits. Counter Length and Initial Counter Value
 * are CTR's (RFC 3686) and ChaCha20's: the counter block is the nonce followed (ChaCha20: preceded)
 * by the counter.
 *
 * @throws KmipError Invalid Message for a missing IV (so the OASIS case CS-BC-M-13), Invalid Field for
 *   one of a wrong length
 */
export function chooseIv(mode: CipherMode, parameters: CryptographicParameters, input: CipherInput): ChosenIv {
  if (mode.ivMax === 0) {
    if (input.iv !== undefined && input.iv.length > 0) throw invalid('the mode takes no IV')
    return noIv
  }
  const given = input.iv
  if (given === undefined && (input.direction === 'decrypt' || parameters.randomIV === false)) {
    throw new KmipError('InvalidMessage', 'the mode needs an IV')
  }
  // Held against the mode before any is made: the client says how long it is to be.
  const length = given?.length ?? lengthToMake(mode, parameters)
  if (length < mode.ivMin || length > mode.ivMax) throw invalid('the IV has the wrong length for the mode')
  const nonce = given ?? randomIv(length)
  if (parameters.ivLength !== undefined && parameters.ivLength !== nonce.length * 8) {
    throw badParameters('the IV is not as long as IV Length says')
  }
  checkFields(parameters, given)
  const made = given === undefined ? nonce : undefined
  if (mode.kind !== 'stream') return { bytes: nonce, made, bytesMax: Infinity }
  if (mode.name === 'chacha20') {
    return { bytes: chachaCounter(nonce, parameters), made, bytesMax: chachaBytesMax(nonce) }
  }
  if (mode.ivMin === mode.ivMax) return { bytes: nonce, made, bytesMax: Infinity }
  return { ...counterBlock(mode, nonce, parameters), made }
}

function lengthToMake(mode: CipherMode, parameters: CryptographicParameters): number {
  if (parameters.ivLength !== undefined) return Math.ceil(parameters.ivLength / 8)
  if (parameters.counterLength === undefined || mode.kind !== 'stream') return mode.ivLength
  return mode.blockLength - counterBytes(mode, parameters.counterLength)
}

/** The fields of an IV describe one that the caller built; the IVs made here are random throughout. */
function checkFields(parameters: CryptographicParameters, given: Buffer | undefined): void {
  const { fixedFieldLength, invocationFieldLength } = parameters
  if (fixedFieldLength === undefined && invocationFieldLength === undefined) return
  if (given === undefined) throw unsupportedParameters('the server makes random IVs, without fixed and invocation fields')
  if ((fixedFieldLength ?? 0) + (invocationFieldLength ?? 0) > given.length * 8) {
    throw badParameters('the fields of the IV are longer than the IV')
  }
}

function counterBytes(mode: CipherMode, bits: number): number {
  if (bits <= 0 || bits % 8 !== 0 || bits > mode.blockLength * 8) throw badParameters('the counter length is not usable')
  return bits / 8
}

/** CTR: a whole block is the counter's first value; a shorter nonce is followed by the counter. */
function counterBlock(
  mode: CipherMode, nonce: Buffer, parameters: CryptographicParameters,
): { bytes: Buffer; bytesMax: number } {
  const missing = mode.blockLength - nonce.length
  const { counterLength, initialCounterValue } = parameters
  const counterLengthBytes = counterLength === undefined ? missing : counterBytes(mode, counterLength)
  if (missing === 0) {
    if (initialCounterValue !== undefined) throw badParameters('the IV holds the counter already')
    return { bytes: nonce, bytesMax: bytesBeforeWrap(nonce, counterLengthBytes, mode.blockLength) }
  }
  if (counterLengthBytes !== missing) throw badParameters('nonce and counter do not fill a block')
  if (initialCounterValue !== undefined && initialCounterValue < 0) throw badParameters('the counter value is negative')
  const bytes = Buffer.alloc(mode.blockLength)
  nonce.copy(bytes)
  const value = Buffer.alloc(8)
  value.writeBigUInt64BE(BigInt(initialCounterValue ?? 0))
  const used = Math.min(8, missing)
  if (value.subarray(0, 8 - used).some((byte) => byte !== 0)) throw badParameters('the counter value is too long')
  value.copy(bytes, mode.blockLength - used, 8 - used)
  return { bytes, bytesMax: bytesBeforeWrap(bytes, missing, mode.blockLength) }
}

/** Only counters of up to 48 bits can be used up by data that fits into memory. */
function bytesBeforeWrap(block: Buffer, counterLength: number, blockLength: number): number {
  if (counterLength === 0 || counterLength > 6) return Infinity
  const first = block.readUIntBE(blockLength - counterLength, counterLength)
  return (2 ** (counterLength * 8) - first) * blockLength
}

/** OpenSSL's 16 bytes: a little-endian counter, then the nonce (8 bytes, or 12 as RFC 8439 has it). */
function chachaCounter(nonce: Buffer, parameters: CryptographicParameters): Buffer {
  const { counterLength, initialCounterValue } = parameters
  if (nonce.length === 16) {
    if (initialCounterValue !== undefined) throw badParameters('the IV holds the counter already')
    return nonce
  }
  if (nonce.length !== 8 && nonce.length !== 12) throw invalid('the nonce has 8 or 12 bytes')
  if (counterLength !== undefined && counterLength !== (16 - nonce.length) * 8) throw badParameters('wrong counter length')
  if (initialCounterValue !== undefined && initialCounterValue < 0) throw badParameters('the counter value is negative')
  const block = Buffer.alloc(16)
  block.writeUInt32LE(initialCounterValue ?? 0, 0)
  nonce.copy(block, 16 - nonce.length)
  return block
}

function chachaBytesMax(nonce: Buffer): number {
  return nonce.length === 12 ? 2 ** 38 : Infinity
}

const noIv: ChosenIv = { bytes: null, made: undefined, bytesMax: Infinity }
