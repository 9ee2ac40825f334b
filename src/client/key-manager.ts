import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { BlockCipherMode } from '../kmip/generated/enums.ts'
import { parseVersion } from '../kmip/version.ts'
import { connect } from './client.ts'
import type { Client, ClientOptions } from './client.ts'
import { ConnectionError } from './connection.ts'
import { decrypt, discoverVersions, encrypt, getAttributes } from './operations.ts'

/**
 * Another KMIP server as a key manager: its keys are used where they are. One connection, opened when it is needed;
 * one that was closed while it was idle is opened once more, and a request is given up at its deadline.
 */
export class RemoteKeyManager {
  readonly #options: ClientOptions
  #client: Promise<Client> | undefined
  #version: number | undefined

  constructor(options: ClientOptions) {
    this.#options = options
    this.#version = options.version
  }

  get hasTags(): boolean {
    return this.#version === undefined || this.#version >= v1_4
  }

  /** What the key is. @throws KmipError, ConnectionError */
  async describe(uniqueIdentifier: string): Promise<{ algorithm: number | undefined; length: number | undefined }> {
    const { attributes } = await this.#ask((client) => client.request(getAttributes, {
      uniqueIdentifier, attributeReference: [{ name: 'cryptographicAlgorithm' }, { name: 'cryptographicLength' }],
    }))
    return { algorithm: attributes?.cryptographicAlgorithm, length: attributes?.cryptographicLength }
  }

  /** Whether it answers. @throws KmipError for a refusal, which is an answer; ConnectionError */
  async check(): Promise<void> {
    await this.#ask((client) => client.request(discoverVersions, { protocolVersion: [] }))
  }

  /** @throws KmipError; ConnectionError, also for an answer from which nobody could decrypt */
  async encrypt(
    uniqueIdentifier: string, parameters: CryptographicParameters, { data, iv, additionalData }: Input,
  ): Promise<{ data: Buffer; iv: Buffer | undefined; tag: Buffer | undefined }> {
    const answer = await this.#ask((client) => client.request(encrypt, {
      uniqueIdentifier, data, cryptographicParameters: parameters, ivCounterNonce: iv,
      authenticatedEncryptionAdditionalData: additionalData,
    }))
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
    const answer = await this.#ask((client) => client.request(decrypt, {
      uniqueIdentifier, data, cryptographicParameters: parameters, ivCounterNonce: iv,
      authenticatedEncryptionAdditionalData: additionalData, authenticatedEncryptionTag: tag,
    }))
    return answer.data ?? Buffer.alloc(0)
  }

  close(): void {
    void this.#client?.then((client) => client.close(), () => undefined)
    this.#client = undefined
  }

  /** Encrypt and Decrypt change nothing there: what an old connection has lost may be asked again on a new one. */
  async #ask<T>(request: (client: Client) => Promise<T>): Promise<T> {
    const known = this.#client
    if (known !== undefined) {
      try {
        return await request(await known)
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error
        if (this.#client === known) this.close()
        if (!error.message.includes('closed')) throw error
      }
    }
    const opening = this.#client ??= this.#open()
    try {
      return await request(await opening)
    } catch (error) {
      if (error instanceof ConnectionError && this.#client === opening) this.close()
      throw error
    }
  }

  async #open(): Promise<Client> {
    const client = await connect(this.#options)
    this.#version = client.version
    return client
  }
}

interface Input {
  readonly data: Buffer
  readonly iv?: Buffer | undefined
  readonly additionalData?: Buffer | undefined
  readonly tag?: Buffer | undefined
}

const v1_4 = parseVersion('1.4')
