import { createHash } from 'node:crypto'
import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Caller } from '../model/access.ts'

/**
 * A caller, and the certificate that says so. `account` is `alpha`, or `alpha@<realm>` when another authority than the
 * home one vouches for it; `principal` is unique within the account. Certificates that mean the same give the same.
 */
export interface Identity extends Caller {
  /** SHA-256 of the authority's public key, 64 hexadecimal digits. */
  readonly issuer: string
  /** SHA-256 of the certificate, 64 hexadecimal digits: it tells a renewed certificate from the old one. */
  readonly fingerprint: string
  /** What the certificate itself says, for the audit and for client profiles. */
  readonly certificate: CertificateNames
}

/** The names in a certificate, decoded and otherwise untouched; lists in the order of the certificate. */
export interface CertificateNames {
  readonly commonNames: readonly string[]
  readonly organizations: readonly string[]
  readonly uris: readonly string[]
  readonly emails: readonly string[]
  readonly dnsNames: readonly string[]
  readonly serialNumber: string
}

/** Which authorities vouch for callers, and for which. */
export interface IdentityPolicy {
  /** The certificates of ca.pem, in its order. */
  readonly authorities: readonly X509Certificate[]
  /** Public-key digest of an authority (`issuerId`) to its realm; '' is the home realm. Empty: see `realmOf`. */
  readonly issuerRealms: Readonly<Record<string, string>>
  readonly requireClientAuthEku: boolean
}

/** The certificate is genuine and yet names nobody whom the server may serve. The message holds no name of it. */
export class IdentityError extends Error {}

/**
 * Maps a client certificate, already verified by TLS, to its caller:
 *
 * 1. A SAN URI `keyward://<account>/<principal>` decides both. There may be only one.
 * 2. Else the subject's CN is the principal and its O the account; without O, the account is `default`.
 * 3. Else (no CN) the one SAN e-mail address, or else the one SAN DNS name, is the principal; the account as in 2.
 *
 * The authority is a part of the identity: the first one of ca.pem is at home, accounts of each other one get
 * `@<realm>`, so that a CN or O of another authority never meets the same name here, unless `issuerRealms` lets it.
 * Upper and lower case differ. The serial number has no part in it: a renewed certificate is the same caller.
 *
 * @throws IdentityError for an empty, repeated, over-long or look-alike name, another purpose, an unknown authority
 */
export function identify(certificate: X509Certificate, policy: IdentityPolicy): Identity {
  checkPurpose(certificate, policy.requireClientAuthEku)
  const names = readNames(certificate)
  const { account, principal } = resolveNames(names)
  checkName('account', account)
  checkName('principal', principal)
  const authority = authorityOf(certificate, policy.authorities)
  const realm = realmOf(authority, policy)
  return {
    account: realm === '' ? account : `${account}@${realm}`,
    principal,
    issuer: issuerId(authority.publicKey),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    certificate: names,
  }
}

/**
 * Refuses names that could be taken for another: only ASCII letters, digits and a little punctuation (so there are no
 * look-alikes, invisible or control characters), no space at an end or twice, at most 64 characters (X.520's bound for
 * CN and O), beginning with a letter or digit (so neither empty nor `*` nor `..`). `@` only in a principal, because it
 * joins account and realm; neither `:` nor `/`, because accounts stand in ARNs.
 *
 * @throws IdentityError that says which rule, without the name
 */
export function checkName(kind: 'account' | 'principal', name: string): void {
  if (name === '') throw new IdentityError(`the ${kind} is empty`)
  if (name.length > nameCharactersMax) throw new IdentityError(`the ${kind} has over ${nameCharactersMax} characters`)
  const form = kind === 'account' ? accountForm : principalForm
  if (!form.test(name)) throw new IdentityError(`the ${kind} has characters that are not allowed`)
}

/** Names an authority in `issuerRealms`: SHA-256 of its SubjectPublicKeyInfo, so that renewing it changes nothing. */
export function issuerId(publicKey: KeyObject): string {
  return createHash('sha256').update(publicKey.export({ format: 'der', type: 'spki' })).digest('hex')
}

function resolveNames(names: CertificateNames): { account: string, principal: string } {
  const own = names.uris.filter(uri => uri.toLowerCase().startsWith('keyward:'))
  if (own.length > 0) {
    const match = uriForm.exec(single('keyward URI', own))
    if (match?.groups === undefined) throw new IdentityError('the keyward URI is not keyward://<account>/<principal>')
    return { account: match.groups.account ?? '', principal: match.groups.principal ?? '' }
  }
  const account = names.organizations.length === 0 ? defaultAccount : single('organization', names.organizations)
  if (names.commonNames.length > 0) return { account, principal: single('common name', names.commonNames) }
  if (names.emails.length > 0) return { account, principal: single('e-mail address', names.emails) }
  return { account, principal: single('DNS name', names.dnsNames) }
}

