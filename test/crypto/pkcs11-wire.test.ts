import { expect, test } from 'vitest'
import { ParameterType } from '../../src/kmip/pkcs11-constants.ts'
import type { Answer, CryptJob, Job } from '../../src/crypto/pkcs11-protocol.ts'
import { decodeAnswer, decodeJob, encodeAnswer, encodeJob, recordReader } from '../../src/crypto/pkcs11-wire.ts'

const use: CryptJob = {
  op: 'crypt', verb: 'sign', key: { id: '0123456789abcdef'.repeat(2), reference: Buffer.from('{"format":1}') },
  mechanism: { mechanism: 0x8000_0001, parameter: undefined }, data: Buffer.from('data'), room: 70_000,
}
const iv = Buffer.alloc(12, 3)
const gcm = { type: ParameterType.GCM, iv, ivBits: 96, tagBits: 96 }
const jobs: Readonly<Record<string, Job>> = {
  'no parameter': use,
  'no data': { ...use, verb: 'encrypt', data: Buffer.alloc(0), key: { ...use.key, reference: Buffer.alloc(0) } },
  'bytes as parameter': { ...use, mechanism: { mechanism: 1, parameter: iv } },
  'GCM': { ...use, verb: 'decrypt', mechanism: { mechanism: 1, parameter: gcm } },
  'GCM with additional data': { ...use, mechanism: { mechanism: 1, parameter: { ...gcm, aad: Buffer.from('more') } } },
  'a structure as parameter': { ...use, mechanism: { mechanism: 1, parameter: { type: 5, saltLen: 32 } } },
  'much data': { ...use, data: Buffer.alloc(300_000, 7) },
  'another job': { op: 'destroy', key: { id: use.key.id, objectClass: 4 } },
}
const answers: readonly Answer[] = [
  { id: 1, result: Buffer.from('result') }, { id: 2, result: undefined }, { id: 4_294_967_295, result: { hashes: [1] } },
  { id: 3, failure: { kind: 'pkcs11', code: 5, name: 'CKR_GENERAL_ERROR', early: true } },
]

test.each(Object.entries(jobs))('a job comes as it was sent: %s', (_name, job) => {
  expect(decodeJob(encodeJob(4_294_967_295, job).subarray(4))).toEqual({ id: 4_294_967_295, job })
})

test('an answer comes as it was sent', () => {
  for (const answer of answers) expect(decodeAnswer(encodeAnswer(answer).subarray(4))).toEqual(answer)
})

test('records come whole, however the stream is cut', () => {
  const stream = Buffer.concat(Object.values(jobs).map((job, index) => encodeJob(index, job)))
  for (const size of [1, 2, 3, 7, 64, 1021, 65_536, stream.length]) {
    const taken: { id: number; job: Job }[] = []
    const read = recordReader((record) => void taken.push(decodeJob(record)))
    for (let at = 0; at < stream.length; at += size) read(Buffer.from(stream.subarray(at, at + size)))
    expect(taken.map(({ job }) => job)).toEqual(Object.values(jobs))
  }
})
