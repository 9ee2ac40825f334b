import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { X509Certificate } from 'node:crypto'

export type Verdict = 'Valid' | 'Invalid' | 'Unknown'

/** The certificates are not one chain. */
export class ChainError extends Error {}

/**
 * Validates a certificate chain (RFC 5280 section 6, without policies, name constraints and revocation lists): names,
 * signatures, dates, what authorities may do, and that it ends in an anchor. Unknown: nothing is wrong with it, but it
 * ends in no anchor, or demands something that is not checked here.
 *
 * @param certificates DER, in any order
 * @param anchors DER of certificates that are trusted
 * @param at seconds since 1970-01-01 UTC
 * @throws ChainError when they are not one chain; Error for what is no certificate
 */
export function validateChain(certificates: readonly Buffer[], anchors: readonly Buffer[], at: number): Verdict {
  const given = distinct(certificates)
  const trusted = distinct(anchors)
  const chain: X509Certificate[] = []
  let current: X509Certificate | undefined = leafOf(given)
  let isKnown = true
  while (current !== undefined) {
    const certificate: X509Certificate = current
    chain.push(certificate)
    if (!isGoodAt(certificate, at)) return 'Invalid'
    isKnown &&= isUnderstood(certificate)
    if (has(trusted, certificate)) break
    const issuer: X509Certificate | undefined = issuerOf(certificate, given, trusted)
    if (issuer === undefined || issuer === certificate) {
      isKnown = false
      if (issuer !== undefined && !certificate.verify(certificate.publicKey)) return 'Invalid'
      break
    }
    if (!certificate.verify(issuer.publicKey) || !mayIssue(issuer, chain, trusted)) return 'Invalid'
    current = issuer
  }
  if (given.some((certificate) => !has(chain, certificate))) throw new ChainError('the certificates are not one chain')
  return isKnown ? 'Valid' : 'Unknown'
}

/** Whether it is the certificate of an authority that nobody else vouches for. */
export function isSelfSigned(certificate: Buffer): boolean {
  const one = new X509Certificate(certificate)
  return one.checkIssued(one) && one.verify(one.publicKey)
}

/** The one that has issued none of the others. */
function leafOf(given: readonly X509Certificate[]): X509Certificate {
  const leaves = given.filter((one) => !given.some((other) => other !== one && other.checkIssued(one)))
  const [leaf] = leaves
  if (leaf === undefined || leaves.length > 1) throw new ChainError('the certificates are not one chain')
  return leaf
}

function issuerOf(
  certificate: X509Certificate, given: readonly X509Certificate[], trusted: readonly X509Certificate[],
): X509Certificate | undefined {
  const candidates = [...trusted, ...given].filter((each) => certificate.checkIssued(each))
  return candidates.find((each) => certificate.verify(each.publicKey)) ?? candidates[0]
}

/** An authority, within the number of authorities that may stand below it; an anchor is trusted to be one. */
function mayIssue(
  issuer: X509Certificate, below: readonly X509Certificate[], trusted: readonly X509Certificate[],
): boolean {
  if (has(trusted, issuer) && !hasExtensions(issuer)) return true
  if (!issuer.ca) return false
  const { pathLength } = parse(issuer).getExtension(x509.BasicConstraintsExtension) ?? {}
  const authoritiesBelow = below.slice(1).filter(({ subject, issuer: name }) => subject !== name).length
  return pathLength === undefined || authoritiesBelow <= pathLength
}

function isGoodAt({ validFromDate, validToDate }: X509Certificate, at: number): boolean {
  return validFromDate.getTime() <= at * 1000 && at * 1000 <= validToDate.getTime()
}

/** A critical extension that is not processed leaves the question open. */
function isUnderstood(certificate: X509Certificate): boolean {
  return parse(certificate).extensions.every(({ critical, type }) => !critical || processedOids.has(type))
}

/** Version 1 certificates have none. */
function hasExtensions(certificate: X509Certificate): boolean {
  return parse(certificate).extensions.length > 0
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

/** Basic constraints, key usage (by `checkIssued`); extended key usage and alternative names bind who uses the leaf. */
const processedOids: ReadonlySet<string> = new Set(['2.5.29.19', '2.5.29.15', '2.5.29.37', '2.5.29.17'])
