import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Provider } from '../../src/crypto/provider.ts'
import type { Storage } from '../../src/crypto/pkcs11-protocol.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm, PaddingMethod, RecommendedCurve,
} from '../../src/kmip/generated/enums.ts'
import { argumentsOf, fail } from '../support/arguments.ts'
import { openClient } from '../support/client.ts'
import { configured, createInToken, createPairInToken, hsmSettings } from '../support/hsm.ts'
import { startServer } from '../support/server.ts'
import { makeSoftToken, openToken, tokenMissing } from '../support/token.ts'
import type { TestToken } from '../support/token.ts'
import { load } from './load.ts'
import { requests } from './requests.ts'

/**
 * Calls per second of Encrypt and Sign through the provider of a SoftHSM token, beside what pkcs11js itself reaches with
 * such a token: in one run, by turns, and of the turns the best, because what else the machine does only takes away.
 * `async` is what may be asked of a server: calls that leave its event loop free. `sync` blocks the process that makes them.
 */
const { seconds, rounds, calls: callsAtOnce } = argumentsOf(
  'bench:hsm', 'npm run bench:hsm -- [--seconds 0.5] [--rounds 8] [--calls 64]\n', { seconds: 0.5, rounds: 8, calls: 64 },
)
const missing = await tokenMissing()
if (missing !== undefined) fail('bench:hsm', missing)
const ratioMin = 0.7
const titles = { gcm: 'Encrypt AES-256-GCM', rsa: 'Sign RSA-2048', ec: 'Sign P-256' }

for (const storage of ['internal', 'encryptedDatabase'] as const) await compare(storage)

async function compare(storage: Storage): Promise<void> {
  const token = await makeSoftToken('bench')
  const { provider, connection } = await openToken(token, storage, { sessionsMax: 16 })
  try {
    const calls = await ourCalls(provider)
    const raw = new Map<string, { sync: number; async: number }[]>()
    const ours = new Map<string, number[]>()
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, rate] of Object.entries(await rawRates(token, storage))) push(raw, name, rate)
      for (const [name, call] of Object.entries(calls)) push(ours, name, await rateOf(call))
    }
    const port = await portRates(token, storage)
    for (const [name, title] of Object.entries(titles)) {
      const own = Math.max(...ours.get(name)!)
      const sync = best(raw.get(name)!, 'sync')
      const async = best(raw.get(name)!, 'async')
      const aim = own / async >= ratioMin ? 'reached' : 'MISSED'
      process.stdout.write([
        `${storage.padEnd(18)}${title.padEnd(20)}ours ${shown(own)}`, `through the port ${shown(port[name]!)}`,
        `pkcs11 async ${shown(async)}`, `sync ${shown(sync)}`,
        `ours/async ${(own / async).toFixed(2)} (aim ${ratioMin} ${aim})`, `ours/sync ${(own / sync).toFixed(2)}\n`,
      ].join('  '))
    }
  } finally {
    connection.close()
    await token.remove()
  }
}

/** The same as requests over mutual TLS, of so many connections as there are calls at once. */
async function portRates(token: TestToken, storage: Storage): Promise<Record<string, number>> {
  const server = await startServer(await configured(token, { hsms: { vault: await hsmSettings(token, storage) } }))
  try {
    const client = await openClient(server, 'alice', 201)
    const wire = requests(201)
    const [aes, rsa, ec] = [
      await createInToken(client), (await createPairInToken(client, 2048)).privateKey,
      (await createPairInToken(client)).privateKey,
    ]
    client.close()
    const { host, port, certificates: { ca, alice } } = server
    const tls = { host, port, ca: readFileSync(ca), cert: readFileSync(alice.cert), key: readFileSync(alice.key) }
    const rates: Record<string, number> = {}
    for (const [name, request] of Object.entries({
      gcm: wire.encryptGcm(aes), rsa: wire.signRsa(rsa), ec: wire.signEc(ec),
    })) rates[name] = (await load(tls, [request], callsAtOnce, 2)).perSecond
    return rates
  } finally {
    await server.stop()
  }
}

async function rawRates(token: TestToken, storage: Storage): Promise<Record<string, { sync: number; async: number }>> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    new URL('hsm-raw.ts', import.meta.url).pathname, '--module', token.module, '--label', token.label!,
    '--pin', token.pin, '--seconds', String(seconds), ...(storage === 'internal' ? ['--internal'] : []),
  ], { env: { ...token.environment, UV_THREADPOOL_SIZE: '16' } })
  return JSON.parse(stdout) as Record<string, { sync: number; async: number }>
}

type Call = () => unknown

async function ourCalls(provider: Provider): Promise<Record<string, Call>> {
  const aes = await provider.load(await provider.generateKey({ algorithm: CryptographicAlgorithm.AES, length: 256 }))
  const privateKey = async (spec: Parameters<Provider['generateKeyPair']>[0]) =>
    provider.load((await provider.generateKeyPair(spec)).privateKey)
  const rsa = await privateKey({ algorithm: CryptographicAlgorithm.RSA, length: 2048 })
  const ec = await privateKey({ algorithm: CryptographicAlgorithm.EC, length: 256, curve: RecommendedCurve.P_256 })
  const data = Buffer.alloc(64, 7)
  const pkcs1 = { paddingMethod: PaddingMethod.PKCS1V1_5, hashingAlgorithm: HashingAlgorithm.SHA_256 }
  return {
    gcm: () => provider.encrypt(aes, { blockCipherMode: BlockCipherMode.GCM }, { data }),
    rsa: () => provider.sign(rsa, pkcs1, { data }),
    ec: () => provider.sign(ec, { hashingAlgorithm: HashingAlgorithm.SHA_256 }, { data }),
  }
}

/** So many calls under way as a server with so many connections has. */
async function rateOf(call: Call): Promise<number> {
  const start = performance.now()
  const end = start + seconds * 1000
  let count = 0
  await Promise.all(Array.from({ length: callsAtOnce }, async () => {
    do {
      await call()
      count += 1
    } while (performance.now() < end)
  }))
  return count / (performance.now() - start) * 1000
}

function push<T>(map: Map<string, T[]>, name: string, value: T): void {
  map.set(name, [...map.get(name) ?? [], value])
}

function best(rates: readonly Record<'sync' | 'async', number>[], how: 'sync' | 'async'): number {
  return Math.max(...rates.map((each) => each[how]))
}

function shown(rate: number): string {
  return Math.round(rate).toLocaleString('en').padStart(7)
}
