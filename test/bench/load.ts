import { readFileSync, readdirSync } from 'node:fs'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { headerBytes } from '../../src/ttlv/item.ts'

/** What a server did under load. */
export interface Rate {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Microseconds of CPU per request, of all threads of the server and, unless it stayed awake, of this process, which asks. */
  readonly cpu?: { readonly server: number; readonly client: number | undefined }
}

/**
 * Sends the same requests over and over, one at a time on each of `connections`, for `seconds`;
 * an answer counts when all its bytes are there. What asks does as little for each as it can: it has one core, as the
 * server has, and must not be what is measured.
 *
 * @param requests taken in turn
 * @throws when a connection breaks
 */
export async function load(
  tls: ConnectionOptions, requests: readonly Buffer[], connections: number, seconds: number,
  { pid, awake = false, warmUpMs = defaultWarmUpMs }: LoadOptions = {},
): Promise<Rate> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(tls)))
  const start = performance.now() + warmUpMs
  const end = start + seconds * 1000
  const times: number[] = []
  let asked = 0
  let warm: Usage | undefined
  const drive = (socket: TLSSocket): Promise<void> => new Promise((resolve, reject) => {
    let sent = 0
    let missing = 0
    const ask = (): void => {
      sent = performance.now()
      if (sent >= end) return resolve()
      asked += 1
      socket.write(requests[asked % requests.length]!)
    }
    socket.on('data', (chunk: Buffer) => {
      missing += missing === 0 ? headerBytes + chunk.readUInt32BE(4) - chunk.length : -chunk.length
      if (missing > 0) return
      if (sent >= start) times.push(performance.now() - sent)
      ask()
    })
    socket.once('close', () => reject(new Error('the connection broke')))
    ask()
  })
  setTimeout(() => (warm = usageNow(asked, pid)), warmUpMs)
  if (awake) stayAwake(end)
  await Promise.all(sockets.map(drive))
  const used = pid === undefined ? undefined : perRequest(warm!, usageNow(asked, pid))
  const cpu = used && { server: used.server, client: awake ? undefined : used.client }
  for (const socket of sockets) socket.destroy()
  return { ...rateOf(times, seconds), ...(cpu && { cpu }) }
}

export interface LoadOptions {
  /** Of the server; absent: its CPU time is not told. */
  readonly pid?: number | undefined
  /**
   * Whether what asks never sleeps. To wake the virtual core of one that does takes the server some 20 us, which clients
   * on other machines do not cost; and the slower its answers, the more often. Only for servers that leave it a core.
   */
  readonly awake?: boolean
  /** For how long nothing counts: at first, the code is being compiled. */
  readonly warmUpMs?: number
}

/** @param end of `performance.now()` */
function stayAwake(end: number): void {
  if (performance.now() < end) setImmediate(stayAwake, end)
}

/** Microseconds of CPU until now, and the requests that they were used for. */
interface Usage {
  readonly asked: number
  readonly server: number
  readonly client: number
}

function usageNow(asked: number, pid: number | undefined): Usage {
  const { user, system } = process.cpuUsage()
  return { asked, server: pid === undefined ? 0 : cpuUsOf(pid), client: user + system }
}

function perRequest(from: Usage, to: Usage): { server: number; client: number } {
  const count = to.asked - from.asked
  return { server: (to.server - from.server) / count, client: (to.client - from.client) / count }
}

/** What all threads of a process have used. */
function cpuUsOf(pid: number): number {
  const threads = `/proc/${pid}/task`
  const nanoseconds = readdirSync(threads).map((thread) => (
    Number(/^\d+/.exec(readFileSync(`${threads}/${thread}/schedstat`, 'utf8')))))
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1_000
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

const defaultWarmUpMs = 3_000
