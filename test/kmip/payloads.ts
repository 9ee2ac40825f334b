import { readFileSync, readdirSync } from 'node:fs'
import type { FieldMap, Structure } from '../../src/kmip/schema.ts'
import { parseVersion } from '../../src/kmip/version.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'

/** The tables of the standard, and what is declared for them: found by listing the folders. */

export interface TableField {
  readonly name: string
  readonly required?: string
  readonly repeat?: boolean
  readonly repeatable?: boolean
  readonly type?: readonly string[]
}
export interface PayloadTable {
  readonly request?: readonly TableField[]
  readonly response?: readonly TableField[]
  readonly earlier?: Readonly<Record<string, Partial<Record<Difference, readonly string[]>>>>
}
type Difference = 'requestLacks' | 'responseLacks' | 'responseHas'
export interface OperationTable {
  readonly value: string
  readonly since: string
  readonly clientToServer?: { readonly '1.x'?: PayloadTable; readonly '2.x'?: PayloadTable }
  readonly serverToClient?: { readonly '1.x'?: PayloadTable; readonly '2.x'?: PayloadTable }
}
export type AnyStructure = Structure<FieldMap>

/** The operations of 1.0 to 2.1 by their names. */
export const operations: ReadonlyMap<string, OperationTable> = new Map(
  Object.entries(readSpec<OperationTable>('operations.json'))
    .filter(([name, { since }]) => !name.startsWith('_') && parseVersion(since) <= 201),
)

export function readSpec<T>(name: string): Record<string, T> {
  return JSON.parse(readFileSync(new URL(`../../spec/${name}`, import.meta.url), 'utf8')) as Record<string, T>
}

/** File name of an operation: ReKeyKeyPair is re-key-key-pair, RNGSeed rng-seed, PKCS_11 pkcs-11. */
export function fileOf(operation: string): string {
  return operation.replace('_', '-').replace(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3-$2$4').toLowerCase()
}

/** Every structure that a module of this folder exports, by its name. */
export async function structuresIn(folder: string): Promise<Map<string, AnyStructure>> {
  const base = new URL(`../../${folder}/`, import.meta.url)
  const modules = await Promise.all(readdirSync(base)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => import(new URL(name, base).href) as Promise<Record<string, unknown>>))
  return new Map(modules.flatMap((module) => Object.entries(module).filter(isStructureEntry)))
}

/** Fields that the version has, in the order of the wire. */
export function fieldsIn(shape: AnyStructure, version: number): [name: string, field: FieldMap[string]][] {
  return Object.entries(shape.fields).filter(([, { since, until }]) => version >= since && version <= until)
}

/** One item of each type under the tag. */
export function sampleItems(tag: number): { typeName: string; item: Item }[] {
  const values = {
    Structure: [], Integer: 1, LongInteger: 1n, BigInteger: 1n, Enumeration: 1, Boolean: true, TextString: 'a',
    ByteString: Buffer.from([1]), DateTime: 1, Interval: 1, DateTimeExtended: 1n,
  }
  return Object.entries(ItemType).map(([typeName, type]) => {
    return { typeName, item: { tag, type, value: values[typeName as keyof typeof values] } as Item }
  })
}

function isStructureEntry(entry: [string, unknown]): entry is [string, AnyStructure] {
  const [, value] = entry
  return typeof value === 'object' && value !== null && 'clause' in value && 'fields' in value
}
