import { afterEach, expect, test } from 'vitest'
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import { CmkClient } from '../../src/client/cmk.ts'
import type { CmkValues } from '../../src/client/cmk.ts'
import type { Client } from '../../src/client/client.ts'
import { ConnectionError } from '../../src/client/connection.ts'
import { openClient } from '../support/client.ts'
import { configured, hsmSettings } from '../support/hsm.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { makeSoftToken, tokenMissing } from '../support/token.ts'

/** kill -9 of the real server while it rotates CMKs: whatever it was doing, each has one primary version after it. */

const rounds = 6
const cmkCount = 4
const plaintext = Buffer.from('what stays readable')

const missing = await tokenMissing()
const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  while (cleanUp.length > 0) await cleanUp.pop()!()
})

test('a crash at any point of a rotation leaves exactly one primary version', () => crashAndCheck({}, {}), 180_000)

test.skipIf(missing !== undefined)('so it does of CMKs that a token keeps in an encrypted database', async () => {
  const token = await makeSoftToken()
  cleanUp.push(() => token.remove())
  const settings = await hsmSettings(token, 'encryptedDatabase')
  await crashAndCheck(await configured(token, { hsms: { vault: settings } }), { 'cmk-protection-level': 'HSM' })
}, 180_000)

async function crashAndCheck(environment: Readonly<Record<string, string>>, values: CmkValues): Promise<void> {
  let server = await startServer(environment)
  cleanUp.push(() => server.stop())
  const first = await openClient(server, 'alice', 201)
  const aliases = Array.from({ length: cmkCount }, (_, at) => `alias/crash-${at}`)
  for (const alias of aliases) await new CmkClient(first).create({ 'cmk-class': 'customer', ...values }, [alias])
  first.close()
  /** What was acknowledged: blobs, and the highest version that somebody was told of. */
  const blobs: Buffer[] = []
  const told = new Map<string, number>(aliases.map((alias) => [alias, 1]))
  let rotations = 0
  for (let round = 0; round < rounds; round += 1) {
    const clients = await Promise.all([0, 1, 2].map(() => openClient(server, 'alice', 201)))
    const walks = clients.map((client) => rotateUntilGone(client, aliases, blobs, told))
    await new Promise((resolve) => setTimeout(resolve, 150 + round * 40))
    await server.kill()
    rotations += (await Promise.all(walks)).reduce((sum, count) => sum + count, 0)
    server = await startServer(environment, server.directory)
    await check(server, aliases, blobs, told)
  }
  expect(rotations).toBeGreaterThan(rounds)
}

/** @returns how many rotations were acknowledged before the connection broke */
async function rotateUntilGone(
  client: Client, aliases: readonly string[], blobs: Buffer[], told: Map<string, number>,
): Promise<number> {
  const [cmks, cipher] = [new CmkClient(client), new CmkCipher(client)]
  for (let count = 0; ; count += 1) {
    const alias = aliases[count % aliases.length]!
    try {
      await cmks.set(alias, 'cmk-rotate', true)
      const { blob } = await cipher.encrypt(alias, plaintext)
      blobs.push(blob)
      const { values } = await cmks.describe(alias)
      told.set(alias, Math.max(told.get(alias)!, Number(values['cmk-version'])))
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      return count
    }
  }
}

async function check(
  { host, port, certificates }: RunningServer, aliases: readonly string[], blobs: readonly Buffer[],
  told: ReadonlyMap<string, number>,
): Promise<void> {
  const client = await openClient({ host, port, certificates } as RunningServer, 'alice', 201)
  const [cmks, cipher] = [new CmkClient(client), new CmkCipher(client)]
  for (const alias of aliases) {
    const { values, version } = await cmks.describe(alias)
    const id = String(values['cmk-id'])
    const { ids: primaries } = await cmks.locate({ 'cmk-id': id, 'cmk-primary': true })
    expect(primaries).toEqual([version])
    expect(Number(values['cmk-version'])).toBeGreaterThanOrEqual(told.get(alias)!)
    const all = await cmks.locateAll({ 'cmk-id': id })
    expect(all).toHaveLength(Number(values['cmk-version']))
    expect((await cipher.encrypt(alias, plaintext)).version).toBe(version)
  }
  for (const blob of blobs) expect((await cipher.decrypt(blob)).plaintext).toEqual(plaintext)
  client.close()
}
