import { deserialize, serialize } from 'node:v8'
import type { Answer, CryptJob, Failure, Job, Mechanism } from './pkcs11-protocol.ts'
import { verbs } from './pkcs11-protocol.ts'
import { ParameterType } from '../kmip/pkcs11-constants.ts'

/**
 * The bytes of jobs and answers: records, each its length (4 octets), its type and the number of its call (4 octets).
 * Uses of keys, of which there are many, have a layout of their own; everything else is a V8 serialization.
 */
export function encodeJob(id: number, job: Job): Buffer {
  return job.op === 'crypt' ? encodeCrypt(id, job) : encodeValue(types.value, id, job)
}

/** @param record as `recordReader` gives it */
export function decodeJob(record: Buffer): { id: number; job: Job } {
  const id = record.readUInt32LE(1)
  if (record[0] === types.value) return { id, job: deserialize(record.subarray(5)) as Job }
  const parameterStart = cryptHeader + record.readUInt32LE(14)
  const dataStart = parameterStart + record.readUInt32LE(18)
  const mechanism = record.readUInt32LE(6)
  return {
    id,
    job: {
      op: 'crypt', verb: verbs[record[5]!]!, room: record.readUInt32LE(10),
      mechanism: { mechanism, parameter: decodeParameter(record[22]!, record.subarray(parameterStart, dataStart)) },
      key: {
        id: record.toString('latin1', cryptHeader - idLength, cryptHeader),
        reference: record.subarray(cryptHeader, parameterStart),
      },
      data: record.subarray(dataStart),
    },
  }
}

export function encodeAnswer(answer: Answer): Buffer {
  if ('failure' in answer) return encodeValue(types.failure, answer.id, answer.failure)
  if (!(answer.result instanceof Uint8Array)) return encodeValue(types.value, answer.id, answer.result)
  return encodeBytes(types.bytes, answer.id, answer.result)
}

/** Bytes come as a copy: the chunk that they came in is larger. */
export function decodeAnswer(record: Buffer): Answer {
  const id = record.readUInt32LE(1)
  const body = record.subarray(5)
  if (record[0] === types.bytes) return { id, result: Buffer.from(body) }
  return record[0] === types.failure
    ? { id, failure: deserialize(body) as Failure }
    : { id, result: deserialize(body) as unknown }
}

/** Puts the chunks of a stream together to whole records, which are given out without their length. */
export function recordReader(take: (record: Buffer) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = []
  let held = 0
  let needed = 4
  return (chunk) => {
    parts.push(chunk)
    held += chunk.length
    if (held < needed) return
    const bytes = parts.length === 1 ? chunk : Buffer.concat(parts, held)
    let at = 0
    needed = 4
    while (bytes.length - at >= 4) {
      const size = 4 + bytes.readUInt32LE(at)
      if (bytes.length - at < size) {
        needed = size
        break
      }
      take(bytes.subarray(at + 4, at + size))
      at += size
    }
    held = bytes.length - at
    parts = held === 0 ? [] : [bytes.subarray(at)]
  }
}

function encodeCrypt(id: number, { verb, key, mechanism: { mechanism, parameter }, data, room }: CryptJob): Buffer {
  const [kind, bytes] = encodeParameter(parameter)
  const { reference } = key
  const size = cryptHeader + reference.length + bytes.length + data.length
  const record = begin(types.crypt, id, size)
  record[9] = verbs.indexOf(verb)
  record.writeUInt32LE(mechanism, 10)
  record.writeUInt32LE(room, 14)
  record.writeUInt32LE(reference.length, 18)
  record.writeUInt32LE(bytes.length, 22)
  record[26] = kind
  record.write(key.id, 27, idLength, 'latin1')
  record.set(reference, 4 + cryptHeader)
  record.set(bytes, 4 + cryptHeader + reference.length)
  record.set(data, 4 + size - data.length)
  return record
}

type Parameter = Mechanism['parameter']

function encodeParameter(parameter: Parameter): readonly [number, Uint8Array] {
  if (parameter === undefined) return noParameter
  if (parameter instanceof Uint8Array) return [parameters.bytes, parameter]
  if (parameter['type'] !== ParameterType.GCM) return [parameters.value, serialize(parameter)]
  const { iv, aad = nothing, tagBits } = parameter as unknown as GcmParameter
  const bytes = Buffer.allocUnsafe(8 + iv.length + aad.length)
  bytes.writeUInt32LE(iv.length)
  bytes.writeUInt32LE(tagBits, 4)
  bytes.set(iv, 8)
  bytes.set(aad, 8 + iv.length)
  return [parameters.gcm, bytes]
}

function decodeParameter(kind: number, bytes: Buffer): Parameter {
  if (kind === parameters.none) return undefined
  if (kind === parameters.bytes) return bytes
  if (kind === parameters.value) return deserialize(bytes) as Parameter
  const end = 8 + bytes.readUInt32LE()
  const iv = bytes.subarray(8, end)
  const gcm = { type: ParameterType.GCM, iv, ivBits: iv.length * 8, tagBits: bytes.readUInt32LE(4) }
  return end === bytes.length ? gcm : { ...gcm, aad: bytes.subarray(end) }
}

interface GcmParameter {
  readonly iv: Uint8Array
  readonly aad?: Uint8Array
  readonly tagBits: number
}

function encodeValue(type: number, id: number, value: unknown): Buffer {
  return encodeBytes(type, id, serialize(value))
}

function encodeBytes(type: number, id: number, bytes: Uint8Array): Buffer {
  const record = begin(type, id, 5 + bytes.length)
  record.set(bytes, 9)
  return record
}

/** @param size octets after the length */
function begin(type: number, id: number, size: number): Buffer {
  const record = Buffer.allocUnsafe(4 + size)
  record.writeUInt32LE(size)
  record[4] = type
  record.writeUInt32LE(id, 5)
  return record
}

const types = { value: 0, crypt: 1, bytes: 2, failure: 3 } as const
const parameters = { none: 0, bytes: 1, gcm: 2, value: 3 } as const
/** A key's id: 16 octets in hexadecimal. */
const idLength = 32
/** Octets of a use of a key before what varies: the last are the key's id. */
const cryptHeader = 23 + idLength
const nothing = Buffer.alloc(0)
const noParameter = [parameters.none, nothing] as const
