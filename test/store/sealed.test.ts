import { randomInt } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RecordTampered } from '../../src/store/error.ts'
import { openKeyring, openRootKeyFile } from '../../src/store/keyring.ts'
import type { Keyring } from '../../src/store/keyring.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { sealedStore } from '../../src/store/sealed.ts'
import type { Binding } from '../../src/store/sealed.ts'
import type { Store, StoredRecord } from '../../src/store/store.ts'
import { lmdbPlace, sealed, temporaryDirectory } from './place.ts'
import { put, textOf } from './record.ts'

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => rm(directory, { recursive: true }))

describe('a tampered record does not open', () => {
  let inner: Store
  let keyring: Keyring
  beforeEach(async () => {
    inner = memoryStore()
    keyring = await openKeyring({ store: inner, rootKey: await openRootKeyFile(join(directory, 'root.key'), inner) })
    const store = sealedStore(inner, keyring)
    await store.apply([put('a', 0, 'first of a'), put('b', 0, 'first of b')])
    await store.apply([put('a', 1, 'second of a')])
    await store.apply([put('a', 2, 'third of a')])
  })

  test('every single bit flipped, every truncation, an extension', async () => {
    const genuine = (await inner.read('a')) as StoredRecord
    const mutants: Uint8Array[] = []
    for (let i = 0; i < genuine.data.length; i++) {
      mutants.push(genuine.data.subarray(0, i))
      for (let bit = 0; bit < 8; bit++) {
        const flipped = genuine.data.slice()
        flipped[i] = (flipped[i] as number) ^ (1 << bit)
        mutants.push(flipped)
      }
    }
    mutants.push(Buffer.concat([genuine.data, Buffer.alloc(1)]))
    for (const data of mutants) await expectTampered(() => ({ ...genuine, data }))
    expect(await textOf(sealedStore(hostile(inner, () => genuine), keyring), 'a')).toBe('3 third of a')
  })

  test('ten thousand random mutations', async () => {
    const genuine = (await inner.read('a')) as StoredRecord
    for (let i = 0; i < 10_000; i++) {
      const data = genuine.data.slice()
      for (let changes = randomInt(1, 5); changes > 0; changes--) data[randomInt(data.length)] = randomInt(256)
      if (Buffer.compare(data, genuine.data) === 0) continue
      await expectTampered(() => ({ ...genuine, data }))
    }
  })

  test('another record in its place, an earlier content under the present revision, another revision', async () => {
    const before = (await inner.read('a')) as StoredRecord
    const b = (await inner.read('b')) as StoredRecord
    await sealedStore(inner, keyring).apply([put('a', 3, 'fourth of a')])
    const now = (await inner.read('a')) as StoredRecord
    await expectTampered(() => ({ ...b, id: 'a' }))
    await expectTampered(() => ({ ...now, data: b.data }))
    await expectTampered(() => ({ ...now, data: before.data }))
    await expectTampered(() => ({ ...now, revision: now.revision + 1 }))
  })

  test('negative control: without the binding a swap and a roll back go unnoticed', async () => {
    const unbound: Binding = () => new Uint8Array()
    const store = sealedStore(inner, keyring, unbound)
    await store.apply([put('c', 0, 'first of c'), put('d', 0, 'first of d')])
    const old = (await inner.read('c')) as StoredRecord
    const other = (await inner.read('d')) as StoredRecord
    await store.apply([put('c', 1, 'second of c')])
    const swapped = hostile(inner, record => ({ ...record, data: other.data }))
    const rolledBack = hostile(inner, record => ({ ...record, data: old.data }))
    expect(await textOf(sealedStore(swapped, keyring, unbound), 'c')).toBe('2 first of d')
    expect(await textOf(sealedStore(rolledBack, keyring, unbound), 'c')).toBe('2 first of c')
  })

  test('its data key is gone or damaged', async () => {
    const rootKey = await openRootKeyFile(join(directory, 'root.key'), inner)
    const rotating = await openKeyring({ store: inner, rootKey, sealsPerKeyMax: 1, sealsPerReservation: 1 })
    expect((await rotating.sealingKey(1)).number).toBe(2)
    for (const data of [undefined, '', '{}', '{"rootKey":"x","wrapped":"","reserved":0}']) {
      // A keyring opens its newest key at once, and the first one only when a record names it.
      const late = await openKeyring({
        rootKey,
        store: hostile(inner, record => {
          if (record.id !== 'keyring/data/0000000001') return record
          return data === undefined ? undefined : { ...record, data: Buffer.from(data) }
        }),
      })
      await expect(sealedStore(inner, late).read('a')).rejects.toThrow(RecordTampered)
    }
  })

  async function expectTampered(tamper: (record: StoredRecord) => StoredRecord): Promise<void> {
    const read = sealedStore(hostile(inner, tamper), keyring).read('a')
    await expect(read).rejects.toThrow(RecordTampered)
    await expect(read).rejects.toMatchObject({ id: 'a', message: 'record a failed authentication' })
  }
})

test('the keyring does not exist for a caller', async () => {
  const store = await sealed(memoryStore(), join(directory, 'root.key'))
  for (const id of ['keyring/index', 'keyring/data/0000000001']) {
    expect(await store.revision(id)).toBe(0)
    expect(await store.read(id)).toBeUndefined()
    await expect(store.apply([put(id, 1, 'mine')])).rejects.toThrow(RangeError)
  }
  expect(await store.scan('keyring', { limit: 10 })).toEqual([])
})

describe('nothing in clear at rest', () => {
  test.each([
    ['sealed: neither data nor index keys are found', true],
    ['negative control, unsealed: both are found', false],
  ])('%s', async (_, isSealed) => {
    const place = await lmdbPlace()
    const inner = await place.open()
    const store = isSealed ? await sealed(inner, join(directory, 'root.key')) : inner
    const material = Buffer.from('00112233445566778899aabbccddeeff0123456789abcdef', 'hex')
    const keys = ['name:payroll-master']
    await store.apply([{ id: 'a', expected: 0, data: material, keys }])
    await store.apply([{ id: 'a', expected: 1, data: Buffer.concat([Buffer.alloc(9_000), material]), keys }])
    await store.close()
    const files = await readdir(place.directory)
    expect(files).toContain('data.mdb')
    const bytes = Buffer.concat(await Promise.all(files.map(file => readFile(join(place.directory, file)))))
    const encodings = ['hex', 'base64', 'base64url'] as const
    const forms = [material, ...encodings.map(encoding => Buffer.from(material.toString(encoding)))]
    expect(forms.some(form => bytes.includes(form))).toBe(!isSealed)
    expect(bytes.includes('payroll-master')).toBe(!isSealed)
    await place.remove()
  })
})

/** A store that answers reads as an attacker who owns the storage would. */
function hostile(inner: Store, tamper: (record: StoredRecord) => StoredRecord | undefined): Store {
  return {
    ...inner,
    async read(id) {
      const record = await inner.read(id)
      return record && tamper(record)
    },
  }
}
