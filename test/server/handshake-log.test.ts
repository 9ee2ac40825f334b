import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePki } from '../../src/server/pki.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'

/** An operator finds in the log why a client does not get in. Each client has an address of its own. */

const stranger = mkdtempSync(join(tmpdir(), 'keyward-stranger-'))
let server: RunningServer

beforeAll(async () => {
  await makePki(stranger, Date.now())
  server = await startServer({
    KEYWARD_LIMITS_UNAUTHENTICATED_PER_ADDRESS_MAX: '8', KEYWARD_LIMITS_CONNECTIONS_PER_CLIENT_MAX: '2',
  })
})
afterAll(async () => {
  await server.stop()
  rmSync(stranger, { recursive: true })
})

test.each([
  ['without a certificate', '127.0.0.11', () => ({}), 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
  ['of another authority', '127.0.0.12', () => clientOf(stranger), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['of TLS 1.1', '127.0.0.14', () => (
    { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  ), 'ERR_SSL_UNSUPPORTED_PROTOCOL'],
] as const)('a client %s: one line at warn, however often it tries', async (_, localAddress, options, reason) => {
  for (let time = 0; time < 3; time += 1) await tryHandshake({ localAddress, ...options() })
  await expect.poll(() => linesOf(localAddress)).toHaveLength(1)
  expect(linesOf(localAddress)[0]).toMatchObject({ level: 40, reason })
})

test('a client that does not trust the server, and says so', async () => {
  const words = ['s_client', '-connect', `${server.host}:${server.port}`, '-bind', '127.0.0.13:0',
    '-verify_return_error', '-CAfile', join(stranger, 'ca.pem')]
  await expect(promisify(execFile)('openssl', words)).rejects.toThrow('verify')
  await expect.poll(() => linesOf('127.0.0.13')).toHaveLength(1)
  expect(linesOf('127.0.0.13')[0]).toMatchObject({ level: 40, reason: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' })
})

test('an address with too many silent connections: one line at warn, however many', async () => {
  const open = Array.from({ length: 12 }, () => (
    connectTcp({ host: server.host, port: server.port, localAddress: '127.0.0.17' }).on('error', () => undefined)))
  await expect.poll(() => linesOf('127.0.0.17')).toHaveLength(1)
  expect(linesOf('127.0.0.17')[0]).toMatchObject({ level: 40, msg: expect.stringContaining('too many are open') as string })
  for (const socket of open) socket.destroy()
})

test('a client with too many connections: one line at warn, with its name', async () => {
  const options = { host: server.host, port: server.port, ...clientOf(join(server.directory, 'certs')) }
  const open = Array.from({ length: 4 }, () => connect({ ...options, rejectUnauthorized: false }))
  const told = () => server.log().split('\n').filter((line) => line.includes('too many connections'))
  await expect.poll(told).toHaveLength(1)
  expect(JSON.parse(told()[0]!)).toMatchObject({ level: 40, account: 'alpha', principal: 'alice' })
  for (const socket of open) socket.destroy()
})

test('control: who only knocks, or gets in, is not told of', async () => {
  await new Promise((resolve) => {
    const probe = connectTcp({ host: server.host, port: server.port, localAddress: '127.0.0.15' }, () => probe.end())
    probe.on('close', resolve)
  })
  await tryHandshake({ localAddress: '127.0.0.16', ...clientOf(join(server.directory, 'certs')) })
  expect([...linesOf('127.0.0.15'), ...linesOf('127.0.0.16')]).toEqual([])
})

function clientOf(folder: string): ConnectionOptions {
  return { cert: readFileSync(join(folder, 'alice.pem')), key: readFileSync(join(folder, 'alice.key')) }
}

/** Resolves when the connection is over: over TLS 1.3 a client hears only then that it was refused. */
function tryHandshake(options: ConnectionOptions & { readonly localAddress: string }): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: server.host, port: server.port, rejectUnauthorized: false, ...options })
    socket.on('error', () => undefined)
    socket.on('secureConnect', () => setTimeout(() => socket.end(), 100))
    socket.on('close', () => resolve())
  })
}

function linesOf(address: string): { level: number; reason: string }[] {
  return server.log().split('\n').filter((line) => line.includes(`"address":"${address}"`))
    .map((line) => JSON.parse(line) as { level: number; reason: string })
}
