import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { decodeJson, encodeJson } from '../../src/kmip/json.ts'
import { EncodingError, defaultTextLimits } from '../../src/kmip/text-value.ts'
import { decodeElement, decodeXml, encodeXml } from '../../src/kmip/xml.ts'
import { parseElements } from '../../src/kmip/xml-element.ts'
import type { XmlElement } from '../../src/kmip/xml-element.ts'
import { ItemType, decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { caseMessages, casePaths } from './shared-cases.ts'

const paths = casePaths()

describe.skipIf(paths.length === 0)('published cases', () => {
  it('come out of binary, XML and JSON as they went in', () => {
    let messages = 0
    for (const path of paths) {
      for (const element of caseMessages(path)) {
        const item = decodeElement(element)
        const bytes = encodeItem(item)
        expect(encodeItem(decodeItem(bytes)), path).toEqual(bytes)
        const again = parseElements(encodeXml(item), defaultTextLimits)
        expect(canonical(again), path).toEqual(canonical(element))
        expect(decodeElement(again), path).toEqual(item)
        expect(decodeJson(encodeJson(item)), path).toEqual(item)
        messages += 1
      }
    }
    expect(messages).toBeGreaterThan(6000)
  }, 120_000)

  it('name every enumeration value that they use', () => {
    const unnamed = paths.flatMap((path) => caseMessages(path).flatMap((element) => {
      return encodeXml(decodeElement(element)).match(/type="Enumeration" value="0x[0-7]\w+"/g) ?? []
    }))
    expect(unnamed).toEqual([])
  }, 60_000)
})

/** Names of masks in any order, other spellings, white space, upper case and time zones are the same message. */
function canonical({ name, attributes, children }: XmlElement): unknown {
  const { type, value } = attributes
  const words = value?.split(/\s+/).toSorted().join(' ')
  const spelled = words === 'NotAuthorized' ? 'NotAuthorised' : words
  const same = type === 'ByteString' || type === 'BigInteger' ? spelled?.toLowerCase() : spelled
  const date = type === 'DateTime' ? Date.parse(value ?? '') : undefined
  return { name, tag: attributes['tag'], type, value: date ?? same, children: children.map(canonical) }
}

const vectorsFile = new URL('../../fixtures/ttlv/vectors.json', import.meta.url)

describe('published vectors', () => {
  interface Vector { name: string, hex: string, json?: unknown, xml?: string }
  const { valid } = JSON.parse(readFileSync(vectorsFile, 'utf8')) as { valid: Vector[] }
  it.each(valid.filter(({ json }) => json !== undefined))('$name', ({ hex, json, xml }) => {
    const item = decodeItem(Buffer.from(hex, 'hex'))
    expect(decodeJson(JSON.stringify(json))).toEqual(item)
    if (xml !== undefined) expect(decodeXml(xml)).toEqual(item)
  })
})

describe('values', () => {
  it.each([
    ['CryptographicUsageMask', 'Integer', '12', 'Encrypt Decrypt'],
    ['CryptographicUsageMask', 'Integer', 'Decrypt|Encrypt', 'Encrypt Decrypt'],
    ['CryptographicUsageMask', 'Integer', 'Encrypt 0x40000000', 'Encrypt 0x40000000'],
    ['CryptographicUsageMask', 'Integer', '0', '0'],
    ['CryptographicUsageMask', 'Integer', '-1', '-1'],
    ['BatchCount', 'Integer', '0xffffffff', '-1'],
    ['ObjectType', 'Enumeration', '0x00000002', 'SymmetricKey'],
    ['ObjectType', 'Enumeration', '0x80000001', '0x80000001'],
    ['MaskGenerator', 'Enumeration', 'MFG1', 'MGF1'],
    ['AttributeReference', 'Enumeration', '0x420028', 'CryptographicAlgorithm'],
    ['MaskGeneratorHashingAlgorithm', 'Enumeration', 'SHA_256', 'SHA_256'],
    ['LinkedObjectIdentifier', 'Enumeration', 'IDPlaceholder', 'IDPlaceholder'],
    ['PKCS_11Function', 'Enumeration', 'C_Finalize', 'C_Finalize'],
    ['UsageLimitsTotal', 'LongInteger', '-9223372036854775808', '-9223372036854775808'],
    ['UsageLimitsTotal', 'LongInteger', '0xffffffffffffffff', '-1'],
    ['P', 'BigInteger', '00ff', '00000000000000ff'],
    ['P', 'BigInteger', '0xff', 'ffffffffffffffff'],
    ['TimeStamp', 'DateTime', '2013-06-26T11:09:17+02:00', '2013-06-26T09:09:17+00:00'],
    ['TimeStamp', 'DateTime', '2013-06-26T09:09:17Z', '2013-06-26T09:09:17+00:00'],
    ['TimeStamp', 'DateTime', '0x0000000051caafbd', '2013-06-26T09:09:17+00:00'],
    ['TimeStamp', 'DateTime', '0xffffffff00000000', '1833-11-24T17:31:44+00:00'],
    ['TimeStamp', 'DateTime', '0x000000e8d4a51000', '0x000000e8d4a51000'],
    ['DeactivationDate', 'DateTime', '0x7fffffffffffffff', '0x7fffffffffffffff'],
    ['SubmissionDate', 'DateTimeExtended', '2013-06-26T09:09:17.000001Z', '2013-06-26T09:09:17.000001+00:00'],
    ['SubmissionDate', 'DateTimeExtended', '-1', '1969-12-31T23:59:59.999999+00:00'],
    ['Sensitive', 'Boolean', '0x0000000000000001', 'true'],
    ['Comment', 'TextString', ' a&#10;&#x9;"b" &lt;&amp;', ' a&#10;&#9;&#34;b&#34; &#60;&#38;'],
  ])('%s %s %s is written as %s', (name, type, value, written) => {
    const quote = value.includes('"') ? "'" : '"'
    const item = decodeXml(`<${name} type="${type}" value=${quote}${value}${quote}/>`)
    expect(decodeItem(encodeItem(item))).toEqual(item)
    expect(encodeXml(item)).toBe(`<${name} type="${type}" value="${written}"/>\n`)
    expect(decodeJson(encodeJson(item))).toEqual(item)
  })

  it('of an attribute are named after the Attribute Name beside them', () => {
    const attribute = (name: string, value: string) => `<Attribute>
  <AttributeName type="TextString" value="${name}"/>
  <AttributeIndex type="Integer" value="0"/>
  <AttributeValue ${value}/>
</Attribute>
`
    for (const text of [
      attribute('State', 'type="Enumeration" value="PreActive"'),
      attribute('Cryptographic Usage Mask', 'type="Integer" value="Sign Verify"'),
      attribute('x-mine', 'type="Enumeration" value="0x00000001"'),
    ]) {
      expect(encodeXml(decodeXml(text))).toBe(text)
      expect(encodeXml(decodeJson(encodeJson(decodeXml(text))))).toBe(text)
    }
    expect(() => decodeXml(attribute('x-mine', 'type="Enumeration" value="PreActive"'))).toThrow(EncodingError)
  })

  it('that JSON numbers cannot hold exactly are written in hexadecimal', () => {
    const item: Item = { tag: Tag.UsageLimitsTotal, type: ItemType.LongInteger, value: 2n ** 52n }
    expect(encodeJson(item)).toBe('{"tag":"UsageLimitsTotal","type":"LongInteger","value":"0x0010000000000000"}')
  })
})

describe('bad input', () => {
  const limits = { lengthMax: 1000, depthMax: 5 }
  it.each([
    ['size', ' '.repeat(1001)],
    ['depth', '<Key>'.repeat(6) + '</Key>'.repeat(6)],
    ['syntax', '<!DOCTYPE a [<!ENTITY b "c">]><Key/>'],
    ['syntax', '<!DOCTYPE Key SYSTEM "file:///etc/passwd"><Key/>'],
    ['syntax', '<Comment type="TextString" value="&unknown;"/>'],
    ['syntax', '<Key><![CDATA[x]]></Key>'],
    ['syntax', '<?php x?><Key/>'],
    ['syntax', '<Key>text</Key>'],
    ['syntax', '<Key/><Key/>'],
    ['syntax', '<Key'],
    ['syntax', ''],
    ['syntax', '<Key other="1"/>'],
    ['syntax', '<Comment type="TextString" value="x"><Key/></Comment>'],
    ['tag', '<Unknown/>'],
    ['tag', '<TTLV/>'],
    ['tag', '<TTLV tag="0x410001"/>'],
    ['tag', '<Key tag="0x540001"/>'],
    ['type', '<Key type="Float" value="1"/>'],
    ['value', '<BatchCount type="Integer"/>'],
    ['value', '<BatchCount value="1"/>'],
    ['value', '<BatchCount type="Integer" value="2147483648"/>'],
    ['value', '<BatchCount type="Integer" value="1e3"/>'],
    ['value', '<ObjectType type="Enumeration" value="Nothing"/>'],
    ['value', '<ObjectType type="Enumeration" value="0x100000000"/>'],
    ['value', '<CryptographicUsageMask type="Integer" value="Encrypt Nothing"/>'],
    ['value', '<TimeStamp type="DateTime" value="2013-02-30T00:00:00Z"/>'],
    ['value', '<TimeStamp type="DateTime" value="2013-02-01"/>'],
    ['value', '<TimeStamp type="DateTime" value="0x7ffffffffffffffe"/>'],
    ['value', '<TimeStamp type="DateTime" value="0x001fffffffffffff"/>'],
    ['value', '<Sensitive type="Boolean" value="yes"/>'],
    ['value', '<Data type="ByteString" value="123"/>'],
    ['value', '<Data type="ByteString" value="zz"/>'],
    ['value', '<UsageLimitsTotal type="LongInteger" value="9223372036854775808"/>'],
  ])('XML %s: %s', (code, text) => {
    expect(codeOf(() => decodeXml(text, limits))).toBe(code)
  })

  it.each([
    ['size', ' '.repeat(1001)],
    ['depth', '{"tag":"Key","value":['.repeat(6) + ']}'.repeat(6)],
    ['syntax', '{"tag":"Key","value":[]'],
    ['syntax', '[]'],
    ['syntax', 'null'],
    ['syntax', '{"tag":"Key","value":[1]}'],
    ['syntax', '{"tag":"Key","value":[],"more":1}'],
    ['syntax', '{"tag":"Key","value":[],"__proto__":{}}'],
    ['syntax', '{"tag":"BatchCount","type":"Integer","value":1,"value":2}'],
    ['syntax', '{"tag":"Key","value":[{"tag":"BatchCount","\\u0074ag":"MaximumItems","type":"Integer","value":1}]}'],
    ['value', '{"tag":"TimeStamp","type":"DateTime","value":"2026-01-01T00:00:00+24:00"}'],
    ['value', '{"tag":"TimeStamp","type":"DateTime","value":"2026-01-01T00:00:00-01:60"}'],
    ['tag', '{"value":[]}'],
    ['tag', '{"tag":5,"value":[]}'],
    ['type', '{"tag":"Key","type":5,"value":[]}'],
    ['value', '{"tag":"Key"}'],
    ['value', '{"tag":"Key","value":{}}'],
    ['value', '{"tag":"BatchCount","type":"Integer","value":1.5}'],
    ['value', '{"tag":"BatchCount","type":"Integer","value":4294967296}'],
    ['value', '{"tag":"BatchCount","type":"Integer","value":true}'],
    ['value', '{"tag":"UsageLimitsTotal","type":"LongInteger","value":9007199254740993}'],
    ['value', '{"tag":"P","type":"BigInteger","value":"10"}'],
    ['value', '{"tag":"Comment","type":"TextString","value":5}'],
    ['value', '{"tag":"Comment","type":"TextString","value":"\\ud800"}'],
    ['value', '{"tag":"TimeStamp","type":"DateTime","value":5}'],
  ])('JSON %s: %s', (code, text) => {
    expect(codeOf(() => decodeJson(text, limits))).toBe(code)
  })

  it('is not quoted in the error', () => {
    for (const decode of [decodeXml, decodeJson]) {
      expect(String(messageOf(() => decode('<Key "hunter2" {"hunter2"')))).not.toContain('hunter2')
    }
  })

  it('a text with control characters is refused by XML and carried by JSON', () => {
    const item: Item = { tag: Tag.Comment, type: ItemType.TextString, value: 'a\0b' }
    expect(codeOf(() => encodeXml(item))).toBe('value')
    expect(decodeJson(encodeJson(item))).toEqual(item)
  })
})

describe('differential', () => {
  it('the three encodings carry the same items', () => {
    fc.assert(fc.property(items, (item) => {
      expect(decodeItem(encodeItem(item))).toEqual(item)
      expect(decodeXml(encodeXml(item))).toEqual(item)
      expect(decodeJson(encodeJson(item))).toEqual(item)
    }), { numRuns: 2000 })
  }, 60_000)

  it.skipIf(paths.length === 0)('what one of them takes of a message that was changed, all of them carry', () => {
    const messages = paths.slice(-mutatedCases).flatMap((path) => caseMessages(path).map((element) => decodeElement(element)))
    expect(disagreements(messages, [binary, xml, json])).toEqual([])
    // An encoding that loses something is found, whichever it is.
    const lossy = { ...json, encode: (item: Item) => json.encode(withoutLast(item)) }
    const wrong = { ...xml, decode: (text: string) => withoutLast(xml.decode(text)) }
    expect(disagreements(messages, [binary, xml, lossy])).not.toEqual([])
    expect(disagreements(messages, [binary, wrong, json])).not.toEqual([])
  }, 120_000)

  it('the three encodings have the same depth', () => {
    for (const depth of [32, 33]) {
      let item: Item = { tag: Tag.BatchCount, type: ItemType.Integer, value: 1 }
      for (let level = 0; level < depth; level += 1) item = { tag: Tag.Key, type: ItemType.Structure, value: [item] }
      for (const work of [
        () => decodeItem(encodeItem(item)), () => decodeXml(encodeXml(item)), () => decodeJson(encodeJson(item)),
      ]) {
        if (depth === 32) expect(work()).toEqual(item)
        else expect(work).toThrow('nested too deep')
      }
    }
  })

  it('random text is decoded or refused, nothing else', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), mutated)
    fc.assert(fc.property(text, (source) => {
      for (const decode of [decodeXml, decodeJson]) {
        try {
          decode(source)
        } catch (error) {
          expect(error).toBeInstanceOf(EncodingError)
        }
      }
    }), { numRuns: 5000 })
  }, 60_000)
})

