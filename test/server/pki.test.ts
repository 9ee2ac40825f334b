import { createPrivateKey, X509Certificate } from 'node:crypto'
import fs, {
  chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import * as tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { CredentialsError, loadServerCredentials, missingCredentials } from '../../src/server/credentials.ts'
import { identify } from '../../src/server/identity.ts'
import { issueClientCertificate, makePki, PkiError } from '../../src/server/pki.ts'

const base = mkdtempSync(join(tmpdir(), 'keyward-pki-'))
const made = join(base, 'made')
const nowMs = Date.now()
const dayMs = 86_400_000

beforeAll(() => makePki(made, nowMs))
afterAll(() => rmSync(base, { recursive: true }))

/** A copy that a case may damage. */
function copy(name: string, ...removed: string[]): string {
  const directory = join(base, name)
  cpSync(made, directory, { recursive: true })
  removed.forEach(file => rmSync(join(directory, file)))
  return directory
}

function certificate(name: string, directory = made): X509Certificate {
  return new X509Certificate(readFileSync(join(directory, name)))
}

function contents(directory: string): Record<string, string> {
  const names = readdirSync(directory).sort()
  return Object.fromEntries(names.map(name => [name, readFileSync(join(directory, name), 'utf8')]))
}

describe('makePki', () => {
  test('makes the files that the issue names, keys readable by the owner alone', () => {
    expect(Object.keys(contents(made))).toEqual([
      'alice.key', 'alice.pem', 'bob.key', 'bob.pem', 'ca.key', 'ca.pem', 'server.key', 'server.pem',
    ])
    for (const name of ['ca', 'server', 'alice', 'bob']) {
      expect(statSync(join(made, `${name}.key`)).mode % 0o1000, name).toBe(0o400)
      const key = readFileSync(join(made, `${name}.key`), 'utf8')
      expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
      expect(certificate(`${name}.pem`).checkPrivateKey(createPrivateKey(key)), name).toBe(true)
    }
  })

  test('the server certificate is for this machine, the clients are in two accounts, all are of the authority', () => {
    const [ca, server, alice, bob] = ['ca', 'server', 'alice', 'bob'].map(name => certificate(`${name}.pem`))
    expect(ca?.ca).toBe(true)
    for (const leaf of [server, alice, bob]) expect(leaf?.checkIssued(ca!) && leaf.verify(ca!.publicKey)).toBe(true)
    expect(server?.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
    expect(server?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    const policy = { authorities: [ca!], issuerRealms: {}, requireClientAuthEku: true }
    expect(identify(alice!, policy)).toMatchObject({ account: 'alpha', principal: 'alice' })
    expect(identify(bob!, policy)).toMatchObject({ account: 'beta', principal: 'bob' })
    expect(server!.validToDate.getTime() - nowMs).toBeLessThanOrEqual(825 * dayMs)
    expect(ca!.validToDate.getTime() - nowMs).toBeGreaterThan(3_600 * dayMs)
  })

  test('P-384 throughout, signed with SHA-384, also what is issued later', async () => {
    const directory = join(base, 'p384')
    await makePki(directory, nowMs, { curve: 'P-384' })
    await issueClientCertificate({ directory, name: 'carol', account: 'alpha', days: 30, nowMs })
    for (const name of ['ca', 'server', 'alice', 'bob', 'carol']) {
      const { publicKey, signatureAlgorithm } = certificate(`${name}.pem`, directory)
      expect(publicKey.asymmetricKeyDetails?.namedCurve, name).toBe('secp384r1')
      expect(signatureAlgorithm, name).toBe('ecdsa-with-SHA384')
    }
    expect(() => loadServerCredentials(directory, nowMs)).not.toThrow()
  })

  test('a second run changes nothing, even without the key of the authority', async () => {
    const directory = copy('again', 'ca.key')
    const before = contents(directory)
    await makePki(directory, nowMs + dayMs)
    expect(contents(directory)).toEqual(before)
  })

  test('an interrupted run is completed with what is there', async () => {
    for (const removed of [['server.pem'], ['server.pem', 'server.key', 'bob.pem'], ['ca.pem', 'server.pem']]) {
      const directory = copy(`partial-${removed.length}-${removed[0]}`, ...removed)
      const before = contents(directory)
      await makePki(directory, nowMs)
      expect(contents(directory)).toMatchObject(before)
      expect(certificate('server.pem', directory).verify(certificate('ca.pem', directory).publicKey)).toBe(true)
      expect(() => loadServerCredentials(directory, nowMs)).not.toThrow()
    }
  })

  test('copies of keys that a killed run has left are removed by the next one, and nothing else', async () => {
    const unfinished = ['ca', 'alice', 'server']
    const others = [
      '.alice.key.bob.key.0123456789ab', '.ca.key.backup.0123456789ab', '.ca.key.mine', '.carol.key.0123456789ab', 'ca.key.old',
    ]
    const directory = copy('killed', 'ca.pem', 'alice.pem', 'alice.key', 'server.pem')
    for (const name of unfinished) writeFileSync(join(directory, `.${name}.key.0123456789ab`), 'a key', { mode: 0o400 })
    for (const name of others) writeFileSync(join(directory, name), 'of somebody else')
    await makePki(directory, nowMs)
    expect(readdirSync(directory).sort()).toEqual([...readdirSync(made), ...others].sort())
    await issueClientCertificate({ directory, name: 'carol', account: 'alpha', days: 30, nowMs })
    expect(existsSync(join(directory, '.carol.key.0123456789ab'))).toBe(false)
  })

  describe('a copy of a key that another first start removes', () => {
    test('before it has its name: the start ends, and says what it could not do', async () => {
      const directory = join(base, 'removed-early')
      const said = { code: 'ENOENT', syscall: 'link' }
      await removing('before', () => expect(makePki(directory, nowMs)).rejects.toMatchObject(said))
      expect(readdirSync(directory)).toEqual([])
    })

    test('afterwards: the start goes on', async () => {
      const directory = join(base, 'removed-late')
      await removing('after', () => makePki(directory, nowMs))
      expect(readdirSync(directory).sort()).toEqual(readdirSync(made).sort())
    })
  })

  const refused: [removed: string[], message: RegExp][] = [
    [['server.key'], /server\.pem is there without server\.key/],
    [['ca.key', 'server.pem'], /ca\.key is missing/],
    [['ca.key', 'ca.pem'], /is there, but ca\.pem and ca\.key are missing/],
  ]
  test.each(refused)('without %j it is refused and nothing is written', async (removed, message) => {
    const directory = copy(`refused-${removed.join('-')}`, ...removed)
    const before = contents(directory)
    await expect(makePki(directory, nowMs)).rejects.toThrow(message)
    expect(contents(directory)).toEqual(before)
  })

  test('the key of another authority is refused', async () => {
    const directory = copy('foreign', 'server.pem', 'ca.key')
    await makePki(join(base, 'other'), nowMs)
    cpSync(join(base, 'other/ca.key'), join(directory, 'ca.key'))
    await expect(makePki(directory, nowMs)).rejects.toThrow(/is not the key of/)
  })
})

describe('issueClientCertificate', () => {
  const request = { directory: made, name: 'db-1', account: 'Example, Inc.', days: 30, nowMs }

  test('issues a client of an account', async () => {
    const directory = copy('issue')
    const issued = await issueClientCertificate({ ...request, directory })
    const parsed = new X509Certificate(issued.pem)
    expect(identify(parsed, { authorities: [certificate('ca.pem')], issuerRealms: {}, requireClientAuthEku: true }))
      .toMatchObject({ account: 'Example, Inc.', principal: 'db-1' })
    expect(Math.round((parsed.validToDate.getTime() - nowMs) / dayMs)).toBe(30)
    await expect(issueClientCertificate({ ...request, directory })).rejects.toThrow(/is there already/)
  })

  test('a run that was killed with the key in place leaves no copy of it behind the next one', async () => {
    const directory = copy('issue-killed')
    const copies = ['db-1.key', '.db-1.key.0123456789ab']
    for (const name of copies) writeFileSync(join(directory, name), 'a key', { mode: 0o400 })
    await expect(issueClientCertificate({ ...request, directory })).rejects.toThrow(/db-1\.key is there already/)
    expect(copies.map(name => existsSync(join(directory, name)))).toEqual([true, false])
    const missing = join(base, 'not-there')
    await expect(issueClientCertificate({ ...request, directory: missing })).rejects.toThrow(/ca\.pem is missing/)
  })

  const refused: Partial<typeof request>[] = [
    { name: 'ca' }, { name: 'server' }, { name: '' }, { name: '../x' }, { name: 'a/b' }, { name: '.hidden' },
    { name: 'a b' }, { name: 'a'.repeat(65) }, { account: '' }, { account: '*' },
    { account: 'a@b' }, { account: 'аlpha' },
    { days: 0 }, { days: 826 }, { days: 1.5 }, { days: Number.NaN }, { name: 'alice' },
    { nowMs: nowMs + 3_640 * dayMs },
  ]
  test.each(refused)('refuses %j', async change => {
    await expect(issueClientCertificate({ ...request, ...change })).rejects.toThrow(PkiError)
    expect(existsSync(join(made, 'db-1.pem'))).toBe(false)
  })
})

describe('loadServerCredentials', () => {
  test('takes what makePki made', () => {
    expect(missingCredentials(made)).toEqual([])
    expect(loadServerCredentials(made, nowMs).authorities).toHaveLength(1)
  })

  const damaged: [name: string, damage: (directory: string) => void, message: RegExp][] = [
    ['no certificate', d => rmSync(join(d, 'server.pem')), /server\.pem is missing$/],
    ['an empty one', d => writeFileSync(join(d, 'server.pem'), ''), /server\.pem holds no certificate/],
    ['a damaged authority', d => replace(d, 'ca.pem', pemOf('CERTIFICATE', 'AAAA')), /ca\.pem holds a damaged/],
    ['a key that is none', d => replace(d, 'server.key', pemOf('PRIVATE KEY', 'AAAA')), /server\.key is not an unenc/],
    ['the key of another', d => replace(d, 'server.key', readFileSync(join(d, 'bob.key'))), /is not the key of/],
  ]
  test.each(damaged)('%s stops the start with the name of the file', (name, damage, message) => {
    const directory = copy(`damaged ${name}`)
    damage(directory)
    expect(() => loadServerCredentials(directory, nowMs)).toThrow(CredentialsError)
    expect(() => loadServerCredentials(directory, nowMs)).toThrow(message)
  })

  test('so does one that has expired, or is not valid yet', () => {
    expect(() => loadServerCredentials(made, nowMs + 826 * dayMs)).toThrow(/server\.pem expired on/)
    expect(() => loadServerCredentials(made, nowMs - 2 * dayMs)).toThrow(/is not valid before/)
  })
})

test('mutual TLS works with the files, at 1.2 and 1.3, and not with another authority', async () => {
  const { ca, cert, key } = loadServerCredentials(made, nowMs)
  await makePki(join(base, 'stranger'), nowMs)
  const options = { ca, cert, key, requestCert: true, rejectUnauthorized: true }
  const server = tls.createServer(options, socket => socket.end('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const connect = async (directory: string, version: tls.SecureVersion) => {
    const client = { cert: readFileSync(join(directory, 'alice.pem')), key: readFileSync(join(directory, 'alice.key')) }
    const socket = tls.connect({ host: '127.0.0.1', port, ca, ...client, minVersion: version, maxVersion: version })
    let received = ''
    socket.on('data', data => { received += String(data) })
    // Node closes on an untrusted client without an alert: there is no error to wait for.
    await once(socket, 'close').catch(() => undefined)
    return received
  }
  await expect(connect(made, 'TLSv1.2')).resolves.toBe('hello')
  await expect(connect(made, 'TLSv1.3')).resolves.toBe('hello')
  await expect(connect(join(base, 'stranger'), 'TLSv1.3')).resolves.toBe('')
  server.close()
})

/** As another process may, just before or after a file is given its name. */
async function removing(moment: 'before' | 'after', run: () => Promise<void>): Promise<void> {
  const link = fs.linkSync
  const spy = vi.spyOn(fs, 'linkSync').mockImplementation((from, to) => {
    if (moment === 'before') rmSync(from)
    link(from, to)
    rmSync(from)
  })
  syncBuiltinESMExports()
  try {
    await run()
    expect(spy).toHaveBeenCalled()
  } finally {
    spy.mockRestore()
    syncBuiltinESMExports()
  }
}

function pemOf(label: string, body: string): string {
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
}

function replace(directory: string, name: string, content: string | Buffer): void {
  chmodSync(join(directory, name), 0o600)
  writeFileSync(join(directory, name), content)
}
