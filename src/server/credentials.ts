import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the TLS listener and the mapping of callers need of the certificates directory. */
export interface ServerCredentials {
  /** The contents of ca.pem, server.pem and server.key, as `tls.createServer` takes them. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  /** The certificates of ca.pem in the order of the file: the authorities whose clients are let in. */
  readonly authorities: readonly X509Certificate[]
}

/** The server cannot start with these certificates. One line that names the file. */
export class CredentialsError extends Error {}

/** Which files the server needs and the directory has not: `makePki` may make them (or say why it cannot). */
export function missingCredentials(directory: string): string[] {
  return ['ca.pem', 'server.pem', 'server.key'].filter(name => !existsSync(join(directory, name)))
}

/** Whether the authority's key lies there too, as it does only of a throw-away PKI: real ones keep it elsewhere. */
export function hasThrowAwayPki(directory: string): boolean {
  return existsSync(join(directory, 'ca.key'))
}

/**
 * Reads and checks the server's certificates: they parse, the key is the certificate's, the authorities are some, and all
 * are valid now.
 *
 * @param nowMs milliseconds since 1970
 * @throws CredentialsError
 */
export function loadServerCredentials(directory: string, nowMs: number): ServerCredentials {
  const ca = read(directory, 'ca.pem')
  const cert = read(directory, 'server.pem')
  const key = read(directory, 'server.key')
  const authorities = parseCertificates(join(directory, 'ca.pem'), ca)
  const certificatePath = join(directory, 'server.pem')
  const own = parseCertificates(certificatePath, cert)[0]
  const keyPath = join(directory, 'server.key')
  if (own?.checkPrivateKey(parseKey(keyPath, key)) !== true) {
    throw new CredentialsError(`${keyPath} is not the key of ${certificatePath}`)
  }
  checkDates(certificatePath, own, nowMs)
  for (const authority of authorities) checkAuthority(join(directory, 'ca.pem'), authority, nowMs)
  return { ca, cert, key, authorities }
}

function read(directory: string, name: string): string {
  const path = join(directory, name)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new CredentialsError(code === 'ENOENT' ? `${path} is missing` : `${path} cannot be read (${code})`)
  }
}

function parseCertificates(path: string, text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (blocks === null) throw new CredentialsError(`${path} holds no certificate in PEM form`)
  try {
    return blocks.map(block => new X509Certificate(block))
  } catch {
    throw new CredentialsError(`${path} holds a damaged certificate`)
  }
}

/** OpenSSL's own message is dropped: it may quote the file. */
function parseKey(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    throw new CredentialsError(`${path} is not an unencrypted private key in PEM form`)
  }
}

/** Somebody else's certificate there would let nobody in, and say nothing of why. */
function checkAuthority(path: string, certificate: X509Certificate, nowMs: number): void {
  if (!certificate.ca) {
    const subject = certificate.subject.split('\n').join(', ')
    throw new CredentialsError(`${path} holds the certificate of ${subject}, which is no authority (basic constraints)`)
  }
  checkDates(path, certificate, nowMs)
}

function checkDates(path: string, certificate: X509Certificate, nowMs: number): void {
  const { validFrom, validFromDate, validTo, validToDate } = certificate
  if (validFromDate.getTime() > nowMs) throw new CredentialsError(`${path} is not valid before ${validFrom}`)
  if (validToDate.getTime() < nowMs) throw new CredentialsError(`${path} expired on ${validTo}`)
}