interface Codec {
  readonly name: string
  encode(item: Item): string
  /** @throws EncodingError, TtlvError */
  decode(text: string): Item
}

/** Binary as a text of one character for each byte. */
const binary: Codec = {
  name: 'binary',
  encode: (item) => encodeItem(item).toString('latin1'),
  decode: (text) => decodeItem(Buffer.from(text, 'latin1')),
}
const xml: Codec = { name: 'XML', encode: encodeXml, decode: (text) => decodeXml(text) }
const json: Codec = { name: 'JSON', encode: encodeJson, decode: (text) => decodeJson(text) }

/** Changes messages in each encoding and, where it is still one, compares what comes out of the others. */
function disagreements(messages: readonly Item[], codecs: readonly Codec[]): string[] {
  const found = new Set<string>()
  const place = fc.record({ message: fc.nat(messages.length - 1), at: fc.nat(), by: fc.nat(255), twice: fc.boolean() })
  for (const { message, at, by, twice } of fc.sample(place, { numRuns: 3000, seed: 1 })) {
    for (const codec of codecs) {
      let item: Item
      try {
        const text = changed(codec.encode(messages[message]!), at, by)
        item = codec.decode(twice ? changed(text, at * 7, by) : text)
      } catch {
        continue
      }
      for (const other of codecs) if (!carries(other, item)) found.add(`${other.name} does not carry what ${codec.name} takes`)
    }
  }
  return [...found]
}

