import type { Change, Store } from '../../src/store/store.ts'

/** A change to a record whose data is a text. */
export function put(id: string, expected: number, text: string, keys: string[] = []): Change {
  return { id, expected, data: Buffer.from(text), keys }
}

/** The revision and the text of a record. */
export async function textOf(store: Store, id: string): Promise<string | undefined> {
  const record = await store.read(id)
  return record && `${record.revision} ${Buffer.from(record.data).toString()}`
}
