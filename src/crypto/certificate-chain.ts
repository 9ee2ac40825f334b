import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { X509Certificate } from 'node:crypto'
import { Turn } from '../model/turn.ts'
import { hasMask } from '../model/usage.ts'
import { certifiedBytesMax } from './certificate.ts'
import { areWithin, namesOf, parseNameConstraints } from './name-constraints.ts'

export type Verdict = 'Valid' | 'Invalid' | 'Unknown'

/** A chain from the leaf upwards (DER), as far as it could be followed, and what is to be said of it. */
export interface ValidatedChain {
  readonly verdict: Verdict
  readonly chain: readonly Buffer[]
}

/** The certificates are not one chain. */
export class ChainError extends Error {}

/**
 * Validates a certificate chain (RFC 5280 section 6, without policies and revocation lists): names, signatures, dates,
 * what authorities may do and for which names, and that it ends in an anchor. Unknown: nothing is wrong with it, but
 * it ends in no anchor, or demands something that is not checked here. Others are let in between two signatures.
 *
 * @param certificates DER, in any order, each of `certifiedBytesMax` at most
 * @param anchors DER of certificates that are trusted
 * @param others DER of certificates that may stand between; larger ones do not
 * @param at seconds since 1970-01-01 UTC
 * @throws ChainError when they are not one chain, or too large; Error for what is no certificate
 */
export async function validateChain(
  certificates: readonly Buffer[], anchors: readonly Buffer[], others: readonly Buffer[], at: number,
): Promise<ValidatedChain> {
  const turn = new Turn()
  const isSmall = ({ length }: Buffer): boolean => length <= certifiedBytesMax
  if (!certificates.every(isSmall)) throw new ChainError(`a certificate of a chain has at most ${certifiedBytesMax} bytes`)
  const pool = { given: distinct(certificates), trusted: distinct(anchors), others: distinct(others.filter(isSmall)) }
  const { chain, isAnchored } = await follow(pool, turn)
  if (pool.given.some((certificate) => !has(chain, certificate))) {
    throw new ChainError('the certificates are not one chain')
  }
  const isGood = await every(chain, turn, (certificate, place) =>
    isGoodAt(certificate, at) && isIssued(chain, place, pool.trusted))
  const names = isGood ? await areNamesWithin(chain, turn) : false
  const isKnown = isAnchored && names === true && await every(chain, turn, isUnderstood)
  return {
    verdict: names === false ? 'Invalid' : isKnown ? 'Valid' : 'Unknown',
    chain: chain.map(({ raw }) => raw),
  }
}

/** Those that are certificates of authorities that nobody else vouches for; others are let in between two of them. */
export async function selfSigned(certificates: readonly Buffer[]): Promise<Buffer[]> {
  const turn = new Turn()
  const found: Buffer[] = []
  for (const certificate of certificates) {
    if (turn.isOver) await turn.pass()
    const one = new X509Certificate(certificate)
    if (one.subject === one.issuer && one.verify(one.publicKey)) found.push(certificate)
  }
  return found
}

interface Pool {
  readonly given: readonly X509Certificate[]
  readonly trusted: readonly X509Certificate[]
  readonly others: readonly X509Certificate[]
}

/**
 * From the leaf to an anchor, or to the last issuer that there is. No certificate comes twice: authorities may vouch for
 * each other.
 */
async function follow(pool: Pool, turn: Turn): Promise<{ chain: X509Certificate[]; isAnchored: boolean }> {
  const chain: X509Certificate[] = []
  let current: X509Certificate | undefined = leafOf(pool.given)
  while (current !== undefined) {
    chain.push(current)
    if (has(pool.trusted, current)) return { chain, isAnchored: true }
    current = await issuerOf(current, chain, pool, turn)
  }
  return { chain, isAnchored: false }
}

/** The one that has issued none of the others. */
function leafOf(given: readonly X509Certificate[]): X509Certificate {
  const leaves = given.filter((one) => !given.some((other) => other !== one && isNamedBy(other, one)))
  const [leaf] = leaves
  if (leaf === undefined || leaves.length > 1) throw new ChainError('the certificates are not one chain')
  return leaf
}

/** Who is named as the issuer and has signed it; else who is only named, of those that the request shows. */
async function issuerOf(
  certificate: X509Certificate, chain: readonly X509Certificate[], { given, trusted, others }: Pool, turn: Turn,
): Promise<X509Certificate | undefined> {
  const named = [...trusted, ...given, ...others].filter((each) => !has(chain, each) && isNamedBy(certificate, each))
  for (const each of named) {
    if (turn.isOver) await turn.pass()
    if (certificate.verify(each.publicKey)) return each
  }
  return named.find((each) => has(given, each))
}

