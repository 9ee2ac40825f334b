import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/server/limits.ts'
import { makePki } from '../../src/server/pki.ts'
import { startServer } from '../support/server.ts'
import { WireConnection } from '../support/wire.ts'

/** Another server left the intermediate authority out of its handshake, and no client could verify it. */
test.each([
  ['with its intermediate is verified by the root alone', true],
  ['without its intermediate is not', false],
])('a server certificate %s', async (_, complete) => {
  const home = await mkdtemp(join(tmpdir(), 'keyward-test-'))
  const certificates = join(home, 'certs')
  await mkdir(certificates, { recursive: true })
  await makePki(certificates, Date.now())
  const [leaf, intermediate] = await issueBelowIntermediate(certificates)
  await writeFile(join(certificates, 'server.pem'), complete ? leaf + intermediate : leaf)
  const server = await startServer({}, home)
  try {
    const opening = WireConnection.open(server, server.certificates.alice)
    if (complete) await (await opening).close()
    else await expect(opening).rejects.toThrow(/unable to verify/)
  } finally {
    await server.stop()
  }
}, 30_000)

test('an idle connection lives longer than the keepalive of any client, which is a minute', () => {
  expect(defaultLimits.idleMsMax).toBeGreaterThan(60_000)
})

/**
 * Adds a root to ca.pem.
 *
 * @returns PEM of a new certificate for server.key, and of the intermediate below the root that signed it
 */
async function issueBelowIntermediate(folder: string): Promise<readonly [string, string]> {
  const openssl = (...words: string[]): Promise<unknown> => promisify(execFile)('openssl', words, { cwd: folder })
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')
  await writeFile(join(folder, 'middle.ext'), 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n')
  await writeFile(join(folder, 'leaf.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n')
  const key = ['-newkey', 'rsa:2048', '-nodes']
  await openssl('req', '-x509', ...key, '-subj', '/CN=root', '-days', '2', '-keyout', 'root.key', '-out', 'root.pem')
  await openssl('req', ...key, '-subj', '/CN=middle', '-keyout', 'middle.key', '-out', 'middle.csr')
  await openssl('req', '-new', '-key', 'server.key', '-subj', '/CN=localhost', '-out', 'leaf.csr')
  for (const [subject, authority] of [['middle', 'root'], ['leaf', 'middle']] as const) {
    await openssl('x509', '-req', '-in', `${subject}.csr`, '-days', '2', '-CAcreateserial', '-CA', `${authority}.pem`,
      '-CAkey', `${authority}.key`, '-extfile', `${subject}.ext`, '-out', `${subject}.pem`)
  }
  await writeFile(join(folder, 'ca.pem'), await read('ca.pem') + await read('root.pem'))
  return [await read('leaf.pem'), await read('middle.pem')]
}
