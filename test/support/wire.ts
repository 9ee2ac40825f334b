import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect as connectTcp, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { SecureVersion, TLSSocket } from 'node:tls'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { Framer } from '../../src/ttlv/frame.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { TtlvWriter } from '../../src/ttlv/writer.ts'
import type { ClientFiles, RunningServer } from './server.ts'

/** A TLS connection of which we see every record that the server sends. */
export class WireConnection {
  readonly socket: TLSSocket
  readonly #tap: Tap
  readonly #messages: Buffer[] = []
  readonly #framer = new Framer(Tag.ResponseMessage, 0x400_0000)
  #wake: () => void = () => undefined

  private constructor(socket: TLSSocket, tap: Tap) {
    this.socket = socket
    this.#tap = tap
    socket.on('data', (chunk: Buffer) => {
      this.#messages.push(...this.#framer.push(chunk))
      this.#wake()
    })
    socket.on('close', () => this.#wake())
    socket.on('error', () => undefined)
  }

  /**
   * @param early written together with the last flight of our handshake, before the server has answered it
   * @param session of an earlier connection, to be resumed
   */
  static async open(
    server: RunningServer, { cert, key }: ClientFiles, version: SecureVersion = 'TLSv1.2',
    early?: Buffer, session?: Buffer,
  ): Promise<WireConnection> {
    const tap = await Tap.open(server.host, server.port)
    const files = [server.certificates.ca, cert, key].map((path) => readFile(path))
    const [ca, certificate, privateKey] = await Promise.all(files)
    const socket = connectTls({
      host: '127.0.0.1', port: tap.port, servername: 'localhost', ca: ca!, cert: certificate!, key: privateKey!,
      minVersion: version, maxVersion: version, ...session !== undefined && { session },
    })
    if (early !== undefined) socket.write(early)
    await once(socket, 'secureConnect')
    socket.setNoDelay(true)
    return new WireConnection(socket, tap)
  }

  get closed(): boolean {
    return this.socket.closed || this.socket.readableEnded
  }

  /** TLS records of application data that the server has sent. Over TLS 1.3 its session tickets are among them. */
  get records(): number {
    return this.#tap.records
  }

  /** @returns the next message */
  async receive(): Promise<{ readonly bytes: Buffer, readonly item: Item }> {
    await this.#until(() => this.#messages.length > 0)
    const bytes = this.#messages.shift()
    if (bytes === undefined) throw new Error('the server closed the connection and did not answer')
    return { bytes, item: decodeItem(bytes) }
  }

  /** Resolves when the server has closed; rejects when it does not. */
  async receiveClose(): Promise<void> {
    await this.#until(() => this.closed)
    if (!this.closed) throw new Error('the server sent a message and did not close')
  }

  async close(): Promise<void> {
    this.socket.destroy()
    await this.#tap.close()
  }

  async #until(happened: () => boolean): Promise<void> {
    const deadline = Date.now() + answerMsMax
    while (!happened() && !this.closed) {
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`no answer in ${answerMsMax} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}

/** One TCP connection passed on to the server, counting the application data records that come back. */
class Tap {
  records = 0
  readonly #server: Server
  readonly #sockets: Socket[] = []
  #unread = Buffer.alloc(0)

  private constructor(host: string, port: number) {
    this.#server = createServer((near) => {
      const far = connectTcp(port, host)
      this.#sockets.push(near, far)
      near.setNoDelay(true)
      far.setNoDelay(true)
      far.on('data', (chunk: Buffer) => this.#count(chunk))
      near.pipe(far)
      far.pipe(near)
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        socket.on('error', () => other.destroy())
        socket.on('close', () => other.end())
      }
    })
  }

  static async open(host: string, port: number): Promise<Tap> {
    const tap = new Tap(host, port)
    tap.#server.listen(0, '127.0.0.1')
    await once(tap.#server, 'listening')
    return tap
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** RFC 8446 5.1: content type, version, length, then as many bytes. */
  #count(chunk: Buffer): void {
    let rest = Buffer.concat([this.#unread, chunk])
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
      if (rest[0] === applicationData) this.records += 1
      rest = rest.subarray(5 + rest.readUInt16BE(3))
    }
    this.#unread = rest
  }
}

/** The bytes of an item. */
export function encode(item: Item): Buffer {
  const writer = new TtlvWriter()
  writer.item(item)
  return writer.take()
}

const applicationData = 23

/** Half of what the least patient client waits (Krill, five seconds). */
const answerMsMax = 2_500
