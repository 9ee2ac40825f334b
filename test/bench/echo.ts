import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { collectYoungGarbageAlone } from '../../src/main-garbage.ts'

/**
 * The ceiling: a bare mutual-TLS server in the same runtime that gives every message back. Run as
 * a process of its own: `node echo.ts CERTIFICATES`; prints its port.
 */
collectYoungGarbageAlone()
const directory = process.argv[2]!
const server = createServer({
  ca: readFileSync(join(directory, 'ca.pem')),
  cert: readFileSync(join(directory, 'server.pem')),
  key: readFileSync(join(directory, 'server.key')),
  requestCert: true,
  rejectUnauthorized: true,
  noDelay: true,
}, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => socket.write(chunk))
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
