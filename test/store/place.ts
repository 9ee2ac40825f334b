import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openKeyring, openRootKeyFile } from '../../src/store/keyring.ts'
import { openLmdbStore } from '../../src/store/lmdb.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { sealedStore } from '../../src/store/sealed.ts'
import type { Store } from '../../src/store/store.ts'
import type { StorePlace } from './suite.ts'

export const mapSize = 2 ** 34

export async function memoryPlace(): Promise<StorePlace> {
  return { durable: false, open: async () => memoryStore(), remove: async () => {} }
}

export async function lmdbPlace(): Promise<StorePlace & { directory: string }> {
  const directory = await temporaryDirectory()
  return {
    directory,
    durable: true,
    open: () => openLmdbStore({ directory, mapSize }),
    remove: () => rm(directory, { recursive: true }),
  }
}

/** Seals what a place opens, with a root key file beside it. */
export async function sealedPlace(inner: StorePlace): Promise<StorePlace> {
  const directory = await temporaryDirectory()
  return {
    durable: inner.durable,
    open: async () => sealed(await inner.open(), join(directory, 'root.key')),
    remove: async () => {
      await inner.remove()
      await rm(directory, { recursive: true })
    },
  }
}

export async function sealed(inner: Store, rootKeyFile: string): Promise<Store> {
  const rootKey = await openRootKeyFile(rootKeyFile, inner)
  return sealedStore(inner, await openKeyring({ store: inner, rootKey }))
}

export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'keyward-store-'))
}
