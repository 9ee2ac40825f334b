import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { BlockCipherMode } from '../kmip/generated/enums.ts'
import { parseVersion } from '../kmip/version.ts'
import { connect } from './client.ts'
import type { Client, ClientOptions } from './client.ts'
import { ConnectionError } from './connection.ts'
import { decrypt, discoverVersions, encrypt, getAttributes } from './operations.ts'

/**
 * Another KMIP server as a key manager: its keys are used where they are. One connection, opened when it is needed;
 * what is asked is given up at its deadline, however many steps it takes.
 */
export class RemoteKeyManager {
  readonly #options: ClientOptions & { readonly timeoutMs: number }
  #client: Promise<Client> | undefined
  #version: number | undefined

  /** @param options `timeoutMs` is the deadline of each question, with the connection that it may need */
  constructor(options: ClientOptions & { readonly timeoutMs: number }) {
    this.#options = options
    this.#version = options.version
  }

  get hasTags(): boolean {
    return this.#version === undefined || this.#version >= v1_4
  }

  /** What the key is, and the identifier that it has there, whatever it was named by. @throws KmipError, ConnectionError */
  async describe(location: string): Promise<{
    uniqueIdentifier: string; algorithm: number | undefined; length: number | undefined
  }> {
    const { uniqueIdentifier, attributes } = await this.#ask(repeatable, (client) => client.request(getAttributes, {
      uniqueIdentifier: location,
      attributeReference: [{ name: 'cryptographicAlgorithm' }, { name: 'cryptographicLength' }],
    }))
    return { uniqueIdentifier, algorithm: attributes?.cryptographicAlgorithm, length: attributes?.cryptographicLength }
  }

  /** Whether it answers. @throws KmipError for a refusal, which is an answer; ConnectionError */
  async check(): Promise<void> {
    await this.#ask(repeatable, (client) => client.request(discoverVersions, { protocolVersion: [] }))
  }

  /**
   * Asked once, as the other side may count it (Usage Limits).
   *
   * @throws KmipError; ConnectionError, also for an answer from which nobody could decrypt
   */
  async encrypt(
    uniqueIdentifier: string, parameters: CryptographicParameters, { data, iv, additionalData }: Input,
  ): Promise<{ data: Buffer; iv: Buffer | undefined; tag: Buffer | undefined }> {
    const answer = await this.#ask(once, (client) => aboutKey(uniqueIdentifier, client.request(encrypt, {
      uniqueIdentifier, data, cryptographicParameters: parameters, ivCounterNonce: iv,
      authenticatedEncryptionAdditionalData: additionalData,
    })))
    const { data: encrypted = Buffer.alloc(0), ivCounterNonce, authenticatedEncryptionTag: tag } = answer
    const { blockCipherMode: mode } = parameters
    const hasIv = iv !== undefined || ivCounterNonce !== undefined || mode === BlockCipherMode.ECB
    const hasTag = tag !== undefined || mode !== BlockCipherMode.GCM
    if (encrypted.length < data.length || !hasIv || !hasTag) {
      throw new ConnectionError('the answer to Encrypt lacks data, IV or tag')
    }
    return { data: encrypted, iv: ivCounterNonce, tag }
  }

  async decrypt(
    uniqueIdentifier: string, parameters: CryptographicParameters, { data, iv, additionalData, tag }: Input,
  ): Promise<Buffer> {
    const answer = await this.#ask(repeatable, (client) => aboutKey(uniqueIdentifier, client.request(decrypt, {
      uniqueIdentifier, data, cryptographicParameters: parameters, ivCounterNonce: iv,
      authenticatedEncryptionAdditionalData: additionalData, authenticatedEncryptionTag: tag,
    })))
    return answer.data ?? Buffer.alloc(0)
  }

  close(): void {
    void this.#client?.then((client) => client.close(), () => undefined)
    this.#client = undefined
  }

  /** @throws KmipError; ConnectionError, at the deadline at the latest */
  async #ask<T>(repeat: boolean, request: (client: Client) => Promise<T>): Promise<T> {
    const { timeoutMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    let isOver = false
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.close()
        reject(new ConnectionError(`no answer in ${timeoutMs} ms`))
      }, timeoutMs)
    })
    try {
      return await Promise.race([this.#askNow(repeat, request, () => isOver), deadline])
    } finally {
      clearTimeout(timer)
      isOver = true
    }
  }

  /** An old connection may have been closed before the question came there: on a new one it may be asked again. */
  async #askNow<T>(repeat: boolean, request: (client: Client) => Promise<T>, isOver: () => boolean): Promise<T> {
    for (;;) {
      const { client, isNew } = await this.#connected()
      try {
        return await request(client)
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error
        const wasLost = !client.isOpen
        // After an answer that is none, nobody knows what the next ones belong to.
        client.close()
        if (isNew || !wasLost || !repeat || isOver()) throw error
      }
    }
  }

  async #connected(): Promise<{ client: Client; isNew: boolean }> {
    const known = this.#client
    if (known !== undefined) {
      const client = await known
      if (client.isOpen) return { client, isNew: false }
      if (this.#client === known) this.#client = undefined
    }
    return { client: await (this.#client ??= this.#open()), isNew: true }
  }

  #open(): Promise<Client> {
    const opening = connect(this.#options).then((client) => {
      this.#version = client.version
      return client
    })
    opening.catch(() => {
      if (this.#client === opening) this.#client = undefined
    })
    return opening
  }
}

/** @throws ConnectionError for an answer about another key than was asked for */
async function aboutKey<T extends { readonly uniqueIdentifier: string }>(asked: string, answer: Promise<T>): Promise<T> {
  const whole = await answer
  if (whole.uniqueIdentifier !== asked) throw new ConnectionError('the answer is about another key')
  return whole
}

interface Input {
  readonly data: Buffer
  readonly iv?: Buffer | undefined
  readonly additionalData?: Buffer | undefined
  readonly tag?: Buffer | undefined
}

/** Whether a question may come to the other side twice. */
const [once, repeatable] = [false, true]
const v1_4 = parseVersion('1.4')