function single(what: string, values: readonly string[]): string {
  const [value] = values
  if (value === undefined) throw new IdentityError('the certificate names nobody')
  if (values.length > 1) throw new IdentityError(`the certificate has more than one ${what}`)
  return value
}

function checkPurpose(certificate: X509Certificate, isRequired: boolean): void {
  if (certificate.ca) throw new IdentityError('the certificate is an authority\'s, not a client\'s')
  const purposes: readonly string[] | undefined = certificate.keyUsage
  if (purposes === undefined ? isRequired : !purposes.includes(clientAuth)) {
    throw new IdentityError('the certificate is not for client authentication')
  }
}

/**
 * The certificate of ca.pem that vouches for this one, directly or through intermediates that the client sent. On a
 * resumed TLS session Node has no intermediates: those that clients use belong into ca.pem.
 */
function authorityOf(certificate: X509Certificate, authorities: readonly X509Certificate[]): X509Certificate {
  let current = certificate
  for (let depth = 0; depth < chainDepthMax; depth += 1) {
    const below = current
    const found = authorities.find(authority => below.checkIssued(authority) && below.verify(authority.publicKey))
    if (found !== undefined) return topOf(found, authorities)
    const next = current.issuerCertificate
    if (next === undefined || !current.checkIssued(next) || !current.verify(next.publicKey)) break
    current = next
  }
  throw new IdentityError('the certificate is of an unknown authority')
}

/** An intermediate in ca.pem speaks for the authority above it, if that is there too. */
function topOf(authority: X509Certificate, authorities: readonly X509Certificate[]): X509Certificate {
  let current = authority
  for (let depth = 0; depth < chainDepthMax; depth += 1) {
    const below = current
    const above = authorities.find(other => other.fingerprint256 !== below.fingerprint256 &&
      below.checkIssued(other) && below.verify(other.publicKey))
    if (above === undefined || above.publicKey.equals(below.publicKey)) return current
    current = above
  }
  return current
}

function realmOf(authority: X509Certificate, policy: IdentityPolicy): string {
  const id = issuerId(authority.publicKey)
  if (Object.hasOwn(policy.issuerRealms, id)) return policy.issuerRealms[id] ?? ''
  const isConfigured = Object.keys(policy.issuerRealms).length > 0
  const [first] = policy.authorities
  const isHome = !isConfigured && first !== undefined && issuerId(topOf(first, policy.authorities).publicKey) === id
  return isHome ? '' : id.slice(0, realmDigits)
}

/**
 * The legacy form is the one that keeps values apart: a list where a name is repeated, and no escapes. The printed
 * forms of `subject` would have to be parsed.
 */
function readNames(certificate: X509Certificate): CertificateNames {
  const subject: Record<string, unknown> = { ...certificate.toLegacyObject().subject }
  const alternatives = parseAlternativeNames(certificate.subjectAltName ?? '')
  return {
    commonNames: toList(subject.CN),
    organizations: toList(subject.O),
    uris: alternatives.get('URI') ?? [],
    emails: alternatives.get('email') ?? [],
    dnsNames: alternatives.get('DNS') ?? [],
    serialNumber: certificate.serialNumber.toLowerCase(),
  }
}

function toList(value: unknown): string[] {
  if (value === undefined) return []
  return (Array.isArray(value) ? value : [value]).map(String)
}

/** Node prints `DNS:a, URI:b`, and a value with a comma, a quote or a control character as a JSON string. */
function parseAlternativeNames(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>()
  const entry = /([A-Za-z0-9 ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y
  while (entry.lastIndex < text.length) {
    const match = entry.exec(text)
    if (match === null) throw new IdentityError('the alternative names cannot be read')
    const [, type = '', value = ''] = match
    names.set(type, [...names.get(type) ?? [], value.startsWith('"') ? String(JSON.parse(value)) : value])
  }
  return names
}

const accountForm = /^[A-Za-z0-9](?: ?[A-Za-z0-9._+,&'()-])*$/
const principalForm = /^[A-Za-z0-9](?: ?[A-Za-z0-9._+,&'()@-])*$/
const uriForm = /^keyward:\/\/(?<account>[^/]*)\/(?<principal>[^/]*)$/

const nameCharactersMax = 64

const clientAuth = '1.3.6.1.5.5.7.3.2'

/** Where principals belong whose certificate has no O: many products make certificates with a CN alone. */
const defaultAccount = 'default'

/** OpenSSL's own default for a chain is 100; ours has an authority, an intermediate or two, and the client. */
const chainDepthMax = 8

/** 64 bits of the authority's key digest: enough, because only authorities of ca.pem compete. */
const realmDigits = 16
