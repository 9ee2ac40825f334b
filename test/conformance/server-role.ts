import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { ConnectionOptions } from '../../src/client/connection.ts'
import { Operation } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { Framer } from '../../src/ttlv/frame.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { ClientEndpoint, find } from '../support/client-endpoint.ts'
import { item, request } from '../support/xml.ts'

/**
 * The connection over which the server's requests of a case come: the client takes the server's role on it (Set
 * Endpoint Role of KMIP 2.1), says that it speaks the version of the case, and answers all that comes with success.
 */
export class ServerRole {
  readonly #socket: TLSSocket
  readonly #client: ClientEndpoint
  readonly #received: Item[] = []
  readonly #waiting: (() => void)[] = []
  #framer = new Framer(Tag.ResponseMessage, messageBytesMax)
  #hasRole = false

  private constructor(socket: TLSSocket, version: string) {
    this.#socket = socket
    this.#client = new ClientEndpoint(version, ['Notify', 'Put'])
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => {})
  }

  /** Comes back when the server has asked all that it wants to know of the client. */
  static async open(options: ConnectionOptions, version: string): Promise<ServerRole> {
    const { host, port, ca, cert, key, servername } = options
    const socket = connect({ host, port, ca, cert, key, ...(servername && { servername }) })
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve)
      socket.once('error', reject)
    })
    const role = new ServerRole(socket, version)
    const asked = item('SetEndpointRole', '<EndpointRole type="Enumeration" value="Client"/>')
    socket.write(encodeItem(request('2.1', asked)))
    await role.#until((message) => isOf(message, Operation.Query))
    return role
  }

  /**
   * The first request of an operation that has come, or comes yet.
   *
   * @param isMeant others with whom the account is shared have objects too
   */
  async next(operation: number, isMeant: (request: Item) => boolean): Promise<Item> {
    const isNext = (message: Item): boolean => isOf(message, operation) && isMeant(message)
    const found = await this.#until(isNext)
    this.#received.splice(this.#received.indexOf(found), 1)
    return found
  }

  close(): void {
    this.#socket.destroy()
  }

  async #until(isWanted: (message: Item) => boolean): Promise<Item> {
    const deadlineMs = Date.now() + waitMsMax
    for (;;) {
      const found = this.#received.find(isWanted)
      if (found !== undefined) return found
      const leftMs = deadlineMs - Date.now()
      if (leftMs <= 0) throw new Error('the server has not sent such a request')
      await Promise.race([
        new Promise<void>((resolve) => this.#waiting.push(resolve)),
        new Promise<void>((resolve) => setTimeout(resolve, leftMs).unref()),
      ])
    }
  }

  #receive(chunk: Buffer): void {
    for (const message of this.#framer.push(chunk).map((bytes) => decodeItem(bytes))) {
      if (!this.#hasRole) {
        this.#hasRole = true
        this.#framer = new Framer(Tag.RequestMessage, messageBytesMax)
        continue
      }
      this.#received.push(message)
      this.#socket.write(encodeItem(this.#client.answer(message)))
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }
}

function isOf(message: Item, operation: number): boolean {
  return find(message, Tag.Operation)?.value === operation
}

const waitMsMax = 10_000
const messageBytesMax = 1_048_576
