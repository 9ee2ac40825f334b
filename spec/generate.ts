import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Writes `src/kmip/generated/*.ts` from the tables in this folder. Run by `npm run generate`;
 * the output is committed, and a test fails when it differs from what `generate()` gives.
 * KMIP 3.0 is not spoken, so its entries stay out.
 */
export function generate(): Record<string, string> {
  return { 'tags.ts': tagsFile(), 'enums.ts': enumsFile(), 'attribute-rules.ts': attributesFile() }
}

function tagsFile(): string {
  const tags = entries<Tag>('tags.json')
  return [
    banner,
    '/** Tag numbers (KMIP 2.1 11.1 Table 512 and the tables of the earlier versions). */',
    'export const Tag = {',
    ...tags.map(([name, tag]) => `  ${name}: ${tag.hex},`),
    '} as const',
    'export type TagName = keyof typeof Tag',
    '',
    '/** The tag\'s name as the specification\'s text spells it, which 1.x uses as Attribute Name. */',
    'export const specNames: Readonly<Record<TagName, string>> = {',
    ...tags.map(([name, tag]) => `  ${name}: ${quote(tag.specName)},`),
    '}',
    '',
  ].join('\n')
}

function enumsFile(): string {
  const enums = entries<Enumeration>('enums.json')
  const lines = [banner]
  for (const [name, table] of enums) {
    lines.push(`/** ${table.specName}${table.kind === 'mask' ? ' (bit mask)' : ''}. */`, `export const ${name} = {`)
    for (const [value, { hex }] of values(table)) lines.push(`  ${value}: ${hex},`)
    lines.push('} as const', '')
  }
  lines.push(
    '/** What an enumeration or a mask is called, and since (and until) when each of its values exists. */',
    'export interface EnumerationTable {',
    '  readonly mask: boolean',
    '  readonly values: Readonly<Record<string, number>>',
    '  readonly since: Readonly<Record<string, string>>',
    '  readonly removedIn: Readonly<Record<string, string>>',
    '}',
    '',
    'export const enumerations: Readonly<Record<string, EnumerationTable>> = {',
  )
  for (const [name, table] of enums) {
    const later = values(table).filter(([, value]) => value.since !== '1.0')
    const removed = values(table).filter(([, value]) => value.removedIn !== undefined && value.removedIn !== '3.0')
    lines.push(
      `  ${name}: {`,
      `    mask: ${table.kind === 'mask'},`,
      `    values: ${name},`,
      `    since: {${later.map(([value, { since }]) => ` ${value}: '${since}'`).join(',')} },`,
      `    removedIn: {${removed.map(([value, { removedIn }]) => ` ${value}: '${removedIn}'`).join(',')} },`,
      '  },',
    )
  }
  lines.push('}', '')
  return lines.join('\n')
}

function attributesFile(): string {
  const attributes = entries<Attribute>('attributes.json')
  const lines = [
    banner,
    '/** The rules of one attribute, condensed from its table in the specification. */',
    'export interface AttributeRule {',
    '  readonly tag: number',
    '  /** Attribute Name of 1.x. */',
    '  readonly specName: string',
    '  readonly types: readonly string[]',
    '  readonly since: string',
    '  readonly removedIn: string | undefined',
    '  readonly alwaysHasValue: string',
    '  readonly initiallySetBy: string',
    '  readonly modifiableByClient: string',
    '  readonly deletableByClient: string',
    '  readonly multiInstance: boolean',
    '  /** Object types it applies to, or AllObjects. */',
    '  readonly appliesTo: readonly string[]',
    '  readonly appliesToIn1x: readonly string[]',
    '}',
    '',
    'export const attributeRules = {',
  ]
  for (const [name, attribute] of attributes) {
    const { tag, since, removedIn, type, rules } = attribute
    const appliesTo = rules.appliesTo ?? ['AllObjects']
    const appliesToIn1x = attribute['rulesWhere1.xDiffers (from 1.4)']?.appliesTo ?? appliesTo
    lines.push(
      `  ${name}: {`,
      `    tag: ${tag},`,
      `    specName: ${quote(specName(name))},`,
      `    types: [${type.map(quote).join(', ')}],`,
      `    since: '${since}',`,
      `    removedIn: ${removedIn === undefined || removedIn === '3.0' ? 'undefined' : `'${removedIn}'`},`,
      `    alwaysHasValue: ${quote(rules.alwaysHasValue ?? 'no')},`,
      `    initiallySetBy: ${quote(rules.initiallySetBy ?? 'client')},`,
      `    modifiableByClient: ${quote(rules.modifiableByClient ?? 'yes')},`,
      `    deletableByClient: ${quote(rules.deletableByClient ?? 'yes')},`,
      `    multiInstance: ${(rules.multiInstance ?? 'yes').startsWith('yes')},`,
      `    appliesTo: [${appliesTo.map(quote).join(', ')}],`,
      `    appliesToIn1x: [${appliesToIn1x.map(quote).join(', ')}],`,
      '  },',
    )
  }
  lines.push(
    '} as const satisfies Record<string, AttributeRule>',
    'export type AttributeTagName = keyof typeof attributeRules',
    '',
  )
  return lines.join('\n')
}

function entries<T extends { since: string }>(file: string): [string, T][] {
  const table = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Record<string, T>
  return Object.entries(table).filter(([name, entry]) => name !== '_about' && entry.since !== '3.0')
}

function values(table: Enumeration): [string, EnumerationValue][] {
  return Object.entries(table.values).filter(([, value]) => value.since !== '3.0')
}

function specName(name: string): string {
  return allTags.find(([tag]) => tag === name)?.[1].specName ?? name
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`
}

interface Tag { hex: string; since: string; specName: string }
interface EnumerationValue { hex: string; since: string; removedIn?: string }
interface Enumeration { specName: string; since: string; kind?: string; values: Record<string, EnumerationValue> }
interface Attribute {
  tag: string
  since: string
  removedIn?: string
  type: string[]
  rules: {
    alwaysHasValue?: string
    initiallySetBy?: string
    modifiableByClient?: string
    deletableByClient?: string
    multiInstance?: string
    appliesTo?: string[]
  }
  'rulesWhere1.xDiffers (from 1.4)'?: { appliesTo?: string[] }
}

const banner = '// Generated by spec/generate.ts from spec/*.json. Do not edit; run `npm run generate`.\n'
const allTags = entries<Tag>('tags.json')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, text] of Object.entries(generate())) {
    writeFileSync(new URL(`../src/kmip/generated/${file}`, import.meta.url), text)
  }
}
