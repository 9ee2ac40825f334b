import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import type { TtlvWriter } from '../ttlv/writer.ts'
import { KmipError } from './error.ts'
import type { ResultReasonName } from './error.ts'
import { tagName } from './names.ts'
import { hasUnknownBit, isKnown, isNewer, isUndefined, knownBits } from './value-range.ts'
import { parseVersion } from './version.ts'
import type { Version } from './version.ts'

/**
 * A structure of the standard is one literal, `structure('2.1 4.32', { nameValue: text(Tag.NameValue), … })`:
 * its type, decoder and encoder follow from it. Decoding takes the fields of every version
 * (clients send some early, `facts/clients.md` finding 4); encoding leaves out what the version
 * does not know.
 */
export interface Coding {
  readonly version: Version
  /** For storage: also what later versions have removed. */
  readonly keepRemoved?: boolean
  /** For filters: structures need not have all their fields. */
  readonly partial?: boolean
  /** For answers: values of enumerations that the version has not are left out, where that is possible. */
  readonly omitsUnknown?: boolean
  /** For requests: values of enumerations that came after the version are refused. */
  readonly refusesNewer?: boolean
  /** For what requests give to be kept: so are those of no version. Of other fields the operation says what is wrong. */
  readonly refusesUndefined?: boolean
}

/** How attributes and objects are read, where they come in a request (`kept` for a field of its own). */
export function forKeeping(coding: Coding): Coding {
  return coding.refusesNewer === true ? { ...coding, refusesUndefined: true } : coding
}

/** One field: which tags it may come under, how often, in which versions, and its codec. */
export interface Field<T, P extends Presence = 'required'> {
  readonly tags: readonly number[]
  readonly presence: P
  readonly since: Version
  readonly until: Version
  decode(item: Item, coding: Coding): T
  encode(writer: TtlvWriter, value: T, coding: Coding): void
  /** For a value that is spread over several items: joins them, all at once because there may be very many. */
  readonly merge?: (parts: readonly T[]) => T
  /** Whether the version has the value; absent where every version has all. */
  readonly isKnown?: (value: T, version: Version) => boolean
  /** Takes the items whose tag no other field of the structure has. */
  readonly takesOthers?: true
}
export type Presence = 'required' | 'optional' | 'many'

// oxlint-disable-next-line no-explicit-any -- a field map holds fields of every type; Infer restores them
export type FieldMap = Readonly<Record<string, Field<any, Presence>>>

type KeysOf<F extends FieldMap, P extends Presence> = {
  [K in keyof F]: F[K]['presence'] extends P ? K : never
}[keyof F]
type ValueOf<X> = X extends Field<infer T, Presence> ? T : never

/** The TypeScript type of a structure: required fields, optional ones, and lists (never absent). */
export type InferFields<F extends FieldMap> = { [K in KeysOf<F, 'required'>]: ValueOf<F[K]> }
  & { [K in KeysOf<F, 'optional'>]?: ValueOf<F[K]> | undefined }
  & { [K in KeysOf<F, 'many'>]: ValueOf<F[K]>[] }
export type Infer<S> = S extends Structure<infer F> ? InferFields<F> : never

export interface Structure<F extends FieldMap> {
  /** Clause of the specification that it transcribes. */
  readonly clause: string
  readonly fields: F
  /**
   * @throws KmipError Invalid Message for a field that is required and absent, or repeated (KMIP 1.4 11.1, 11.3; the tables
   *   of 2.1 6.1 list no Missing Data), Invalid Field for one of the wrong type or an unknown one
   */
  decode(item: Item, coding: Coding): InferFields<F>
  encode(writer: TtlvWriter, tag: number, value: InferFields<F>, coding: Coding): void
  /** Whether the version has the values of all enumerations that the structure cannot be without. */
  isKnown(value: InferFields<F>, version: Version): boolean
}

