import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { profileSettings } from '../src/config-clients.ts'
import { environmentNames, loadConfig } from '../src/config.ts'
import { softwareCapabilities } from '../src/crypto/capabilities.ts'
import type { KeyCapability } from '../src/crypto/provider.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm, Operation, PaddingMethod, RecommendedCurve,
} from '../src/kmip/generated/enums.ts'
import { noMode } from '../src/crypto/symmetric.ts'
import { firstExtension } from '../src/kmip/value-range.ts'
import { major, minor } from '../src/kmip/version.ts'
import { operations } from '../src/operation/table.ts'
import { limitRanges } from '../src/server/limits.ts'

/**
 * The tables of README.md that say what the code does, made from the code. `node spec/readme.ts`
 * writes them into the file; a test fails when they are not there as they are made.
 *
 * `node spec/readme.ts RESULTS`, with what `npm run conformance -- --json RESULTS` has written, first
 * counts these anew in spec/conformance.json.
 */
export const sections: Readonly<Record<string, () => string>> = {
  operations: operationsTable,
  algorithms: algorithmsTable,
  settings: settingsTable,
  profiles: profilesTable,
  limits: limitsTable,
  conformance: conformanceTable,
}

/** The text with each section between its two marks replaced. @throws Error for a mark that is missing */
export function withSections(text: string): string {
  return Object.entries(sections).reduce((whole, [name, make]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`)
    if (!place.test(whole)) throw new Error(`README.md has no place for ${name}`)
    return whole.replace(place, (_, start: string, end: string) => `${start}${make()}\n${end}`)
  }, text)
}

function operationsTable(): string {
  const versions = [...new Set(operations.map(({ since }) => since))].toSorted((a, b) => a - b)
  const rows = versions.map((version) => {
    const codes = operations.filter(({ since }) => since === version).map(({ code }) => nameOf(Operation, code))
    return [`${major(version)}.${minor(version)}`, codes.toSorted().join(', ')]
  })
  return `${table(['since', 'operations'], rows)}\n\n${operations.length} operations.`
}

function algorithmsTable(): string {
  const { keys, hashes } = softwareCapabilities()
  const used = keys.filter(isUsed)
  const alike = Map.groupBy(used, (key) => `${sizeOf(key)}|${usesOf(key)}`)
  const rows = [...alike].map(([columns, group]) => [
    group.map(({ algorithm }) => nameOf(CryptographicAlgorithm, algorithm)).join(', '), ...columns.split('|'),
  ])
  const kept = keys.filter((key) => !isUsed(key)).map(({ algorithm }) => nameOf(CryptographicAlgorithm, algorithm))
  const hashNames = hashes.filter((hash) => hash < firstExtension).map((hash) => nameOf(HashingAlgorithm, hash))
  return [
    table(['algorithm', 'bits or curves', 'for'], rows),
    `Kept and given out, but not used: ${kept.join(', ')}.`,
    `Hashes: ${hashNames.join(', ')}, SM3.`,
  ].join('\n\n')
}

function isUsed({ algorithm, encrypt, sign, mac, agree = false }: KeyCapability): boolean {
  return encrypt.length > 0 || sign.length > 0 || mac || agree || signers.has(algorithm)
}

function sizeOf({ lengths, curves }: KeyCapability): string {
  const names = (curves ?? []).map((curve) => nameOf(RecommendedCurve, curve))
  const brainpool = names.filter((name) => name.startsWith('BRAINPOOL'))
  const others = names.filter((name) => !name.startsWith('BRAINPOOL'))
  if (brainpool.length > 0) return `${others.join(', ')}, ${brainpool.length} Brainpool curves`
  if (names.length > 0) return names.join(', ')
  return lengths.length === 0 ? 'any' : lengths.join(', ')
}

function usesOf({ algorithm, encrypt, sign, mac, agree = false }: KeyCapability): string {
  const names = algorithm === CryptographicAlgorithm.RSA ? PaddingMethod : BlockCipherMode
  const modes = encrypt.filter((mode) => mode !== noMode).map((mode) => nameOf(names, mode))
  const isHmac = /^(HMAC|SM3)/.test(nameOf(CryptographicAlgorithm, algorithm))
  const parts = [
    encrypt.length > 0 && `encryption${modes.length === 0 ? '' : ` (${modes.join(', ')})`}`,
    (sign.length > 0 || signers.has(algorithm)) && 'signatures',
    mac && (isHmac ? 'HMAC' : 'CMAC'),
    agree && 'key agreement',
  ]
  return parts.filter((part) => typeof part === 'string').join('; ')
}

function settingsTable(): string {
  const config = loadConfig({}, noConfiguration) as unknown as Record<string, unknown>
  const variables = environmentNames()
  const told = comments('src/config.ts')
  const rows = Object.keys(config).filter((name) => name !== 'limits').toSorted(byOrderOf([...told.keys()])).map(
    (name) => [`\`${name}\``, code(variables[name]), code(shown(config[name])), told.get(name) ?? ''],
  )
  return table(['setting', 'environment', 'default', ''], rows)
}

