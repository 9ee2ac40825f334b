import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { createPrivateKey, createPublicKey, randomBytes, webcrypto } from 'node:crypto'
import { existsSync, linkSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { makeDirectory } from '../store/directory.ts'
import { checkName } from './identity.ts'

x509.cryptoProvider.set(webcrypto)

/** The directory cannot become a complete PKI, or the certificate must not be issued. One line, nothing secret. */
export class PkiError extends Error {}

/**
 * Makes a throw-away PKI: a certificate authority, the server's certificate for this machine, and the client
 * certificates of alice (account alpha) and bob (account beta). What is there is kept: it may be run again, and
 * completes a run that was interrupted. Keys are PKCS#8 with mode 0400, which Barbican insists on.
 *
 * @param directory made when it is missing (mode 0755: the certificates are public)
 * @param nowMs milliseconds since 1970
 * @param options.curve of a new authority and what it certifies (P-256); P-384 for the 192-bit level of Suite B
 * @param options.host that the server is reached at besides this machine's own names
 * @throws PkiError when a certificate is there without its key, or the authority's key is needed and missing
 * @throws StartError when the directory cannot be made
 */
export async function makePki(directory: string, nowMs: number, options: PkiOptions = {}): Promise<void> {
  const { curve = 'P-256', host } = options
  await makeDirectory('certificates directory', directory, 0o755)
  await completeAuthority(directory, nowMs, curve)
  for (const [name, account] of sampleClients) {
    await complete(directory, name, nowMs, request => issueClient(request, name, account, leafDaysMax))
  }
  // Last: the server makes a PKI when its own certificate is missing, so an interrupted run is taken up again.
  await complete(directory, 'server', nowMs, request => issueServer(request, host))
}

/** Where the keys of a PKI lie. */
export type Curve = 'P-256' | 'P-384'

interface PkiOptions { readonly curve?: Curve, readonly host?: string }

/** What `issueClientCertificate` wrote. */
export interface IssuedCertificate { readonly certificatePath: string, readonly keyPath: string, readonly pem: string }

/**
 * Issues `<name>.pem` and `<name>.key`, with which a client is `name` of `account` (`server/identity.ts`).
 *
 * @param request.directory holds ca.pem and ca.key
 * @param request.days validity, from 1 to 825 (what TLS clients accept of a private authority)
 * @throws PkiError when a name is not acceptable, a file is there already or the authority is not
 */
export async function issueClientCertificate(
  request: { directory: string, name: string, account: string, days: number, nowMs: number },
): Promise<IssuedCertificate> {
  const { directory, name, account, days, nowMs } = request
  checkFileName(name)
  checkNames(name, account)
  if (!Number.isInteger(days) || days < 1 || days > leafDaysMax) throw new PkiError(`days: 1 to ${leafDaysMax}`)
  const certificatePath = join(directory, `${name}.pem`)
  const keyPath = join(directory, `${name}.key`)
  const existing = [certificatePath, keyPath].find(path => existsSync(path))
  if (existing !== undefined) {
    // A run that was killed with the key in place may have left its copy: no later run comes to where it is removed.
    removeUnfinished(directory, `${name}.key`)
    throw new PkiError(`${existing} is there already`)
  }
  await complete(directory, name, nowMs, part => issueClient(part, name, account, days))
  return { certificatePath, keyPath, pem: readFileSync(certificatePath, 'utf8') }
}

interface LeafRequest { readonly authority: Authority, readonly publicKey: CryptoKey, readonly nowMs: number }

interface Authority { readonly certificate: x509.X509Certificate, readonly privateKey: CryptoKey }

async function completeAuthority(directory: string, nowMs: number, curve: Curve): Promise<void> {
  if (existsSync(join(directory, 'ca.pem'))) return
  const orphan = leafFiles.find(file => existsSync(join(directory, file)))
  if (orphan !== undefined && !existsSync(join(directory, 'ca.key'))) {
    throw new PkiError(`${join(directory, orphan)} is there, but ca.pem and ca.key are missing`)
  }
  const keys = await loadOrMakeKeys(directory, 'ca', curve)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerialNumber(),
    // Each its own name: OpenSSL picks an authority by name first, and two of one name in a bundle confuse it.
    name: [{ CN: [`Keyward throw-away CA ${randomBytes(4).toString('hex')}`] }],
    ...validity(nowMs, authorityDays),
    signingAlgorithm: signatureOf(keys.privateKey),
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign + x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  writeNew(directory, 'ca.pem', pem(certificate), 0o644)
}

/** Key first, certificate second: a run that ends between the two leaves a key, for which the next run issues. */
async function complete(
  directory: string, name: string, nowMs: number, issue: (request: LeafRequest) => Promise<x509.X509Certificate>,
): Promise<void> {
  if (existsSync(join(directory, `${name}.pem`))) {
    if (existsSync(join(directory, `${name}.key`))) return
    throw new PkiError(`${join(directory, name)}.pem is there without ${name}.key: restore the key, or remove both`)
  }
  const authority = await loadAuthority(directory)
  const { publicKey } = await loadOrMakeKeys(directory, name, curveOf(authority.privateKey))
  writeNew(directory, `${name}.pem`, pem(await issue({ authority, publicKey, nowMs })), 0o644)
}

function issueServer(request: LeafRequest, host: string | undefined): Promise<x509.X509Certificate> {
  const others = host === undefined || coveredHosts.has(host) ? [] : [host]
  const names: x509.JsonGeneralNames = ['localhost', '127.0.0.1', '::1', ...others]
    .map(value => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))
  const alternatives = new x509.SubjectAlternativeNameExtension(names)
  return issueLeaf(request, [{ CN: ['localhost'] }], x509.ExtendedKeyUsage.serverAuth, leafDaysMax, [alternatives])
}

