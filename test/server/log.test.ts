import { closeSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createAes, material, openClient, shapes } from '../support/client.ts'
import { Pipe } from '../support/pipe.ts'
import { startServer } from '../support/server.ts'

test('a reader of the log that stops holds nobody up, and has every line, whole, when it goes on', async () => {
  const pipe = new Pipe()
  const server = await startServer({ KEYWARD_WORKERS: '2' }, undefined, pipe.writing)
  closeSync(pipe.writing)
  // Whichever threads they fall to, each thread has some.
  const clients = await Promise.all(Array.from({ length: 40 }, () => openClient(server)))
  const names = clients.flatMap((_, client) => Array.from({ length: 25 }, (__, at) => `none-${client}-${at}`))
  await Promise.all(names.map((uniqueIdentifier, at) =>
    clients[at % clients.length]!.request(shapes.get, { uniqueIdentifier }).catch(() => undefined)))
  for (const client of clients.slice(0, 10)) await material(client, await createAes(client))
  const [text] = await Promise.all([pipe.read(), server.stop()])
  for (const client of clients) client.close()
  pipe.close()
  const records = text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as { msg: string, uniqueIdentifier?: string })
  const refused = records.filter(({ msg }) => msg === 'refused').map(({ uniqueIdentifier = '' }) => uniqueIdentifier)
  expect(refused.toSorted(byText)).toEqual(names.toSorted(byText))
  expect(records.at(-1)?.msg).toBe('stopped')
}, 60_000)

function byText(one: string, other: string): number {
  return one < other ? -1 : 1
}
