import { randomBytes } from 'node:crypto'
import type { SecureVersion } from 'node:tls'
import { buildRequest, compareResponse, printItem } from './notation-item.ts'
import type { Variables } from './notation-item.ts'
import type { Conversation, MessageNotation, Step } from './notation.ts'
import type { RunningServer } from './server.ts'
import { WireConnection, encode } from './wire.ts'

/**
 * Holds a conversation with a running server.
 *
 * @throws Error that names the line and every difference
 */
export async function converse(conversation: Conversation, server: RunningServer): Promise<void> {
  const speaker = new Speaker(server)
  try {
    for (const step of conversation.steps) await speaker.take(step)
    await speaker.flush()
  } finally {
    await speaker.close()
  }
}

class Speaker {
  readonly #server: RunningServer
  readonly #variables: Variables = new Map([['run', randomBytes(6).toString('hex')]])
  #version: SecureVersion = 'TLSv1.2'
  #connection: WireConnection | undefined
  #unsent: Buffer[] = []
  /** Requests written and not yet answered. */
  #outstanding = 0
  /** Answers, and TLS records, since nothing was outstanding. */
  #answers = 0
  #records = 0
  /** Whether the server's session tickets may still be on their way: over TLS 1.3 they look like data. */
  #tickets = false

  constructor(server: RunningServer) {
    this.#server = server
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'tls': {
        this.#version = step.version as SecureVersion
        return
      }
      case 'connect': return this.#connect(step.who)
      case 'request': return this.#request(step.message)
      case 'bytes': {
        this.#unsent.push(step.bytes)
        return
      }
      case 'idle': return new Promise((resolve) => setTimeout(resolve, step.ms))
      case 'closed': {
        await this.flush()
        return (await this.#open()).receiveClose()
      }
      case 'response': {
        await this.flush()
        return this.#response(step.line, step.message)
      }
    }
  }

  /** Writes what is waiting: all of it at once. */
  async flush(): Promise<void> {
    if (this.#unsent.length === 0) return
    const { socket } = await this.#open()
    socket.write(Buffer.concat(this.#unsent))
    this.#unsent = []
  }

  async close(): Promise<void> {
    await this.#connection?.close()
  }

  async #connect(who: 'alice' | 'bob'): Promise<void> {
    if (this.#connection !== undefined) {
      await this.flush()
      await this.#connection.close()
    }
    this.#connection = await WireConnection.open(this.#server, this.#server.certificates[who], this.#version)
    this.#outstanding = 0
    this.#answers = 0
    this.#records = this.#connection.records
    this.#tickets = this.#version !== 'TLSv1.2'
  }

  async #open(): Promise<WireConnection> {
    if (this.#connection === undefined) await this.#connect('alice')
    return this.#connection!
  }

  async #request(message: MessageNotation): Promise<void> {
    const bytes = encode(buildRequest(message, this.#variables))
    this.#outstanding += 1
    if (!message.bytewise) {
      this.#unsent.push(bytes)
      return
    }
    await this.flush()
    const { socket } = await this.#open()
    for (const byte of bytes) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve))
  }

  async #response(line: number, message: MessageNotation): Promise<void> {
    const connection = await this.#open()
    const { bytes, item } = await connection.receive()
    this.#outstanding -= 1
    this.#answers += 1
    const differences = compareResponse(message, item, this.#variables)
    if (bytes.length > recordBytesMax) differences.push(`${bytes.length} bytes are more than one TLS record holds`)
    if (this.#outstanding <= 0) {
      const records = connection.records - this.#records
      if (records !== this.#answers && !this.#tickets) {
        differences.push(`${this.#answers} answers in ${records} TLS records`)
      }
      this.#outstanding = 0
      this.#answers = 0
      this.#records = connection.records
      this.#tickets = false
    }
    if (differences.length > 0) throw new Error(`line ${line}: ${differences.join('\n')}\n${printItem(item)}`)
  }
}

/** RFC 8446 5.1: plaintext of one record. */
const recordBytesMax = 16_384
