import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { underlying } from './admission.ts'
import type { AdmissionLog } from './admission.ts'
import { FirstOfMinute } from './first-of-minute.ts'

/**
 * Tells an operator why a client does not get in: most often one side does not trust the other's certificate. Anybody
 * can make handshakes fail, so of each address one failure a minute is told, and of so many addresses; the rest is for
 * the level `debug`, as are connections that only went away. Closes what has failed.
 */
export function tellFailedHandshakes(server: Server, log: AdmissionLog): void {
  const told = new FirstOfMinute()
  // A socket that is closed has no address any more.
  const addressOf = new WeakMap<Socket, string>()
  server.on('connection', (socket: Socket) => addressOf.set(socket, socket.remoteAddress ?? ''))
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const address = addressOf.get(underlying(socket)) ?? ''
    // Node closes the connection of an untrusted client without a word: the error is then only that it was closed.
    const untrusted = socket.authorizationError as unknown
    const reason = typeof untrusted === 'string' ? untrusted : error.code
    const isTold = reason !== undefined && reason !== 'ECONNRESET' && told.isFirst(address, performance.now())
    if (!isTold) log.debug({ address, reason, err: error }, failed)
    else if (typeof untrusted === 'string') log.warn({ address, reason }, 'a client certificate is not trusted')
    else log.warn({ address, reason, detail: error.message }, failed)
    socket.destroy()
  })
}

const failed = 'a TLS handshake failed'
