import { existsSync, globSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { softwareProvider } from '../../src/crypto/software.ts'
import { attributeFields, attributeNames, ruleOf } from '../../src/kmip/attribute.ts'
import type { ResultReasonName } from '../../src/kmip/error.ts'
import { CryptographicAlgorithm, Operation, QueryFunction, ResultReason } from '../../src/kmip/generated/enums.ts'
import { tagName } from '../../src/kmip/names.ts'
import { encodeXml } from '../../src/kmip/xml.ts'
import { major, minor, versions } from '../../src/kmip/version.ts'
import { resultReason } from '../../src/model/reason.ts'
import { operations } from '../../src/operation/table.ts'
import type { Audit } from '../../src/server/audit.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { loadCase } from '../conformance/case-file.ts'
import { runCase } from '../conformance/run-case.ts'
import { alice, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'
import { commonReasons, generalReasons, shownElsewhere, unlisted } from './coverage.ts'

/** What a contributor forgets is found here: design, section 2. */

const root = new URL('../../', import.meta.url).pathname
const folder = `${root}fixtures/conversation`
const conversations = globSync(`${folder}/*.xml`)
const texts = conversations.map((path) => readFileSync(path, 'utf8'))
const named = operations.map((operation) => ({ name: nameOf(operation.code), operation }))

describe('every operation', () => {
  const done = new Set<number>()
  const refused = new Map<number, Set<ResultReasonName>>()

  beforeAll(async () => {
    const audit: Audit = {
      done: (_caller, code) => void done.add(code),
      refused: (_caller, code, { reason }) => void refused.set(code, (refused.get(code) ?? new Set()).add(reason)),
      noted() {},
    }
    for (const path of conversations) await hold(path, audit)
  })

  test('has a code of its own', () => {
    expect(new Set(operations.map(({ code }) => code)).size).toBe(operations.length)
  })

  test.for(named)('$name has its files and a conversation in which it is done', ({ name, operation }) => {
    const file = kebab(name)
    const missing = [`src/kmip/payload/${file}.ts`, `src/operation/${file}.ts`].filter((path) => !existsSync(root + path))
    expect(missing).toEqual([])
    expect(done.has(operation.code) || isShown(name, 'Success')).toBe(true)
  })

  test.for(named)('$name gives every reason that it declares', ({ name, operation }) => {
    const produced = refused.get(operation.code) ?? new Set()
    expect(operation.reasons.filter((reason) => !produced.has(reason) && !isShown(name, reason))).toEqual([])
    expect(operation.reasons.length).toBe(new Set(operation.reasons).size)
    const stale = shownElsewhere.filter((each) => each.operation === name && each.outcomes.some((outcome) =>
      outcome !== 'Success' && (produced.has(outcome) || !operation.reasons.includes(outcome))))
    expect(stale).toEqual([])
  })

  test.for(named)('$name declares every reason that it gives', ({ operation }) => {
    const given = [...refused.get(operation.code) ?? []]
    const common = [...generalReasons, ...commonReasons]
    expect(given.filter((reason) => !operation.reasons.includes(reason) && !common.includes(reason))).toEqual([])
  })

  test.for(named)('$name declares reasons that the standard lists for it', ({ name, operation }) => {
    const listed = listedReasons(name)
    const strange = operation.reasons.filter((reason) => !listed.has(reason) && !listed.has(in1_4(reason, operation.code)))
    const excepted = unlisted.filter((each) => each.operations.includes(name)).flatMap(({ reasons }) => reasons)
    expect(strange.filter((reason) => !excepted.includes(reason))).toEqual([])
  })
})

test.for(shownElsewhere)('$shownBy has the outcomes of $operation that it shows', ({ outcomes, shownBy }) => {
  const code = readFileSync(root + shownBy, 'utf8')
  const tables = [...code.matchAll(table)].map(([, name]) => readFileSync(`${root}fixtures/${name}`, 'utf8'))
  const text = [code, ...tables].join()
  expect(outcomes.filter((outcome) => !text.includes(outcome))).toEqual([])
})

const written = versions.map((version) => `${major(version)}.${minor(version)}`)

test.for(written)('what Query offers in %s is in the conversations', async (version) => {
  const functions = Object.keys(QueryFunction).map((name) => `<QueryFunction type="Enumeration" value="${name}"/>`)
  const { engine } = testEngine()
  const { bytes } = await engine.process(encodeItem(request(version, item('Query', functions.join('')))), alice)
  const offered = new Set(enumerated(encodeXml(decodeItem(bytes))))
  expect(offered.size).toBeGreaterThan(20)
  // What Query itself lists in a fixture shows nothing, but for what only Query says.
  const used = new Set([
    ...texts.map((text) => text.replaceAll(queryAnswer, '')).flatMap(enumerated),
    ...texts.flatMap(enumerated).filter((each) => saidByQueryOnly.has(each.split(' ')[0]!)),
  ])
  // An object type is one that a request makes, not one that is asked for.
  const made = new Set(texts.flatMap((text) => [...text.matchAll(madeType)]).map(([, value]) => `ObjectType ${value}`))
  const missing = [...offered].filter((each) => !(each.startsWith('ObjectType ') ? made : used).has(each))
  // A profile is what its published cases show. Operations are held above, Notify and Put in test/server/endpoint.test.ts.
  expect(missing.filter((each) => !/^(ProfileName|Operation) /.test(each))).toEqual([])
})

test('every attribute is in the conversations', () => {
  const missing = attributeNames.filter((name) => {
    const element = tagName(attributeFields[name].tags[0]!)
    const in1x = `<AttributeName type="TextString" value="${ruleOf(name).specName}"/>`
    return !texts.some((text) => text.includes(`<${element}>`) || text.includes(`<${element} `) || text.includes(in1x))
  })
  expect(missing).toEqual([])
})

test('every algorithm of the software provider is in a fixture', () => {
  const names = new Map(Object.entries(CryptographicAlgorithm).map(([name, code]) => [code as number, name]))
  const known = [...texts, ...globSync(`${root}fixtures/{crypto,cmk}/*.json`).map((path) => readFileSync(path, 'utf8'))].join()
  const offered = softwareProvider().capabilities.keys.map(({ algorithm }) => names.get(algorithm) ?? String(algorithm))
  expect(offered.filter((name) => !known.includes(`"${name}"`))).toEqual([])
})

async function hold(path: string, audit: Audit): Promise<void> {
  const { engine } = testEngine({ audit })
  const transport = {
    exchange: async (message: Parameters<typeof encodeItem>[0]) =>
      decodeItem((await engine.process(encodeItem(message), alice)).bytes),
    close() {},
  }
  await runCase(loadCase(path, folder), { open: async () => transport, generated: new Set() })
}

function isShown(name: string, outcome: ResultReasonName | 'Success'): boolean {
  return shownElsewhere.some((each) => each.operation === name && each.outcomes.includes(outcome))
}

/** The reasons of the newest table of 1.x and of 2.x together: the versions differ, and we map between them. */
function listedReasons(name: string): ReadonlySet<string> {
  const { clientToServer } = standard[name]!
  const tables = [clientToServer?.['1.x'], clientToServer?.['2.x']]
  return new Set([...tables.flatMap((table) => table?.errors ?? []), ...generalReasons])
}

function in1_4(reason: ResultReasonName, code: number): string {
  return Object.entries(ResultReason).find(([, value]) => value === resultReason(reason, 104, code))![0]
}

function nameOf(code: number): string {
  return Object.entries(Operation).find(([, value]) => value === code)![0]
}

/** `ReKeyKeyPair` is in re-key-key-pair.ts, `MACVerify` in mac-verify.ts. */
function kebab(name: string): string {
  return name.replaceAll('_', '-').replace(/([a-z0-9])([A-Z])/g, '$1-$2').replace(/([A-Z])([A-Z][a-z])/g, '$1-$2').toLowerCase()
}

function enumerated(xml: string): string[] {
  return [...xml.matchAll(enumeration)].map(([, tag, value]) => `${tag} ${value}`)
}

interface Table { readonly errors: readonly string[] }
type Standard = Record<string, { readonly clientToServer?: { readonly '1.x'?: Table, readonly '2.x'?: Table } }>

const standard = JSON.parse(readFileSync(`${root}spec/operations.json`, 'utf8')) as Standard
/** Enumerations that no field outside Query's answer has. */
const saidByQueryOnly: ReadonlySet<string> = new Set([
  'ClientRegistrationMethod', 'DestroyAction', 'ExtensionType', 'RNGMode', 'ShreddingAlgorithm', 'UnwrapMode',
])
const table = /fixtures\/([\w/-]+\.json)/g
const queryAnswer = /<Operation type="Enumeration" value="Query"\/>(?:(?!<\/BatchItem>)[\s\S])*<\/BatchItem>/g
const enumeration = /<(\w+) type="Enumeration" value="(\w+)"\/>/g
const madeType = /<RequestPayload>\s*<ObjectType type="Enumeration" value="(\w+)"\/>/g
