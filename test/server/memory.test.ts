import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeReference } from '../../src/crypto/pkcs11-key.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, ObjectType, ProtectionStorageMask,
} from '../../src/kmip/generated/enums.ts'
import { decodeRecord } from '../../src/model/record.ts'
import type { Client } from '../../src/client/client.ts'
import { encrypt } from '../../src/client/operations.ts'
import { recordIdOf } from '../../src/operation/object-record.ts'
import { openKeyring, openRootKeyFile } from '../../src/store/keyring.ts'
import { openLmdbStore } from '../../src/store/lmdb.ts'
import { sealedStore } from '../../src/store/sealed.ts'
import { material, openClient, shapes } from '../support/client.ts'
import { coreFilter, coreMissing, coreOf, memoryOf } from '../support/memory.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { makeSoftToken, tokenMissing } from '../support/token.ts'
import type { TestToken } from '../support/token.ts'

const missing = await tokenMissing()

describe.skipIf(missing !== undefined)('the material of a key that a token made', () => {
  it('is nowhere in the server: not in its memory, its store or its log, as a software key\'s is', async () => {
    const { token, server, inToken, known } = await used()
    const memory = memoryOf(server.pid)
    await server.kill()
    const secret = exported(token, await wrappedIn(server.directory, inToken))
    expect(secret.length).toBe(32)
    expect(memory.some((part) => part.includes(known))).toBe(true)
    expect(memory.some((part) => part.includes(secret))).toBe(false)
    const files = readdirSync(server.directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile()).map(({ parentPath, name }) => readFileSync(join(parentPath, name)))
    for (const bytes of [...files, Buffer.from(server.log())]) {
      for (const form of [secret, Buffer.from(secret.toString('hex')), Buffer.from(secret.toString('base64'))]) {
        expect(bytes.includes(form)).toBe(false)
      }
    }
    expect(server.log()).not.toContain(token.pin)
    await server.stop()
    await token.remove()
  }, 60_000)

  it.skipIf(coreMissing() !== undefined)('is in no core, as a software key\'s is only when memory is let in', async () => {
    for (const isLetIn of [true, false]) {
      const { token, server, inToken, known } = await used()
      const child = Number(readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim())
      for (const pid of [server.pid, child]) expect(Number.parseInt(coreFilter(pid), 16)).toBe(0)
      if (isLetIn) writeFileSync(`/proc/${server.pid}/coredump_filter`, '0x33')
      const core = await coreOf(server)
      const secret = exported(token, await wrappedIn(server.directory, inToken))
      expect(core.subarray(1, 4).toString()).toBe('ELF')
      expect(core.includes(known)).toBe(isLetIn)
      expect(core.includes(secret)).toBe(false)
      if (!isLetIn) expect(core.includes(token.pin)).toBe(false)
      await server.stop()
      await token.remove()
    }
  }, 120_000)
})

interface Used {
  readonly token: TestToken
  readonly server: RunningServer
  /** Unique Identifier of the key in the token. */
  readonly inToken: string
  /** Material of a software key. */
  readonly known: Buffer
}

/** A server that has used a key of a token, and one of its own. */
async function used(): Promise<Used> {
  const token = await makeSoftToken()
  const server = await startServer({ KEYWARD_CONFIG: await configure(token) })
  const client = await openClient(server, 'alice', 201)
  const inToken = await made(client, ProtectionStorageMask.Hardware)
  const inSoftware = await made(client, ProtectionStorageMask.Software)
  for (const uniqueIdentifier of [inToken, inSoftware]) await use(client, uniqueIdentifier)
  const known = Buffer.from(await material(client, inSoftware), 'hex')
  client.close()
  return { token, server, inToken, known }
}

async function configure(token: TestToken): Promise<string> {
  const pinFile = join(token.directory, 'pin')
  await writeFile(pinFile, token.pin)
  await chmod(pinFile, 0o600)
  const environment = { SOFTHSM2_CONF: token.environment['SOFTHSM2_CONF'] }
  const path = join(token.directory, 'keyward.json')
  const vault = { module: token.module, token: token.label, pinFile, storage: 'encryptedDatabase', environment }
  await writeFile(path, JSON.stringify({ hsms: { vault } }))
  return path
}

async function made(client: Client, mask: number): Promise<string> {
  const { uniqueIdentifier } = await client.request(shapes.create, {
    objectType: ObjectType.SymmetricKey,
    attributes: {
      cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength: 256, activationDate: 1,
      cryptographicUsageMask: CryptographicUsageMask.Encrypt,
    },
    protectionStorageMasks: { protectionStorageMask: [mask] },
  })
  return uniqueIdentifier
}

async function use(client: Client, uniqueIdentifier: string): Promise<void> {
  await client.request(encrypt, {
    uniqueIdentifier, data: Buffer.alloc(32), cryptographicParameters: { blockCipherMode: BlockCipherMode.GCM },
  })
}

/** The key as the record has it: wrapped by a key of the token. */
async function wrappedIn(
  directory: string, uniqueIdentifier: string,
): Promise<{ bytes: Uint8Array; mechanism: number }> {
  expect(statSync(join(directory, 'data/root.key')).size).toBeGreaterThan(0)
  const inner = await openLmdbStore({ directory: join(directory, 'data/store'), mapSize: 17_179_869_184 })
  const rootKey = await openRootKeyFile(join(directory, 'data/root.key'), inner)
  const store = sealedStore(inner, await openKeyring({ store: inner, rootKey }))
  const stored = await store.read(recordIdOf('alpha', uniqueIdentifier))
  const { provider } = decodeRecord(uniqueIdentifier, stored!.revision, Buffer.from(stored!.data))
  await store.close()
  const reference = decodeReference(provider!.reference)
  if ('publicKey' in reference || reference.place.wrapped === undefined) throw new Error('the key is not wrapped')
  return reference.place.wrapped
}

/** What only who has the PIN can do: unwraps the key so that it may be read. */
function exported(token: TestToken, { bytes, mechanism }: { bytes: Uint8Array; mechanism: number }): Buffer {
  const script = `
    const { PKCS11 } = require('pkcs11js')
    const [path, pin, wrapped, mechanism] = process.argv.slice(1)
    const module = new PKCS11()
    module.load(path)
    module.C_Initialize()
    const session = module.C_OpenSession(module.C_GetSlotList(true)[0], 6)
    module.C_Login(session, 1, pin)
    module.C_FindObjectsInit(session, [{ type: 3, value: 'keyward key encryption key' }])
    const key = module.C_FindObjects(session)
    module.C_FindObjectsFinal(session)
    const handle = module.C_UnwrapKey(session, { mechanism: Number(mechanism) }, key, Buffer.from(wrapped, 'hex'), [
      { type: 0, value: 4 }, { type: 0x100, value: 0x1f }, { type: 1, value: false },
      { type: 0x103, value: false }, { type: 0x162, value: true },
    ])
    process.stdout.write(module.C_GetAttributeValue(session, handle, [{ type: 0x11 }])[0].value.toString('hex'))
  `
  const words = ['-e', script, token.module, token.pin, Buffer.from(bytes).toString('hex'), String(mechanism)]
  const cwd = new URL('../..', import.meta.url).pathname
  return Buffer.from(execFileSync(process.execPath, words, { cwd, env: token.environment }).toString(), 'hex')
}
