import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { bytes, optional, structure, text } from '../kmip/schema.ts'
import type { Infer } from '../kmip/schema.ts'
import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { decodeItem } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import type { KeptKey } from './given-up.ts'
import type { Objects } from './objects.ts'

/**
 * What the server alone knows of a CMK whose material is imported: the private key of the import parameters, which no
 * operation but the import uses, and a keyed fingerprint of the first material, which stays when that is gone.
 */
const ImportRecord = structure('Keyward import 1', {
  privateKey: optional(bytes(0x54_0201)),
  fingerprintKey: optional(bytes(0x54_0202)),
  fingerprint: optional(bytes(0x54_0203)),
  /** Of a private key that a provider keeps. */
  provider: optional(text(0x54_0204)),
  reference: optional(bytes(0x54_0205)),
})
export type ImportRecord = Infer<typeof ImportRecord>

export async function loadImportRecord(objects: Objects, cmkId: string): Promise<ImportRecord> {
  const record = await objects.readRecord(recordId(cmkId))
  return record?.data === undefined ? {} : ImportRecord.decode(decodeItem(Buffer.from(record.data)), coding)
}

/** @param record undefined: nothing stays */
export async function saveImportRecord(
  objects: Objects, cmkId: string, record: ImportRecord | undefined,
): Promise<void> {
  const id = recordId(cmkId)
  const previous = await loadImportRecord(objects, cmkId)
  if (previous.reference !== undefined && record?.reference?.equals(previous.reference) !== true) {
    objects.keptKeys.giveUp(importKeyAt(previous.provider!, previous.reference))
  }
  const expected = (await objects.readRecord(id))?.revision ?? 0
  if (record === undefined) {
    if (expected > 0) objects.writeRecord({ id, expected, data: undefined, keys: [] })
    return
  }
  const writer = new TtlvWriter()
  ImportRecord.encode(writer, recordTag, record, coding)
  objects.writeRecord({ id, expected, data: writer.take(), keys: [] })
}

/** The record with the fingerprint of the first material. */
export function withFingerprint(record: ImportRecord, material: Buffer): ImportRecord {
  if (record.fingerprint !== undefined) return record
  const fingerprintKey = randomBytes(32)
  return { ...record, fingerprintKey, fingerprint: fingerprintOf(fingerprintKey, material) }
}

/** Whether the material may come: it is the first, or the same as before. */
export function isKnownMaterial({ fingerprintKey, fingerprint }: ImportRecord, material: Buffer): boolean {
  if (fingerprintKey === undefined || fingerprint === undefined) return true
  return timingSafeEqual(fingerprintOf(fingerprintKey, material), fingerprint)
}

/** An import key that is at a provider; what it is besides is told by the import parameters. */
export function importKeyAt(provider: string, reference: Buffer): KeptKey {
  return { provider, key: { kind: 'private', algorithm: CryptographicAlgorithm.RSA, length: 2048, reference } }
}

function fingerprintOf(key: Buffer, material: Buffer): Buffer {
  return createHmac('sha256', key).update(material).digest()
}

function recordId(cmkId: string): string {
  return `~import/${cmkId}`
}

const recordTag = 0x54_0200
const coding = { version: 9_999 }
