import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import type { Secret } from '../kmip/secret.ts'
import type { Protector } from './root-key.ts'

/**
 * Protects the root key's file by a passphrase, through scrypt (RFC 7914) with 128 MiB: a guess costs about half a
 * second of a core, and that memory.
 *
 * A new file takes no passphrase of fewer than `charactersMin` characters; what is there is opened by any.
 *
 * @param read asked whenever the passphrase is needed; its error's message may be shown
 */
export function passphraseProtector(read: () => Promise<Secret>): Protector {
  return {
    name: 'passphrase',
    async seal(key) {
      const passphrase = await read()
      if (passphrase.reveal().toString().length < charactersMin) {
        throw new Error(`a passphrase for the root key has at least ${charactersMin} characters`)
      }
      const salt = randomBytes(saltBytes)
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', await derive(passphrase, salt, cost), nonce)
      const sealed = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()])
      return [cost, ...[salt, nonce, sealed].map(bytes => bytes.toString('base64'))].join(' ')
    },
    async open(text) {
      const [costText = '', ...parts] = text.split(' ')
      const [salt, nonce, sealed] = parts.map(part => Buffer.from(part, 'base64'))
      if (sealed === undefined || sealed.length <= tagBytes || !costs.has(costText)) throw new Error('it is damaged')
      const key = await derive(await read(), salt!, Number(costText))
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, nonce!, { authTagLength: tagBytes })
        decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
        return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()])
      } catch {
        throw new Error('it is the wrong passphrase')
      }
    },
  }
}

function derive(passphrase: Secret, salt: Buffer, n: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.reveal(), salt, 32, { N: n, r: 8, p: 1, maxmem: 256 * n * 8 }, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

/** NIST SP 800-63B-4 3.1.1.2, where nothing but the password stands in the way: whoever has the file guesses at leisure. */
const charactersMin = 15
const saltBytes = 16
const nonceBytes = 12
const tagBytes = 16
/** N; with r = 8 each takes a kilobyte. */
const cost = 131_072
/** What a file may ask for: not more than memory has. */
const costs: ReadonlySet<string> = new Set([String(cost)])
