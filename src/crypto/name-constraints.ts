import { DerReader, outerSequence } from './der.ts'
import { parseName } from './distinguished-name.ts'

/** By the tag of its GeneralName (RFC 5280 4.2.1.6); the value of a directory name is a whole Name. */
interface GeneralName {
  readonly tag: number
  readonly value: Buffer
}

/** The Name Constraints of an authority (RFC 5280 4.2.1.10). */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

/** @param der value of the extension. @throws DerError */
export function parseNameConstraints(der: Buffer): NameConstraints {
  const fields = outerSequence(der)
  const permitted = fields.peek() === permittedTag ? subtrees(fields.read(permittedTag)) : []
  const excluded = fields.peek() === excludedTag ? subtrees(fields.read(excludedTag)) : []
  fields.end()
  return { permitted, excluded }
}

/**
 * The names of a certificate that constraints are about: its alternative names, and its subject, whose mail addresses
 * count where there are no alternative names.
 *
 * @param subject X.501 Name in DER
 * @param alternativeNames value of the extension, in DER
 * @throws DerError
 */
export function namesOf(subject: Buffer, alternativeNames: Buffer | undefined): GeneralName[] {
  const { parts } = parseName(subject)
  const names = alternativeNames === undefined ? [] : generalNames(outerSequence(alternativeNames))
  if (parts.length > 0) names.push({ tag: tags.directory, value: subject })
  if (alternativeNames !== undefined) return names
  const mails = parts.filter(({ type }) => type === 'emailAddress')
  return [...names, ...mails.map(({ value }) => ({ tag: tags.mail, value: Buffer.from(value, 'latin1') }))]
}

/**
 * Undefined: a constraint is on names of a kind that is not compared here, and the certificate has such a name, or there are
 * too many of both.
 */
export function areWithin(names: readonly GeneralName[], { permitted, excluded }: NameConstraints): boolean | undefined {
  if (names.length * (permitted.length + excluded.length) > comparisonsMax) return undefined
  let isKnown = true
  for (const name of names) {
    const allowed = permitted.filter(({ tag }) => tag === name.tag)
    const forbidden = excluded.filter(({ tag }) => tag === name.tag)
    const match = comparisons.get(name.tag)
    if (match === undefined) {
      isKnown &&= allowed.length + forbidden.length === 0
      continue
    }
    if (forbidden.some((base) => match(name.value, base.value))) return false
    if (allowed.length > 0 && !allowed.some((base) => match(name.value, base.value))) return false
  }
  return isKnown ? true : undefined
}

function subtrees(bytes: Buffer): GeneralName[] {
  const list = new DerReader(bytes)
  const bases: GeneralName[] = []
  while (!list.done) {
    // Minimum and maximum, which may follow the base, are never used (RFC 5280 4.2.1.10).
    const subtree = list.sequence()
    const tag = subtree.peek()
    bases.push({ tag, value: subtree.read(tag) })
  }
  return bases
}

function generalNames(list: DerReader): GeneralName[] {
  const names: GeneralName[] = []
  while (!list.done) {
    const tag = list.peek()
    names.push({ tag, value: list.read(tag) })
  }
  return names
}

/** A name is at or below a domain; a domain with a leading dot has only what is below it. */
function isHostWithin(host: string, domain: string): boolean {
  if (domain === '') return true
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`)
}

function isDnsWithin(name: Buffer, base: Buffer): boolean {
  return isHostWithin(text(name), text(base))
}

/** A mailbox, all mailboxes of a host, or of all hosts below a domain. */
function isMailWithin(name: Buffer, base: Buffer): boolean {
  const [mail, wanted] = [name.toString('latin1'), base.toString('latin1')]
  const [local, host] = splitMail(mail)
  const [wantedLocal, wantedHost] = splitMail(wanted)
  if (wantedLocal !== undefined) return local === wantedLocal && host === wantedHost
  return wantedHost.startsWith('.') ? host.endsWith(wantedHost) : host === wantedHost
}

/** By its host. One without a host, or with an address for it, is in no domain. */
function isUriWithin(name: Buffer, base: Buffer): boolean {
  const host = hostPattern.exec(text(name))?.[1] ?? ''
  const domain = text(base)
  return domain.startsWith('.') ? host.endsWith(domain) : host !== '' && host === domain
}

/** The base is an address and a mask of the same length. */
function isAddressWithin(address: Buffer, base: Buffer): boolean {
  if (base.length !== address.length * 2) return false
  const mask = base.subarray(address.length)
  return address.every((octet, index) => (octet & mask[index]!) === (base[index]! & mask[index]!))
}

/** The name begins with all that the base has. */
function isDirectoryWithin(name: Buffer, base: Buffer): boolean {
  const [parts, wanted] = [parseName(name).parts, parseName(base).parts]
  return wanted.length <= parts.length && wanted.every(({ type, value }, index) => (
    parts[index]!.type === type && folded(parts[index]!.value) === folded(value)))
}

function splitMail(mail: string): [string | undefined, string] {
  const at = mail.lastIndexOf('@')
  return [at < 0 ? undefined : mail.slice(0, at), mail.slice(at + 1).toLowerCase()]
}

function text(bytes: Buffer): string {
  return bytes.toString('latin1').toLowerCase()
}

/** Case and further spaces do not count (RFC 5280 7.1). */
function folded(value: string): string {
  return value.trim().replaceAll(/\s+/g, ' ').toLowerCase()
}

const tags = { mail: 0x81, dns: 0x82, directory: 0xa4, uri: 0x86, address: 0x87 }
const comparisons: ReadonlyMap<number, (name: Buffer, base: Buffer) => boolean> = new Map([
  [tags.mail, isMailWithin], [tags.dns, isDnsWithin], [tags.directory, isDirectoryWithin], [tags.uri, isUriWithin],
  [tags.address, isAddressWithin],
])
/** Of some microseconds each. Real authorities have a few dozen constraints, and servers a hundred names. */
const comparisonsMax = 10_000
const permittedTag = 0xa0
const excludedTag = 0xa1
const hostPattern = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:[\]]+)/
