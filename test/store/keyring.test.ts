import { createDecipheriv } from 'node:crypto'
import { watch } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StartError } from '../../src/store/error.ts'
import { changeRootKey, openKeyring, openRootKeyFile } from '../../src/store/keyring.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { createRootKeyFile, loadRootKeyFile } from '../../src/store/root-key.ts'
import { sealedStore } from '../../src/store/sealed.ts'
import type { Store, StoredRecord } from '../../src/store/store.ts'
import { sealed, temporaryDirectory } from './place.ts'
import { put, textOf } from './record.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await temporaryDirectory()
  path = join(directory, 'root.key')
})
afterEach(() => rm(directory, { recursive: true }))

describe('the root key file', () => {
  test('is made once, for its owner only, and describes itself', async () => {
    const made = await createRootKeyFile(path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(directory)).toEqual(['root.key'])
    const text = await readFile(path, 'latin1')
    const fields = `format: keyward-root-key-1\nid: ${made.id}\nkey: [+/=\\w]{44}\n`
    expect(text).toMatch(new RegExp(`^# Keyward root key.*\n${fields}$`))
    const loaded = await loadRootKeyFile(path)
    expect(loaded.id).toBe(made.id)
    const secret = Buffer.from('a data key')
    expect(Buffer.from(await loaded.unwrap(await made.wrap(secret)))).toEqual(secret)
    await expect(createRootKeyFile(path)).rejects.toThrow(`root key file ${path} cannot be written: EEXIST`)
    expect(await readFile(path, 'latin1')).toBe(text)
  })

  test.each([
    ['missing', async () => {}, /cannot be read: ENOENT/],
    ['a directory', async () => mkdir(path, { mode: 0o700 }), /cannot be read: EISDIR/],
    ['open to others', openToOthers, /is open to other users \(mode 640\)/],
    ['empty', async () => save(''), /is not a root key/],
    ['something else', async () => save('-----BEGIN CERTIFICATE-----'), /is not a root key/],
    ['cut off', async () => edit(text => text.slice(0, -20)), /is damaged/],
    ['without its key', async () => edit(text => text.replace(/^key:.*$/m, '')), /is damaged/],
    ['changed in its key', async () => edit(text => text.replace(/^key: (..)/m, otherKey)), /is damaged/],
    ['changed in its id', async () => edit(text => text.replace(/^id: .*$/m, 'id: 0123456789abcdef')), /is damaged/],
  ])('is refused in one line when it is %s', async (_, prepare, reason) => {
    await prepare()
    const error = await loadRootKeyFile(path).then(() => undefined, (refusal: unknown) => refusal)
    expect(error).toBeInstanceOf(StartError)
    expect((error as Error).message).toMatch(reason)
    expect((error as Error).message).toMatch(/^root key file .*root\.key [^\n]+$/)
  })
})