export function structure<F extends FieldMap>(clause: string, fields: F): Structure<F> {
  const members = Object.entries(fields).map(memberOf)
  const byTag = new Map(members.flatMap((member) => fields[member.name]!.tags.map((tag) => [tag, member] as const)))
  const required = members.filter(({ name }) => fields[name]!.presence === 'required')
  const requiredBits = required.reduce((bits, { bit }) => bits | bit, 0)
  const others = members.find(({ name }) => fields[name]!.takesOthers)
  const lists = members.filter(({ isList }) => isList)
  const byVersion = new Map<Version, readonly Member[]>()

  /** What is sent in a version; storage, which keeps what versions have removed, is one of its own. */
  function sentIn({ version, keepRemoved }: Coding): readonly Member[] {
    if (keepRemoved === true) return members
    const known = byVersion.get(version)
    if (known !== undefined) return known
    const sent = members.filter(({ name }) => version >= fields[name]!.since && version <= fields[name]!.until)
    byVersion.set(version, sent)
    return sent
  }

  return {
    clause,
    fields,
    decode(item, coding) {
      if (item.type !== ItemType.Structure) throw wrongType(item.tag)
      const result: Record<string, unknown> = {}
      for (const { name } of lists) result[name] = []
      // Bits cost less than to look for each field in what is being made.
      let seen = 0
      let spread: Map<Member, unknown[]> | undefined
      for (const child of item.value) {
        const member = byTag.get(child.tag) ?? others
        if (member === undefined) throw new KmipError('InvalidField', `unexpected field ${hexTag(child.tag)}`)
        const { name, bit, isList, merge } = member
        const value: unknown = member.decode(child, coding)
        if (isList) (result[name] as unknown[]).push(value)
        else if ((seen & bit) === 0) result[name] = value
        else if (merge !== undefined) partsIn(spread ??= new Map<Member, unknown[]>(), member, result[name]).push(value)
        else throw new KmipError('InvalidMessage', `repeated field ${name}`)
        seen |= bit
      }
      if (spread !== undefined) for (const [{ name, merge }, parts] of spread) result[name] = merge!(parts)
      if ((seen & requiredBits) !== requiredBits && coding.partial !== true) {
        throw new KmipError('InvalidMessage', `missing field ${required.find(({ bit }) => (seen & bit) === 0)!.name}`)
      }
      return result as InferFields<F>
    },
    encode(writer, tag, value, coding) {
      const handle = writer.begin(tag)
      for (const member of sentIn(coding)) {
        const content = (value as Record<string, unknown>)[member.name]
        if (content === undefined) continue
        if (!member.isList) encodeKnown(member, writer, content, coding)
        else for (const element of content as unknown[]) encodeKnown(member, writer, element, coding)
      }
      writer.end(handle)
    },
    isKnown(value, version) {
      const values = value as Record<string, unknown>
      return required.every(({ name }) => fields[name]!.isKnown?.(values[name], version) !== false)
    },
  }
}

/** A field as coding needs it. Of one shape, whatever the field is made of: every message goes through these. */
interface Member {
  readonly name: string
  /** Its own among the members of the structure. */
  readonly bit: number
  readonly isList: boolean
  readonly decode: (item: Item, coding: Coding) => unknown
  readonly encode: (writer: TtlvWriter, value: unknown, coding: Coding) => void
  readonly merge: ((parts: readonly unknown[]) => unknown) | undefined
  /** Of a field that may be absent. */
  readonly isKnown: ((value: unknown, version: Version) => boolean) | undefined
}

function memberOf([name, field]: [string, FieldMap[string]], place: number): Member {
  if (place >= bitsMax) throw new Error(`a structure has ${bitsMax} fields at most`)
  const { presence, decode, encode, merge } = field
  const isKnown = presence === 'required' ? undefined : field.isKnown
  return { name, bit: 1 << place, isList: presence === 'many', decode, encode, merge, isKnown }
}

/** Of the numbers that bits can be set in. */
const bitsMax = 32

/** The items of a value that is spread over several, of which the first was read before it was known to be. */
function partsIn(spread: Map<Member, unknown[]>, member: Member, first: unknown): unknown[] {
  const parts = spread.get(member) ?? [first]
  spread.set(member, parts)
  return parts
}

/** Writes a value, or leaves it out when it may be and the version has it not. */
function encodeKnown(member: Member, writer: TtlvWriter, value: unknown, coding: Coding): void {
  const { isKnown } = member
  if (coding.omitsUnknown === true && isKnown !== undefined && !isKnown(value, coding.version)) return
  member.encode(writer, value, coding)
}

/** A field with its own way of coding: choices, and shapes that differ between versions. */
export function field<T>(
  tags: readonly number[],
  decode: (item: Item, coding: Coding) => T,
  encode: (writer: TtlvWriter, value: T, coding: Coding) => void,
  merge?: (parts: readonly T[]) => T,
): Field<T> {
  return { tags, presence: 'required', since: 0, until: Infinity, decode, encode, ...(merge && { merge }) }
}

export function integer(tag: number): Field<number> {
  return field([tag], (item) => numberOf(item, ItemType.Integer), (writer, value) => writer.integer(tag, value))
}

/** @param reason of the refusal of a value that the version has not, where the standard has one of its own */
export function enumeration(tag: number, reason: ResultReasonName = 'UnknownEnumeration'): Field<number> {
  const name = tagName(tag) ?? ''
  return {
    ...field([tag], (item, { version, refusesNewer, refusesUndefined }) => {
      const value = numberOf(item, ItemType.Enumeration)
      if ((refusesNewer === true && isNewer(name, value, version)) ||
        (refusesUndefined === true && isUndefined(name, value))) {
        throw new KmipError(reason, `the version has no such ${name}`)
      }
      return value
    }, (writer, value) => writer.enumeration(tag, value)),
    isKnown: (value, version) => isKnown(name, value, version),
  }
}

