import { hash } from 'node:crypto'
import type { Caller } from '../model/access.ts'
import { AccountSettings } from '../model/account-settings.ts'
import { decodeItem } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import type { StoredRecord } from '../store/store.ts'
import type { Objects } from './objects.ts'

/** What the caller's account has set for all its objects to come; empty when it has set nothing. */
export async function loadAccountSettings(objects: Objects, caller: Caller): Promise<AccountSettings> {
  return settingsIn(await objects.readRecord(recordId(caller)))
}

function settingsIn(record: StoredRecord | undefined): AccountSettings {
  if (record === undefined) return { format: currentFormat }
  const settings = AccountSettings.decode(decodeItem(Buffer.from(record.data), recordDepthMax), stored)
  if (settings.format !== currentFormat) throw new Error(`account settings have format ${settings.format}`)
  return settings
}

/** Changes what is given, to undefined too; the rest stays. */
export async function changeAccountSettings(
  objects: Objects, caller: Caller, changes: Omit<Partial<AccountSettings>, 'format'>,
): Promise<void> {
  const id = recordId(caller)
  const record = await objects.readRecord(id)
  const settings = { ...settingsIn(record), ...changes }
  const writer = new TtlvWriter()
  AccountSettings.encode(writer, settingsTag, settings, stored)
  objects.writeRecord({ id, expected: record?.revision ?? 0, data: writer.take(), keys: [] })
}

/** Takes back all that the account has set. */
export async function resetAccountSettings(objects: Objects, caller: Caller): Promise<void> {
  const { defaults, constraints } = await loadAccountSettings(objects, caller)
  if (defaults === undefined && constraints === undefined) return
  await changeAccountSettings(objects, caller, { defaults: undefined, constraints: undefined })
}

function recordId({ account }: Caller): string {
  return `~settings/${hash('sha256', account, 'base64url')}`
}

const settingsTag = 0x54_0021
const currentFormat = 1
const recordDepthMax = 48
/** A version above all others: nothing is left out because a version does not know it. */
const stored = { version: 9_999, keepRemoved: true }
