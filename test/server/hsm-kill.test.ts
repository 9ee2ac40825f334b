import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { destroy, revoke } from '../../src/client/operations.ts'
import { RevocationReasonCode } from '../../src/kmip/generated/enums.ts'
import { openClient } from '../support/client.ts'
import { configured, createInToken, createPairInToken, hsmSettings } from '../support/hsm.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { behindShim } from '../support/shim.ts'
import { makeSoftToken, tokenMissing } from '../support/token.ts'
import type { TestToken } from '../support/token.ts'

const missing = await tokenMissing()

/** kill -9 of the server when the token has made a key, and the server does not know it yet. */
describe.skipIf(missing !== undefined)('a key that was made for a server that is dead', () => {
  it.each<[string, (client: Client) => Promise<unknown>]>([
    ['a symmetric one', (client) => createInToken(client)],
    ['that of a pair', (client) => createPairInToken(client, 2048)],
  ])('leaves the token at the next start: %s', async (_, make) => {
    const token = behindShim(await makeSoftToken())
    const environment = await configured(token, { hsms: { vault: await hsmSettings(token) } })
    const server = await startServer(environment)
    const client = await openClient(server, 'alice', 201)
    await createInToken(client)
    const before = objectsIn(token)
    await token.setFault('mute')
    make(client).catch(() => undefined)
    await until(() => token.calls('m') === 1)
    await server.kill()
    client.close()
    await token.setFault()
    // The control: nobody else has cleared it away.
    expect(objectsIn(token)).toBe(before + 1)

    const again = await startServer(environment, server.directory)
    await until(() => objectsIn(token) === before)
    const reader = await openClient(again, 'alice', 201)
    await createInToken(reader)
    expect(objectsIn(token)).toBe(before + 1)
    reader.close()
    await again.stop()
    await until(() => processesOf(token).length === 0)
    await token.remove()
  }, 60_000)
})

describe.skipIf(missing !== undefined)('a key that was made for the root key of a server that is dead', () => {
  it('leaves the token at the next start, and the one that the root key is under stays', async () => {
    const token = behindShim(await makeSoftToken())
    const hsms = { vault: await hsmSettings(token) }
    const environment = await configured(token, { hsms, rootKeyProtection: 'hsm:vault' })
    const server = await startServer(environment)
    await renewed(server)
    const before = objectsIn(token)
    await token.setFault('mute')
    process.kill(server.pid, 'SIGUSR2')
    await until(() => token.calls('m') === 1)
    await server.kill()
    await token.setFault()
    // The control: nobody else has cleared it away.
    expect(objectsIn(token)).toBe(before + 1)

    const again = await startServer(environment, server.directory)
    await until(() => objectsIn(token) === before)
    await renewed(again)
    await again.kill()
    const last = await startServer(environment, server.directory)
    // Longer than what is given up waits for its destruction.
    await sleep(6_000)
    expect(objectsIn(token)).toBe(before + 1)
    await last.stop()
    await until(() => processesOf(token).length === 0)
    await token.remove()
  }, 60_000)
})

describe.skipIf(missing !== undefined)('a key that was made when the process of its token died', () => {
  it('leaves the token when that is back', async () => {
    const token = behindShim(await makeSoftToken())
    const server = await startServer(await configured(token, { hsms: { vault: await hsmSettings(token) } }))
    const client = await openClient(server, 'alice', 201)
    const kept = await createInToken(client)
    const [before, calls] = [objectsIn(token), token.calls('g')]
    await token.setFault('dies')
    await expect(createInToken(client)).rejects.toMatchObject({ reason: 'ProtectionStorageUnavailable' })
    expect(token.calls('g')).toBe(calls + 1)
    await token.setFault()
    await until(() => objectsIn(token) === before)
    await client.request(revoke, {
      uniqueIdentifier: kept, revocationReason: { revocationReasonCode: RevocationReasonCode.CessationOfOperation },
    })
    await client.request(destroy, { uniqueIdentifier: kept })
    await until(() => objectsIn(token) === before - 1)
    client.close()
    await server.stop()
    await token.remove()
  }, 60_000)
})

async function renewed(server: RunningServer): Promise<void> {
  process.kill(server.pid, 'SIGUSR2')
  await until(() => server.log().includes('the root key has been changed'))
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20)
}

function objectsIn({ directory }: TestToken): number {
  const tokens = join(directory, 'tokens')
  return readdirSync(tokens).flatMap((each) => readdirSync(join(tokens, each)))
    .filter((name) => name.endsWith('.object') && name !== 'token.object').length
}

/** Processes that have the token's module. */
function processesOf({ module }: TestToken): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/maps`, 'utf8').includes(module)
    } catch {
      return false
    }
  })
}
