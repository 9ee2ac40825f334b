import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'

/** What a server did under load. */
export interface Rate {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Sends the same requests over and over, one at a time on each of `connections`, for `seconds`;
 * an answer counts when all its bytes are there. The first half second does not count.
 *
 * @param requests taken in turn
 * @throws when a connection breaks
 */
export async function load(
  tls: ConnectionOptions, requests: readonly Buffer[], connections: number, seconds: number,
): Promise<Rate> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(tls)))
  const start = performance.now() + warmUpMs
  const end = start + seconds * 1000
  const times: number[] = []
  let turn = 0
  await Promise.all(sockets.map(async (socket) => {
    for (;;) {
      const sent = performance.now()
      if (sent >= end) return
      turn += 1
      await exchange(socket, requests[turn % requests.length]!)
      if (sent >= start) times.push(performance.now() - sent)
    }
  }))
  for (const socket of sockets) socket.destroy()
  return rateOf(times, seconds)
}

/** New connections, each with its full handshake and one request. */
export async function loadConnections(
  tls: ConnectionOptions, request: Buffer, parallel: number, seconds: number,
): Promise<Rate> {
  const end = performance.now() + seconds * 1000
  const times: number[] = []
  await Promise.all(Array.from({ length: parallel }, async () => {
    for (;;) {
      const sent = performance.now()
      if (sent >= end) return
      const socket = await open(tls)
      await exchange(socket, request)
      socket.destroy()
      times.push(performance.now() - sent)
    }
  }))
  return rateOf(times, seconds)
}

export function open(tls: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(tls)
    socket.setNoDelay(true)
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

/** @returns the whole answer */
export function exchange(socket: TLSSocket, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0)
    const broken = () => reject(new Error('the connection broke'))
    const take = (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      if (received.length < 8 || received.length < received.readUInt32BE(4) + 8) return
      socket.off('data', take)
      socket.off('close', broken)
      resolve(received)
    }
    socket.on('data', take)
    socket.once('close', broken)
    socket.write(request)
  })
}

function rateOf(times: number[], seconds: number): Rate {
  times.sort((a, b) => a - b)
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN
  return { perSecond: times.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}

const warmUpMs = 500
