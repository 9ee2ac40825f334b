import { DerReader, DerError, DerTag, outerSequence } from './der.ts'

/** An X.501 name, as bytes, as text and as the parts that KMIP has attributes for. */
export interface DistinguishedName {
  readonly der: Buffer
  /** RFC 4514: the last relative name first. */
  readonly text: string
  readonly parts: readonly NamePart[]
}

export interface NamePart {
  /** Short name, or the dotted object identifier of an attribute type that has none. */
  readonly type: string
  /** The text, or "#" and the DER in hex of a value that is none. */
  readonly value: string
  readonly isText: boolean
}

/** @throws DerError */
export function parseName(der: Buffer): DistinguishedName {
  const names = outerSequence(der)
  const relative: NamePart[][] = []
  while (!names.done) {
    const set = new DerReader(names.read(DerTag.Set))
    const parts: NamePart[] = []
    while (!set.done) parts.push(readPart(set.sequence()))
    relative.push(parts)
  }
  const text = relative.map((parts) => parts.map(partText).join('+')).reverse().join(',')
  return { der, text, parts: relative.flat() }
}

function readPart(pair: DerReader): NamePart {
  const oid = pair.oid()
  const decode = strings[pair.peek()]
  const value = decode === undefined ? `#${pair.readRaw().toString('hex')}` : decode(pair.read(pair.peek()))
  pair.end()
  return { type: shortNames[oid] ?? dotted(oid), value, isText: decode !== undefined }
}

function partText({ type, value, isText }: NamePart): string {
  if (!isText) return `${type}=${value}`
  const escaped = value.replace(/^[ #]|[",+;<>\\]|[ ]$/g, (character) => `\\${character}`)
  return `${type}=${escaped.replaceAll('\0', '\\00')}`
}

/** The dotted form of an object identifier in hex. */
function dotted(hex: string): string {
  const arcs: bigint[] = []
  let arc = 0n
  for (const byte of Buffer.from(hex, 'hex')) {
    arc = arc * 128n + BigInt(byte % 128)
    if (byte >= 128) continue
    arcs.push(arc)
    arc = 0n
  }
  const [first, ...rest] = arcs
  if (first === undefined) throw new DerError('empty object identifier')
  const top = first < 80n ? first / 40n : 2n
  return [top, first - top * 40n, ...rest].join('.')
}

function utf16(bytes: Buffer): string {
  if (bytes.length % 2 !== 0) throw new DerError('cut off text')
  return Buffer.from(bytes).swap16().toString('utf16le')
}

/** Text by its ASN.1 type: UTF8String, NumericString, PrintableString, TeletexString, IA5String, BMPString. */
const strings: Readonly<Record<number, (bytes: Buffer) => string>> = {
  [DerTag.Utf8String]: (bytes) => bytes.toString('utf8'),
  0x12: (bytes) => bytes.toString('latin1'),
  0x13: (bytes) => bytes.toString('latin1'),
  0x14: (bytes) => bytes.toString('latin1'),
  0x16: (bytes) => bytes.toString('latin1'),
  0x1e: utf16,
}

const shortNames: Readonly<Record<string, string>> = {
  '550403': 'CN',
  '550405': 'serialNumber',
  '550406': 'C',
  '550407': 'L',
  '550408': 'ST',
  '55040a': 'O',
  '55040b': 'OU',
  '55040c': 'title',
  '55042e': 'dnQualifier',
  '0992268993f22c640101': 'UID',
  '0992268993f22c640119': 'DC',
  '2a864886f70d010901': 'emailAddress',
}
