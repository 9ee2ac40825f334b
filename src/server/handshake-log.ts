import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { underlying } from './admission.ts'
import type { AdmissionLog } from './admission.ts'

/**
 * Tells an operator why a client does not get in: most often one side does not trust the other's certificate. Anybody
 * can make handshakes fail, so of each address one failure a minute is told, and of so many addresses; the rest is for
 * the level `debug`, as are connections that only went away. Closes what has failed.
 */
export function tellFailedHandshakes(server: Server, log: AdmissionLog): void {
  const addresses = new Set<string>()
  let minuteEnds = 0
  const isFirst = (address: string, now: number): boolean => {
    if (now >= minuteEnds) {
      addresses.clear()
      minuteEnds = now + minuteMs
    }
    if (addresses.has(address) || addresses.size >= addressesMax) return false
    addresses.add(address)
    return true
  }
  // A socket that is closed has no address any more.
  const addressOf = new WeakMap<Socket, string>()
  server.on('connection', (socket: Socket) => addressOf.set(socket, socket.remoteAddress ?? ''))
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const address = addressOf.get(underlying(socket)) ?? ''
    // Node closes the connection of an untrusted client without a word: the error is then only that it was closed.
    const untrusted = socket.authorizationError as unknown
    const reason = typeof untrusted === 'string' ? untrusted : error.code
    const isTold = reason !== undefined && reason !== 'ECONNRESET' && isFirst(address, performance.now())
    if (!isTold) log.debug({ address, reason, err: error }, failed)
    else if (typeof untrusted === 'string') log.warn({ address, reason }, 'a client certificate is not trusted')
    else log.warn({ address, reason, detail: error.message }, failed)
    socket.destroy()
  })
}

const failed = 'a TLS handshake failed'
const minuteMs = 60_000
const addressesMax = 100