describe('the root key of a store', () => {
  test('leaves nothing of a file that an earlier process was making, were it of the same number (containers)', async () => {
    const store = memoryStore()
    const protector = { name: 'seen', open: async () => Buffer.alloc(32), seal: async () => 'sealed' }
    let ours: string[] = []
    const fileNames = async (): Promise<string[]> => (await readdir(directory)).filter((name) => name.endsWith('.new'))
    const watcher = watch(directory, (_, name) => void (name?.endsWith('.new') === true && ours.push(name)))
    await createRootKeyFile(path, protector)
    await expect.poll(() => ours.length).toBeGreaterThan(0)
    watcher.close()
    ours = [...new Set(ours)]
    const [pid, start] = /(\d+)-(\d+)-/.exec(ours[0]!)!.slice(1).map(Number) as [number, number]
    expect(pid).toBe(process.pid)
    const others = [`${pid}-0a`, `${pid}-${start - 1}-0a`, `${pid + 1}-${start}-0a`].map((owner) => `root.key.${owner}.new`)
    for (const name of [...ours, ...others]) await writeFile(join(directory, name), '')
    await rm(path)
    await openRootKeyFile(path, store)
    expect(await fileNames()).toEqual(ours)
  })

  test('changes twice, and every record still names the key that it is sealed under', async () => {
    const inner = memoryStore()
    const keyring = await openKeyring({
      store: inner, rootKey: await openRootKeyFile(path, inner), reopen: () => loadRootKeyFile(path),
      sealsPerKeyMax: 4, sealsPerReservation: 2,
    })
    const store = sealedStore(inner, keyring)
    const ids = Array.from({ length: 12 }, (_, number) => `record-${number}`)
    for (const [number, id] of ids.entries()) {
      if (number === 4 || number === 8) await changeRootKey(path, inner, {})
      await store.apply([put(id, 0, `text of ${id}`)])
    }
    const text = await readFile(path, 'latin1')
    const rootKey = Buffer.from(/^key: (.*)$/m.exec(text)![1]!, 'base64')
    const named = new Map<number, Buffer>()
    for (const id of ids) {
      const { data } = await rawRecord(inner, id)
      const number = data.readUInt32BE(1)
      const { data: held } = await rawRecord(inner, `keyring/data/${String(number).padStart(10, '0')}`)
      const { rootKey: name, wrapped } = JSON.parse(held.toString()) as { rootKey: string; wrapped: string }
      expect(name).toBe(/^id: (.*)$/m.exec(text)![1])
      named.set(number, opened(rootKey, Buffer.from(wrapped, 'base64')).subarray(0, 32))
    }
    expect([...named.keys()]).toEqual([1, 2, 3])
    for (const id of ids) {
      const { data, revision } = await rawRecord(inner, id)
      const bound = Buffer.concat([data.subarray(0, 5), Buffer.alloc(8), Buffer.from(id)])
      bound.writeUIntBE(revision, 7, 6)
      const opens = [...named].filter(([, key]) => {
        try {
          return opened(key, data.subarray(5), bound).toString() === `text of ${id}`
        } catch {
          return false
        }
      })
      expect(opens.map(([number]) => number), id).toEqual([data.readUInt32BE(1)])
    }
  })

  test('changes with what is committed beside it, and not without', async () => {
    const inner = memoryStore()
    const open = async (): Promise<Store> => sealedStore(inner, await openKeyring({
      store: inner, rootKey: await openRootKeyFile(path, inner), reopen: () => loadRootKeyFile(path),
    }))
    await (await open()).apply([put('record', 0, 'text')])
    const before = await readFile(path, 'latin1')
    await expect(changeRootKey(path, inner, {}, () => [put('beside', 7, 'text')])).rejects.toThrow(StartError)
    expect(await readFile(path, 'latin1')).toBe(before)
    expect(await textOf(await open(), 'record')).toBe('1 text')
    await changeRootKey(path, inner, {}, () => [put('beside', 0, 'text')])
    expect(await readFile(path, 'latin1')).not.toBe(before)
    expect(await textOf(inner, 'beside')).toBe('1 text')
    expect(await textOf(await open(), 'record')).toBe('1 text')
  })

  test('is made for a new store, and found again', async () => {
    const inner = memoryStore()
    await (await sealed(inner, path)).apply([put('a', 0, 'one')])
    expect(await textOf(await sealed(inner, path), 'a')).toBe('1 one')
  })

  test('missing while the store is sealed: named, and no other is made', async () => {
    const inner = memoryStore()
    const { id } = await openRootKeyFile(path, inner)
    await sealed(inner, path)
    await rm(path)
    const open = openRootKeyFile(path, inner)
    await expect(open).rejects.toThrow(StartError)
    await expect(open).rejects.toThrow(`root key file ${path} is missing, but the store is sealed under ${id}`)
    expect(await readdir(directory)).toEqual([])
  })

  test('the wrong one: both are named', async () => {
    const inner = memoryStore()
    const right = await openRootKeyFile(path, inner)
    await sealed(inner, path)
    const wrong = await createRootKeyFile(join(directory, 'wrong.key'))
    const byFile = openRootKeyFile(join(directory, 'wrong.key'), inner)
    await expect(byFile).rejects.toThrow(StartError)
    await expect(byFile).rejects.toThrow(`holds root key ${wrong.id}, but the store is sealed under ${right.id}`)
    const byId = openKeyring({ store: inner, rootKey: wrong })
    await expect(byId).rejects.toThrow(StartError)
    await expect(byId).rejects.toThrow(`${wrong.id} is not the one that the store is sealed under (${right.id})`)
    const byBytes = openKeyring({ store: inner, rootKey: { ...wrong, id: right.id } })
    await expect(byBytes).rejects.toThrow(`keyring/index is damaged: root key ${right.id} does not open it`)
  })

  test('a wrapped key put in the place of another is refused', async () => {
    const inner = memoryStore()
    const rootKey = await openRootKeyFile(path, inner)
    await openKeyring({ store: inner, rootKey })
    const dataKey = (await inner.read('keyring/data/0000000001')) as StoredRecord
    const swapped: Store = {
      ...inner,
      read: async id => (id === 'keyring/index' ? { ...dataKey, id } : inner.read(id)),
    }
    await expect(openKeyring({ store: swapped, rootKey })).rejects.toThrow('keyring/index is damaged')
  })
})

