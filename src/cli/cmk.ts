import { CmkClient } from '../client/cmk.ts'
import type { CmkDescription, CmkValue } from '../client/cmk.ts'
import { KmipError } from '../kmip/error.ts'
import { keywardAttributes } from '../kmip/keyward-attribute.ts'
import type { KeywardName } from '../kmip/keyward-attribute.ts'
import type { ProtectionInformation } from '../kmip/protection-information.ts'
import { UsageError } from './command.ts'
import type { Invocation, OptionTable, Outcome } from './command.ts'
import { dateText, fields, isoDate } from './output.ts'
import { placeName } from './place.ts'

/** What the commands of CMKs have in common. */

/** Does something with CMKs; a refusal says which command helps. */
export async function withCmks<T>(
  { connect }: Pick<Invocation<OptionTable>, 'connect'>, cmk: string, action: (cmks: CmkClient) => Promise<T>,
): Promise<T> {
  const client = await connect()
  return helped(cmk, () => action(new CmkClient(client)))
}

/** @throws KmipError with what to do next, where the rule that refuses is one that a command can change */
export async function helped<T>(cmk: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    const remedy = error instanceof KmipError ? remedies.find(([rule]) => error.message.includes(rule))?.[1] : undefined
    if (remedy === undefined || !(error instanceof KmipError)) throw error
    const [rule = ''] = error.message.split(/[;(]/)
    throw new KmipError(error.reason, `${rule.trim()}; try: keyward ${remedy} ${cmk}`)
  }
}

/** A change of one CMK, told as it is afterwards. */
export async function changed(
  invocation: Pick<Invocation<OptionTable>, 'connect'>, cmk: string, action: (cmks: CmkClient) => Promise<unknown>,
): Promise<Outcome> {
  return withCmks(invocation, cmk, async (cmks) => {
    await action(cmks)
    return described(await cmks.describe(cmk))
  })
}

/** @param places where keys of its spec may live, if the server has several */
export function described(cmk: CmkDescription, places: readonly ProtectionInformation[] = []): Outcome {
  const names = places.map(({ name }) => name)
  const rows = places.map((place): [string, string] => ['Key spec may live in', placeName(place)])
  return {
    json: { ...plainCmk(cmk), ...(names.length > 0 && { keySpecMayLiveIn: names }) },
    text: fields([...rowsOf(cmk), ...rows]),
  }
}

/** Names without their prefix in our casing, dates in ISO 8601. */
export function plainCmk({ version, values, aliases, tags }: CmkDescription): Record<string, unknown> {
  const plain = Object.entries(values).map(([name, value]) => [nameOf(name), plainValue(name as KeywardName, value)])
  return { ...Object.fromEntries(plain) as object, uniqueIdentifier: version, aliases, tags }
}

function rowsOf({ values, aliases, tags }: CmkDescription): [string, string][] {
  const own = Object.entries(values).map(([name, value]): [string, string] => [
    titleOf(name), textOf(name as KeywardName, value),
  ])
  return [
    ...own,
    ...aliases.map((alias): [string, string] => ['Alias', alias]),
    ...Object.entries(tags).map(([key, value]): [string, string] => ['Tag', `${key}=${value}`]),
  ]
}

export function textOf(name: KeywardName, value: CmkValue): string {
  if (keywardAttributes[name]?.type === 'dateTime') return dateText(Number(value))
  if (keywardAttributes[name]?.type !== 'interval') return String(value)
  return Number(value) % secondsPerDay === 0 ? `${Number(value) / secondsPerDay} days` : `${value} s`
}

/** `KEY=VALUE` words. @throws UsageError */
export function pairs(option: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError(`${option} is KEY=VALUE`)
    return [text.slice(0, at), text.slice(at + 1)]
  }))
}

function plainValue(name: KeywardName, value: CmkValue): CmkValue {
  return keywardAttributes[name]?.type === 'dateTime' ? isoDate(Number(value)) : value
}

/** `cmk-delete-date`: `deleteDate`. */
function nameOf(name: string): string {
  return name.slice(prefix.length).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function titleOf(name: string): string {
  const words = name.slice(prefix.length).replaceAll('-', ' ')
  return words === 'id' || words === 'arn' ? words.toUpperCase() : words[0]!.toUpperCase() + words.slice(1)
}

const prefix = 'cmk-'
const secondsPerDay = 86_400

/** The rules by which the server refuses, and the command that changes what they see. */
const remedies: readonly (readonly [rule: string, command: string])[] = [
  ['the CMK is Disabled', 'key enable'],
  ['the CMK is PendingDeletion', 'key cancel-deletion'],
  ['the CMK is Archived', 'key cancel-archive'],
  ['the CMK is PendingImport', 'key import-parameters'],
  ['Rejected.DeletionProtection', 'key protect --off'],
  ['InvalidImportToken', 'key import-parameters'],
  ['material is wrapped by one of', 'key import-parameters --wrapping NAME'],
  ['unwraps only by', 'key import-parameters --wrapping NAME'],
]
