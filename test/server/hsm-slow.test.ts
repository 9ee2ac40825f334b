import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { sign } from '../../src/client/operations.ts'
import { HashingAlgorithm } from '../../src/kmip/generated/enums.ts'
import { createAes, material, openClient } from '../support/client.ts'
import { configured, createPairInToken, hsmSettings } from '../support/hsm.ts'
import { startServer } from '../support/server.ts'
import { behindShim } from '../support/shim.ts'
import { makeSoftToken, tokenMissing } from '../support/token.ts'

const missing = await tokenMissing()

describe.skipIf(missing !== undefined)('a token that takes two seconds for a call', () => {
  it('keeps nobody waiting who wants other keys', async () => {
    const token = behindShim(await makeSoftToken())
    const server = await startServer(await configured(token, { hsms: { vault: await hsmSettings(token) } }))
    const [signer, reader] = [await openClient(server, 'alice', 201), await openClient(server, 'alice', 201)]
    const { privateKey } = await createPairInToken(signer)
    const software = await createAes(reader)
    await signed(signer, privateKey)
    const waits = (until: Promise<unknown>): Promise<number[]> => readWhile(until, () => material(reader, software))

    await waits(sleep(500))
    const before = await waits(sleep(2000))
    await token.setFault('slow')
    const begun = performance.now()
    const during = await waits(Promise.all([signed(signer, privateKey), signed(signer, privateKey)]))
    expect(performance.now() - begun).toBeGreaterThan(1900)
    await token.setFault()
    const after = await waits(sleep(2000))
    expect(during.length).toBeGreaterThan(100)
    expect(during.at(-1)).toBeLessThan(1000)
    // What else the machine does holds the server up before and after as well; on one that is quiet, 10 ms are the bound.
    expect(p99(during)).toBeLessThan(Math.max(10, 3 * p99(before), 3 * p99(after)))
    signer.close()
    reader.close()
    await server.stop()
    await token.remove()
  }, 60_000)
})

/** Milliseconds that each reading has taken while something was under way, in ascending order. */
async function readWhile(underWay: Promise<unknown>, read: () => Promise<unknown>): Promise<number[]> {
  let isDone = false
  const ended = underWay.finally(() => (isDone = true))
  const times: number[] = []
  while (!isDone) {
    const sent = performance.now()
    await read()
    times.push(performance.now() - sent)
  }
  await ended
  return times.toSorted((one, other) => one - other)
}

function p99(times: readonly number[]): number {
  return times[Math.floor(times.length * 0.99)]!
}

async function signed(client: Client, uniqueIdentifier: string): Promise<void> {
  await client.request(sign, {
    uniqueIdentifier, data: Buffer.from('data'), cryptographicParameters: { hashingAlgorithm: HashingAlgorithm.SHA_256 },
  })
}