/** One character is replaced or comes in: digits, signs and names more often than what no encoding takes. */
function changed(text: string, at: number, by: number): string {
  const character = by < frequent.length ? frequent[by]! : String.fromCharCode(by)
  const start = at % text.length
  return text.slice(0, start) + character + text.slice(by % 2 === 0 ? start : start + 1)
}

function carries(codec: Codec, item: Item): boolean {
  let text: string
  try {
    text = codec.encode(item)
  } catch (error) {
    // The one thing that XML cannot carry: control characters.
    return codec.name === 'XML' && error instanceof EncodingError && error.code === 'value'
  }
  return isDeepStrictEqual(codec.decode(text), item)
}

function withoutLast(item: Item): Item {
  return item.type === ItemType.Structure ? { ...item, value: item.value.slice(0, -1) } : item
}

const frequent = '0123456789abcdefFx-+.| "<>/&'
/** The last of the published cases, which are the newest. */
const mutatedCases = 60

function codeOf(work: () => unknown): string | undefined {
  const error = messageOf(work)
  return error instanceof EncodingError ? error.code : undefined
}

function messageOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

const tags = fc.oneof(fc.constantFrom(...Object.values(Tag)), fc.integer({ min: 0x540000, max: 0x54ffff }))
const xmlText = fc.string({ unit: 'grapheme' }).filter((text) => !/[^\P{Cc}\t\n\r\x7f-\x9f]|[\ufffe\uffff]/u.test(text))
const { item: items } = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 4 },
    fc.record({ tag: tags, type: fc.constant(ItemType.Integer), value: fc.integer() }),
    fc.record({ tag: tags, type: fc.constant(ItemType.Enumeration), value: fc.nat({ max: 0xffff_ffff }) }),
    fc.record({ tag: tags, type: fc.constant(ItemType.Interval), value: fc.nat({ max: 0xffff_ffff }) }),
    fc.record({ tag: tags, type: fc.constant(ItemType.DateTime), value: fc.maxSafeInteger() }),
    fc.record({ tag: tags, type: fc.constant(ItemType.LongInteger), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
    fc.record({ tag: tags, type: fc.constant(ItemType.BigInteger), value: fc.bigInt() }),
    fc.record({
      tag: tags, type: fc.constant(ItemType.DateTimeExtended), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    }),
    fc.record({ tag: tags, type: fc.constant(ItemType.Boolean), value: fc.boolean() }),
    fc.record({ tag: tags, type: fc.constant(ItemType.TextString), value: xmlText }),
    fc.record({
      tag: tags, type: fc.constant(ItemType.ByteString), value: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    }),
    fc.record({ tag: tags, type: fc.constant(ItemType.Structure), value: fc.array(tie('item'), { maxLength: 5 }) }),
  ),
}))
const mutated = fc.tuple(items, fc.nat(), fc.string(), fc.boolean()).map(([item, at, text, asXml]) => {
  const source = asXml ? encodeXml(item) : encodeJson(item)
  const place = at % source.length
  return source.slice(0, place) + text + source.slice(place + 1)
})