function issueClient(request: LeafRequest, name: string, account: string, days: number): Promise<x509.X509Certificate> {
  return issueLeaf(request, [{ O: [account] }, { CN: [name] }], x509.ExtendedKeyUsage.clientAuth, days, [])
}

async function issueLeaf(
  request: LeafRequest, subject: x509.JsonName, purpose: string, days: number, more: x509.Extension[],
): Promise<x509.X509Certificate> {
  const { authority, publicKey, nowMs } = request
  const dates = validity(nowMs, days)
  if (dates.notAfter > authority.certificate.notAfter) throw new PkiError('the authority expires before that')
  return x509.X509CertificateGenerator.create({
    serialNumber: randomSerialNumber(),
    issuer: authority.certificate.subjectName,
    subject,
    ...dates,
    signingAlgorithm: signatureOf(authority.privateKey),
    publicKey,
    signingKey: authority.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([purpose]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
      ...more,
    ],
  })
}

async function loadAuthority(directory: string): Promise<Authority> {
  const [certificatePath, keyPath] = [join(directory, 'ca.pem'), join(directory, 'ca.key')]
  if (!existsSync(certificatePath) || !existsSync(keyPath)) {
    throw new PkiError(`${existsSync(certificatePath) ? keyPath : certificatePath} is missing: it is needed to issue`)
  }
  const certificate = new x509.X509Certificate(readFileSync(certificatePath, 'utf8'))
  const { publicKey, privateKey } = await loadKeys(keyPath)
  const inKey = Buffer.from(await webcrypto.subtle.exportKey('spki', publicKey))
  if (!inKey.equals(Buffer.from(certificate.publicKey.rawData))) {
    throw new PkiError(`${keyPath} is not the key of ${certificatePath}`)
  }
  return { certificate, privateKey }
}

async function loadOrMakeKeys(directory: string, name: string, curve: Curve): Promise<CryptoKeyPair> {
  removeUnfinished(directory, `${name}.key`)
  const path = join(directory, `${name}.key`)
  if (existsSync(path)) return loadKeys(path)
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: curve }, true, ['sign', 'verify'])
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  writeNew(directory, `${name}.key`, x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') + '\n', 0o400)
  return keys
}

