import { expect, test } from 'vitest'
import fixture from '../../fixtures/cmk/limits.json' with { type: 'json' }
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import { sign } from '../../src/client/operations.ts'
import { Lab, outcome } from '../support/cmk.ts'
import type { LabClient } from '../support/cmk.ts'

interface Limit {
  readonly what: string
  readonly does: string
  readonly min?: number
  readonly max: number
  readonly reason: string
}

const cases = (fixture.limits as readonly Limit[]).flatMap(({ what, does, min, max, reason }) => [
  ...(min === undefined ? [] : [{ what, does, size: min - 1, reason }, { what, does, size: min, reason: 'Success' }]),
  { what, does, size: max, reason: 'Success' }, { what, does, size: max + 1, reason },
])

test.each(cases)('$what: $size is $reason', async ({ does, size, reason }) => {
  expect(await outcome(attempts[does]!(new Lab().as('alice'), size))).toBe(reason)
})

const attempts: Readonly<Record<string, (client: LabClient, size: number) => Promise<unknown>>> = {
  encrypt: async (client, size) => client.encrypt(await made(client), Buffer.alloc(size)),
  encryptToBlob: async (client, size) => new CmkCipher(client.client).encrypt(await made(client), Buffer.alloc(size)),
  encryptSm2: async (client, size) => {
    const { publicKey } = await client.createPair({ 'cmk-key-spec': 'EC_SM2', 'cmk-usage': 'ENCRYPT/DECRYPT' })
    return client.encrypt(publicKey, Buffer.alloc(size))
  },
  dataKey: async (client, size) => new CmkCipher(client.client).generateDataKey(await made(client), size),
  context: async (client, size) =>
    new CmkCipher(client.client).encrypt(await made(client), Buffer.alloc(1), { k: 'x'.repeat(size - 1) }),
  describe: async (client, size) => client.set(await made(client), 'cmk-description', 'x'.repeat(size)),
  protect: async (client, size) => {
    const id = await client.create({ 'cmk-deletion-protection': true })
    await client.set(id, 'cmk-deletion-protection-description', 'x'.repeat(size))
  },
  signDigestP256: (client, size) => signDigest(client, 'EC_P256', size),
  signDigestP256K: (client, size) => signDigest(client, 'EC_P256K', size),
  signDigestRsa: (client, size) => signDigest(client, 'RSA_2048', size),
  signDigestSm2: (client, size) => signDigest(client, 'EC_SM2', size),
  aliases: (client, size) =>
    client.create({ 'cmk-alias': Array.from({ length: size }, (_, at) => `alias/a${at}`) }),
  tags: (client, size) =>
    client.create(Object.fromEntries(Array.from({ length: size }, (_, at) => [`cmk-tag-t${at}`, 'x']))),
  tagKey: async (client, size) => client.set(await made(client), `cmk-tag-${'k'.repeat(size)}`, 'x'),
  tagValue: async (client, size) => client.set(await made(client), 'cmk-tag-k', 'v'.repeat(size)),
  window: async (client, size) => client.set(await made(client), 'cmk-deletion-window', size),
  interval: async (client, size) => client.set(await made(client), 'cmk-rotation-interval', `${size}d`),
}

async function signDigest(client: LabClient, spec: string, size: number): Promise<unknown> {
  const { privateKey } = await client.createPair({ 'cmk-key-spec': spec })
  return client.client.request(sign, { uniqueIdentifier: privateKey, digestedData: Buffer.alloc(size, 1) })
}

function made(client: LabClient): Promise<string> {
  return client.create({ 'cmk-key-spec': 'Aliyun_AES_256' })
}
