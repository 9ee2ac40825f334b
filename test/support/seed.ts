import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { join } from 'node:path'
import {
  CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, NameType,
} from '../../src/kmip/generated/enums.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { encodeRecord } from '../../src/model/record.ts'
import type { ManagedObject } from '../../src/model/managed-object.ts'
import { indexKeys } from '../../src/operation/index-keys.ts'
import { recordIdOf } from '../../src/operation/object-record.ts'
import { openKeyring, openRootKeyFile } from '../../src/store/keyring.ts'
import { openLmdbStore } from '../../src/store/lmdb.ts'
import { sealedStore } from '../../src/store/sealed.ts'

/** Puts AES keys named `bench-<n>` into a data directory before a server opens it. */
export async function seed(dataDirectory: string, from: number, to: number, account: string): Promise<void> {
  const inner = await openLmdbStore({ directory: join(dataDirectory, 'store'), mapSize: 16 * 2 ** 30 })
  const rootKey = await openRootKeyFile(join(dataDirectory, 'root.key'), inner)
  const store = sealedStore(inner, await openKeyring({ store: inner, rootKey }))
  for (let start = from; start < to; start += batchSize) {
    const objects = Array.from({ length: Math.min(batchSize, to - start) }, (_, at) => aesKey(start + at, account))
    await store.apply(objects.map((object) => ({
      id: recordIdOf(account, object.uniqueIdentifier), expected: 0, data: encodeRecord(object), keys: indexKeys(object),
    })))
  }
  await store.close()
}

function aesKey(number: number, account: string): ManagedObject {
  const now = Math.floor(Date.now() / 1000)
  return {
    uniqueIdentifier: randomUUIDv7(),
    revision: 0,
    account,
    owner: 'bench',
    kind: 'SymmetricKey',
    attributes: {
      name: [{ nameValue: `bench-${number}`, nameType: NameType.UninterpretedTextString }],
      cryptographicAlgorithm: CryptographicAlgorithm.AES,
      cryptographicLength: 256,
      cryptographicUsageMask: CryptographicUsageMask.Encrypt + CryptographicUsageMask.Decrypt,
      initialDate: now, lastChangeDate: now, activationDate: now,
    },
    value: {
      kind: 'SymmetricKey',
      value: {
        keyBlock: {
          keyFormatType: KeyFormatType.Raw,
          keyValue: { keyMaterial: new Secret(randomBytes(32)) },
          cryptographicAlgorithm: CryptographicAlgorithm.AES,
          cryptographicLength: 256,
        },
      },
    },
  }
}

const batchSize = 2_000