/** What a client profile of the configuration may set. */
function profilesTable(): string {
  const told = comments('src/model/client-profile.ts')
  return table(['setting', ''], profileSettings.map((name) => [`\`${name}\``, told.get(name) ?? '']))
}

function limitsTable(): string {
  const { limits } = loadConfig({}, noConfiguration)
  const variables = environmentNames()
  const told = comments('src/server/limits.ts')
  const rows = Object.entries(limitRanges).map(([name, [min, max]]) => [
    `\`${name}\``, code(variables[`limits.${name}`]), String(limits[name as keyof typeof limits]), `${min} to ${max}`,
    told.get(name) ?? '',
  ])
  return table(['setting', 'environment', 'default', 'range', ''], rows)
}

/** Passed and total of each profile's cases by version. */
type Counts = Record<string, Record<string, [passed: number, total: number]>>

function conformanceTable(): string {
  const counts = JSON.parse(readFileSync(countsFile, 'utf8')) as Counts
  const versions = [...new Set(Object.values(counts).flatMap((row) => Object.keys(row)))].toSorted()
  const sum = (cells: readonly (readonly [number, number] | undefined)[]) => {
    const [passed, total] = cells.reduce<[number, number]>(
      ([one, all], cell) => [one + (cell?.[0] ?? 0), all + (cell?.[1] ?? 0)], [0, 0])
    return total === 0 ? '' : `${passed}/${total}`
  }
  const rows = Object.entries(counts).map(([profile, row]) => (
    [profile, ...versions.map((version) => sum([row[version]])), sum(Object.values(row))]))
  const all = Object.values(counts)
  const byVersion = versions.map((version) => sum(all.map((row) => row[version])))
  const totals = ['all', ...byVersion, sum(all.flatMap(Object.values))]
  return [
    table(['', ...versions, 'all'], [totals]),
    '<details><summary>By profile</summary>',
    table(['profile', ...versions, 'all'], rows),
    '</details>',
  ].join('\n\n')
}

/** @param path what the conformance runner has written with `--json` */
function countResults(path: string): void {
  const results = JSON.parse(readFileSync(path, 'utf8')) as { version: string, profile: string, passed: boolean }[]
  const counts: Counts = {}
  for (const { version, profile, passed } of results.toSorted((a, b) => a.profile.localeCompare(b.profile))) {
    const cell = (counts[profile] ??= {})[version] ??= [0, 0]
    cell[0] += passed ? 1 : 0
    cell[1] += 1
  }
  const lines = Object.entries(counts).map(([profile, row]) => `  ${JSON.stringify(profile)}: ${JSON.stringify(row)}`)
  writeFileSync(countsFile, `{\n${lines.join(',\n')}\n}\n`)
}

/** The doc comment of each readonly member of an interface. */
function comments(path: string): Map<string, string> {
  const text = readFileSync(join(root, path), 'utf8')
  const found = text.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*readonly (\w+)\??:/g)
  return new Map([...found].map(([, comment = '', name = '']) => (
    [name, comment.replaceAll(/\s*\n\s*\*\s?/g, ' ').replaceAll('|', '\\|').trim()])))
}

/** In the order of a list; what is not in it comes last. */
function byOrderOf(order: readonly string[]): (one: string, other: string) => number {
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  return (one, other) => place(one) - place(other)
}

function shown(value: unknown): string | undefined {
  if (typeof value === 'string') return value.startsWith(noConfiguration) ? `.${value.slice(noConfiguration.length)}` : value
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return undefined
  return JSON.stringify(value)
}

function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, each]) => each === value)?.[0] ?? `0x${value.toString(16)}`
}

/** EdDSA has no Digital Signature Algorithm to be listed by. */
const signers: ReadonlySet<number> = new Set([CryptographicAlgorithm.Ed25519, CryptographicAlgorithm.Ed448])
const root = join(import.meta.dirname, '..')
/** A directory without a configuration file, which a checkout that is in use has: the README tells the defaults. */
const noConfiguration = import.meta.dirname

const countsFile = join(root, 'spec/conformance.json')

if (import.meta.main) {
  const [results] = process.argv.slice(2)
  if (results !== undefined) countResults(results)
  const path = join(root, 'README.md')
  writeFileSync(path, withSections(readFileSync(path, 'utf8')))
}