/** A sum of bits. In a request a bit that the version has not is Invalid Field; in an answer it is left out. */
export function mask(tag: number): Field<number> {
  const name = tagName(tag) ?? ''
  return field([tag], (item, { version, refusesNewer }) => {
    const value = numberOf(item, ItemType.Integer)
    if (refusesNewer === true && hasUnknownBit(name, value, version)) {
      throw new KmipError('InvalidField', `the version has no such bit of ${name}`)
    }
    return value
  }, (writer, value, { version, omitsUnknown }) => {
    writer.integer(tag, omitsUnknown === true ? knownBits(name, value, version) : value)
  })
}

/** A field of a request that may have values of later versions, which its handler passes over. */
export function anyValue<T, P extends Presence>(of: Field<T, P>): Field<T, P> {
  return { ...of, decode: (item, coding) => of.decode(item, { ...coding, refusesNewer: false }) }
}

/** A field of a request whose value becomes one of an object. */
export function kept<T, P extends Presence>(of: Field<T, P>): Field<T, P> {
  return { ...of, decode: (item, coding) => of.decode(item, forKeeping(coding)) }
}

/** Seconds since 1970-01-01 UTC. */
export function dateTime(tag: number): Field<number> {
  return field([tag], (item) => numberOf(item, ItemType.DateTime), (writer, value) => writer.dateTime(tag, value))
}

/** Seconds. */
export function interval(tag: number): Field<number> {
  return field([tag], (item) => numberOf(item, ItemType.Interval), (writer, value) => writer.interval(tag, value))
}

export function longInteger(tag: number): Field<bigint> {
  return field([tag], (item) => bigintOf(item, ItemType.LongInteger), (writer, value) => writer.longInteger(tag, value))
}

export function bigInteger(tag: number): Field<bigint> {
  return field([tag], (item) => bigintOf(item, ItemType.BigInteger), (writer, value) => writer.bigInteger(tag, value))
}

/** Microseconds since 1970-01-01 UTC. */
export function dateTimeExtended(tag: number): Field<bigint> {
  return field(
    [tag],
    (item) => bigintOf(item, ItemType.DateTimeExtended),
    (writer, value) => writer.dateTimeExtended(tag, value),
  )
}

export function boolean(tag: number): Field<boolean> {
  return field([tag], (item) => {
    if (item.type !== ItemType.Boolean) throw wrongType(item.tag)
    return item.value
  }, (writer, value) => writer.boolean(tag, value))
}

export function text(tag: number): Field<string> {
  return field([tag], textOf, (writer, value) => writer.textString(tag, value))
}

export function bytes(tag: number): Field<Buffer> {
  return field([tag], (item) => {
    if (item.type !== ItemType.ByteString) throw wrongType(item.tag)
    return item.value
  }, (writer, value) => writer.byteString(tag, value))
}

/** An item of any type, kept as it is; it is written under `tag`. */
export function anything(tag: number): Field<Item> {
  return field([tag], (item) => item, (writer, value) => writer.item(value, tag))
}

export function nested<F extends FieldMap>(tag: number, shape: Structure<F>): Field<InferFields<F>> {
  return {
    ...field([tag], shape.decode, (writer, value, coding) => shape.encode(writer, tag, value, coding)),
    isKnown: shape.isKnown,
  }
}

export function optional<T>(inner: Field<T>): Field<T, 'optional'> {
  return { ...inner, presence: 'optional' }
}

/** Any number of times, none included. */
export function many<T>(inner: Field<T>): Field<T, 'many'> {
  return { ...inner, presence: 'many' }
}

/** Whatever else the structure holds, of any tag and type, kept as it is. */
export function others(): Field<Item, 'many'> {
  return { ...many(field([], (item) => item, (writer, value) => writer.item(value))), takesOthers: true }
}

/** Sent from this version on. */
export function since<T, P extends Presence>(version: string, inner: Field<T, P>): Field<T, P> {
  return { ...inner, since: parseVersion(version) }
}

/** Sent up to this version, which is the last that has it. */
export function until<T, P extends Presence>(version: string, inner: Field<T, P>): Field<T, P> {
  return { ...inner, until: parseVersion(version) }
}

export function wrongType(tag: number): KmipError {
  return new KmipError('InvalidField', `field ${hexTag(tag)} has the wrong type`)
}

/** Some clients count the padding in the length of a text (Db2): trailing NULs are not text. */
export function textOf(item: Item): string {
  if (item.type !== ItemType.TextString) throw wrongType(item.tag)
  return item.value.endsWith('\0') ? item.value.replace(/\0+$/, '') : item.value
}

function numberOf(item: Item, type: 0x02 | 0x05 | 0x09 | 0x0a): number {
  if (item.type !== type) throw wrongType(item.tag)
  return item.value
}

function bigintOf(item: Item, type: 0x03 | 0x04 | 0x0b): bigint {
  if (item.type !== type) throw wrongType(item.tag)
  return item.value
}

function hexTag(tag: number): string {
  return `0x${tag.toString(16)}`
}