async function every<T>(list: readonly T[], turn: Turn, isSo: (each: T, place: number) => boolean): Promise<boolean> {
  for (const [place, each] of list.entries()) {
    if (turn.isOver) await turn.pass()
    if (!isSo(each, place)) return false
  }
  return true
}

function isNamedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.issuer === issuer.subject
}

/** Whether the next one of the chain has issued it, and might; the last one has nobody to ask but itself. */
function isIssued(chain: readonly X509Certificate[], place: number, trusted: readonly X509Certificate[]): boolean {
  const certificate = chain[place]!
  const issuer = chain[place + 1]
  if (issuer === undefined) return !isNamedBy(certificate, certificate) || certificate.verify(certificate.publicKey)
  return certificate.verify(issuer.publicKey) && mayIssue(issuer, chain.slice(0, place + 1), trusted)
}

/** An authority, within the number of authorities that may stand below it; an anchor is trusted to be one. */
function mayIssue(
  issuer: X509Certificate, below: readonly X509Certificate[], trusted: readonly X509Certificate[],
): boolean {
  const { extensions } = parse(issuer)
  // Version 1 certificates have none.
  if (has(trusted, issuer) && extensions.length === 0) return true
  if (!issuer.ca) return false
  const usages = parse(issuer).getExtension(x509.KeyUsagesExtension)?.usages
  if (usages !== undefined && !hasMask(usages, x509.KeyUsageFlags.keyCertSign)) return false
  const { pathLength } = parse(issuer).getExtension(x509.BasicConstraintsExtension) ?? {}
  const authoritiesBelow = below.slice(1).filter(({ subject, issuer: name }) => subject !== name).length
  return pathLength === undefined || authoritiesBelow <= pathLength
}

/** Whether each certificate has only names that those above it may vouch for; undefined where that cannot be told. */
async function areNamesWithin(chain: readonly X509Certificate[], turn: Turn): Promise<boolean | undefined> {
  let isKnown = true
  for (const [place, authority] of chain.entries()) {
    const der = extensionOf(authority, nameConstraintsOid)
    if (der === undefined || place === 0) continue
    try {
      const constraints = parseNameConstraints(der)
      for (const [below, certificate] of chain.slice(0, place).entries()) {
        if (turn.isOver) await turn.pass()
        // An authority's certificate for itself, as when it changes its key, is not constrained (RFC 5280 6.1.3).
        if (below > 0 && isNamedBy(certificate, certificate)) continue
        const subject = Buffer.from(parse(certificate).subjectName.toArrayBuffer())
        const isWithin = areWithin(namesOf(subject, extensionOf(certificate, alternativeNamesOid)), constraints)
        if (isWithin === false) return false
        isKnown &&= isWithin === true
      }
    } catch {
      return false
    }
  }
  return isKnown ? true : undefined
}

function isGoodAt({ validFromDate, validToDate }: X509Certificate, at: number): boolean {
  return validFromDate.getTime() <= at * 1000 && at * 1000 <= validToDate.getTime()
}

/** A critical extension that is not processed leaves the question open. */
function isUnderstood(certificate: X509Certificate): boolean {
  return parse(certificate).extensions.every(({ critical, type }) => !critical || processedOids.has(type))
}

function extensionOf(certificate: X509Certificate, oid: string): Buffer | undefined {
  const found = parse(certificate).extensions.find(({ type }) => type === oid)
  return found && Buffer.from(found.value)
}

function parse(certificate: X509Certificate): x509.X509Certificate {
  return new x509.X509Certificate(certificate.raw)
}

function distinct(certificates: readonly Buffer[]): X509Certificate[] {
  const found: X509Certificate[] = []
  for (const certificate of certificates.map((der) => new X509Certificate(der))) {
    if (!has(found, certificate)) found.push(certificate)
  }
  return found
}

function has(list: readonly X509Certificate[], { fingerprint256 }: X509Certificate): boolean {
  return list.some((each) => each.fingerprint256 === fingerprint256)
}

const nameConstraintsOid = '2.5.29.30'
const alternativeNamesOid = '2.5.29.17'
/** Basic constraints, key usage, name constraints; extended key usage and alternative names bind who uses the leaf. */
const processedOids: ReadonlySet<string> = new Set([
  '2.5.29.19', '2.5.29.15', '2.5.29.37', alternativeNamesOid, nameConstraintsOid,
])