async function loadKeys(path: string): Promise<CryptoKeyPair> {
  try {
    const key = createPrivateKey(readFileSync(path))
    const algorithm = { name: 'ECDSA', namedCurve: curves[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? '' }
    const pkcs8 = key.export({ format: 'der', type: 'pkcs8' })
    const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
    return {
      privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
      publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
    }
  } catch {
    throw new PkiError(`${path} is not a readable EC private key on P-256 or P-384`)
  }
}

function curveOf({ algorithm }: CryptoKey): Curve {
  return (algorithm as webcrypto.EcKeyAlgorithm).namedCurve as Curve
}

/** With the hash of the curve's strength (RFC 6460 section 3). */
function signatureOf(key: CryptoKey): { name: string, hash: string } {
  return { name: 'ECDSA', hash: curveOf(key) === 'P-384' ? 'SHA-384' : 'SHA-256' }
}

/** Never over an existing file, never half a file: `link` refuses what is there, and by then all is written. */
function writeNew(directory: string, name: string, content: string, mode: number): void {
  const temporary = join(directory, `.${name}.${randomBytes(6).toString('hex')}`)
  writeFileSync(temporary, content, { mode, flag: 'wx', flush: true })
  try {
    linkSync(temporary, join(directory, name))
  } finally {
    // Another run may have taken it for a leftover. It is no harm once the link is made; before, `link` has said so.
    rmSync(temporary, { force: true })
  }
}

/** Copies of a key that `writeNew` left where it was killed: its certificate is missing then, so the next run comes here. */
function removeUnfinished(directory: string, name: string): void {
  const prefix = `.${name}.`
  for (const file of readdirSync(directory)) {
    const isCopy = file.startsWith(prefix) && /^[0-9a-f]{12}$/.test(file.slice(prefix.length))
    if (isCopy) rmSync(join(directory, file), { force: true })
  }
}

function checkFileName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]*$/.test(name) || reservedFileNames.has(name)) {
    throw new PkiError('name: letters, digits and . _ @ - (it names the files), and neither ca nor server')
  }
}

function checkNames(name: string, account: string): void {
  try {
    checkName('principal', name)
    checkName('account', account)
  } catch (error) {
    throw new PkiError(error instanceof Error ? error.message : 'the names are not acceptable')
  }
}

/** RFC 5280 4.1.2.2: positive and at most 20 octets; 126 random bits, the top one for a constant length. */
function randomSerialNumber(): string {
  const bytes = randomBytes(16)
  return (0x40 + bytes.readUInt8(0) % 0x40).toString(16) + bytes.subarray(1).toString('hex')
}

/** It begins an hour ago: clients whose clock is a little behind work at once. */
function validity(nowMs: number, days: number): { notBefore: Date, notAfter: Date } {
  return { notBefore: new Date(nowMs - 3_600_000), notAfter: new Date(nowMs + days * dayMs) }
}

function pem(certificate: x509.X509Certificate): string {
  return certificate.toString('pem') + '\n'
}

type CryptoKey = webcrypto.CryptoKey
type CryptoKeyPair = webcrypto.CryptoKeyPair

/** OpenSSL's names of the curves. */
const curves: Readonly<Record<string, Curve>> = { prime256v1: 'P-256', secp384r1: 'P-384' }

/** What the certificate is for anyway, and what no client connects to: "any address". */
const coveredHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::'])

const sampleClients: readonly (readonly [name: string, account: string])[] = [['alice', 'alpha'], ['bob', 'beta']]

const leafFiles: readonly string[] = ['server.pem', ...sampleClients.map(([name]) => `${name}.pem`)]

const reservedFileNames: ReadonlySet<string> = new Set(['ca', 'server'])

const dayMs = 86_400_000

const authorityDays = 3_650

/** Apple's and others' upper bound for certificates of private authorities. */
const leafDaysMax = 825