describe('data keys', () => {
  test('many who open a new store at once agree on its keys', async () => {
    const inner = memoryStore()
    const rootKey = await openRootKeyFile(path, inner)
    const keyrings = await Promise.all(Array.from({ length: 8 }, () => openKeyring({ store: inner, rootKey })))
    expect(new Set(keyrings.map(keyring => keyring.token('k'))).size).toBe(1)
    const stores = keyrings.map(keyring => sealedStore(inner, keyring))
    await Promise.all(stores.map((store, i) => store.apply([put(`r${i}`, 0, `${i}`, ['k'])])))
    for (const store of stores) {
      expect(await store.scan('k', { limit: 10 })).toHaveLength(8)
      for (let i = 0; i < 8; i++) expect(await textOf(store, `r${i}`)).toBe(`1 ${i}`)
    }
  })

  test('are changed before they have made too many seals, by all who share them', async () => {
    const inner = memoryStore()
    const rootKey = await openRootKeyFile(path, inner)
    const options = { store: inner, rootKey, sealsPerKeyMax: 20, sealsPerReservation: 6 }
    const keyrings = await Promise.all(Array.from({ length: 3 }, () => openKeyring(options)))
    const stores = keyrings.map(keyring => sealedStore(inner, keyring))
    await Promise.all(stores.flatMap((store, s) => {
      return Array.from({ length: 50 }, (_, i) => store.apply([put(`${s}-${i}`, 0, `${s} ${i}`)]))
    }))
    const seals = new Map<number, number>()
    for (let s = 0; s < 3; s++) {
      for (let i = 0; i < 50; i++) {
        const { data } = (await inner.read(`${s}-${i}`)) as StoredRecord
        const number = Buffer.from(data).readUInt32BE(1)
        seals.set(number, (seals.get(number) ?? 0) + 1)
      }
    }
    expect(Math.max(...seals.values())).toBeLessThanOrEqual(20)
    expect(seals.size).toBeGreaterThanOrEqual(8)
    const later = await sealed(inner, path)
    for (const id of ['0-0', '1-25', '2-49']) expect(await textOf(later, id)).toBe(`1 ${id.replace('-', ' ')}`)
  })

  test('a restart never counts less than was sealed', async () => {
    const inner = memoryStore()
    const rootKey = await openRootKeyFile(path, inner)
    for (let start = 0; start < 5; start++) {
      const keyring = await openKeyring({ store: inner, rootKey, sealsPerKeyMax: 100, sealsPerReservation: 10 })
      await keyring.sealingKey(3)
    }
    const { data } = (await inner.read('keyring/data/0000000001')) as StoredRecord
    expect(JSON.parse(Buffer.from(data).toString())).toMatchObject({ rootKey: rootKey.id, reserved: 50 })
  })

  test('tokens differ by key and store, and fit an index key', async () => {
    const inner = memoryStore()
    const other = memoryStore()
    const rootKey = await openRootKeyFile(path, inner)
    const [one, two] = await Promise.all([inner, other].map(store => openKeyring({ store, rootKey })))
    const tokens = [one?.token('a'), one?.token('b'), two?.token('a')]
    expect(new Set(tokens).size).toBe(3)
    for (const token of tokens) expect(token).toMatch(/^[\w-]{43}$/)
  })
})

async function openToOthers(): Promise<void> {
  await createRootKeyFile(path)
  await chmod(path, 0o640)
}

function otherKey(_: string, start: string): string {
  return `key: ${start === 'AA' ? 'BB' : 'AA'}`
}

function save(text: string): Promise<void> {
  return writeFile(path, text, { mode: 0o600 })
}

async function edit(change: (text: string) => string): Promise<void> {
  await createRootKeyFile(path)
  await save(change(await readFile(path, 'latin1')))
}

/** As the store itself has it. */
async function rawRecord(inner: Store, id: string): Promise<{ data: Buffer; revision: number }> {
  const { data, revision } = (await inner.read(id))!
  return { data: Buffer.from(data), revision }
}

/** Nonce, ciphertext and tag, by AES-256-GCM. */
function opened(key: Buffer, bytes: Buffer, bound = Buffer.alloc(0)): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(bound)
  decipher.setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
}
