import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makePki } from '../../src/server/pki.ts'
import type { RunningServer } from './server.ts'

/** PyKMIP's server on a free port, with a PKI of its own; clients are alice and bob, as of ours. */
export async function startPykmip(): Promise<Pick<RunningServer, 'host' | 'port' | 'certificates' | 'stop'>> {
  const home = await mkdtemp(join(tmpdir(), 'keyward-pykmip-'))
  const certificates = join(home, 'certs')
  await makePki(certificates, Date.now())
  const port = await freePort()
  const configuration = join(home, 'pykmip.conf')
  await writeFile(configuration, [
    '[server]', 'hostname=127.0.0.1', `port=${port}`, `certificate_path=${certificates}/server.pem`,
    `key_path=${certificates}/server.key`, `ca_path=${certificates}/ca.pem`, 'auth_suite=TLS1.2',
    `policy_path=${home}`, `database_path=${home}/pykmip.db`, 'enable_tls_client_auth=False', 'logging_level=ERROR', '',
  ].join('\n'))
  const words = ['-f', configuration, '-l', join(home, 'pykmip.log')]
  // A group of its own: the server has a process that would outlive it.
  const child = spawn('/usr/bin/pykmip-server', words, { stdio: 'ignore', detached: true })
  await listening(port)
  const files = (name: string) => ({ cert: join(certificates, `${name}.pem`), key: join(certificates, `${name}.key`) })
  return {
    host: '127.0.0.1', port,
    certificates: { ca: join(certificates, 'ca.pem'), alice: files('alice'), bob: files('bob') },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      process.kill(-child.pid!, 'SIGKILL')
      await ended
      await rm(home, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port: number): Promise<void> {
  const end = performance.now() + 20_000
  while (performance.now() < end) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await once(socket, 'connect').then(() => true, () => false)
    socket.destroy()
    if (isThere) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('PyKMIP\'s server does not listen')
}
