import { createCipheriv } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { ConnectionOptions } from '../../src/crypto/pkcs11-connection.ts'
import type { Key, PlainKey, Provider, ReferredKey } from '../../src/crypto/provider.ts'
import { RefusedPin, refusedPinMemory } from '../../src/crypto/refused-pin.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm, PaddingMethod, RecommendedCurve,
} from '../../src/kmip/generated/enums.ts'
import { KmipError } from '../../src/kmip/error.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { behindShim } from '../support/shim.ts'
import type { ShimmedToken } from '../support/shim.ts'
import { initSoftToken, makeSoftToken, openToken, tokenMissing } from '../support/token.ts'
import type { OpenToken, TestToken } from '../support/token.ts'

const missing = await tokenMissing()

describe.skipIf(missing !== undefined)('a token that fails', () => {
  const cleanUp: (() => unknown)[] = []
  afterEach(async () => {
    while (cleanUp.length > 0) await cleanUp.pop()!()
  })

  async function opened(changes: Partial<ConnectionOptions> = {}): Promise<OpenToken & { token: TestToken }> {
    const token = await makeSoftToken()
    cleanUp.push(() => token.remove())
    const open = await openToken(token, 'internal', changes)
    cleanUp.push(() => open.connection.close())
    return { ...open, token }
  }

  async function faulty(
    changes: Partial<ConnectionOptions> = {}, fault?: 'locked',
  ): Promise<OpenToken & { token: ShimmedToken }> {
    const token = behindShim(await makeSoftToken())
    cleanUp.push(() => token.remove())
    await token.setFault(fault)
    const open = await openToken(token, 'internal', changes)
    cleanUp.push(() => open.connection.close())
    return { ...open, token }
  }

  async function withKey(changes: Partial<ConnectionOptions> = {}): Promise<OpenToken & { token: ShimmedToken; key: Key }> {
    const open = await faulty(changes)
    const { privateKey } = await open.provider.generateKeyPair(p256)
    return { ...open, key: await open.provider.load(privateKey) }
  }

  it('does not try a wrong PIN a second time, and takes the right one when it is there', async () => {
    let pin = 'wrong'
    let asked = 0
    const logged: string[] = []
    const { connection, provider, token } = await faulty({
      pin: async () => {
        asked += 1
        return new Secret(Buffer.from(pin))
      },
      log: { info() {}, error: (fields, message) => void logged.push(`${JSON.stringify(fields)} ${message}`) },
    })
    expect([connection.state, connection.reason]).toEqual(['refused', 'CKR_PIN_INCORRECT'])
    await waitUntil(() => asked >= 3)
    await expectReason(provider.generateKey(aes), 'ProtectionStorageUnavailable')
    expect(token.calls('l')).toBe(1)
    expect(logged.length).toBe(1)
    expect(logged[0]).not.toContain('wrong')
    pin = token.pin
    await waitUntil(() => connection.state === 'up')
    await provider.generateKey(aes)
  })

  it('tries no PIN of a token that has locked it', async () => {
    const { connection, provider, token } = await faulty({}, 'locked')
    expect([connection.state, connection.reason]).toEqual(['refused', 'CKR_PIN_LOCKED'])
    await pause(1500)
    const error = await expectReason(provider.generateKey(aes), 'ProtectionStorageUnavailable')
    expect(error.message).toContain('CKR_PIN_LOCKED')
    expect(token.calls('l')).toBe(1)
  })

  it('says that a token is not there', async () => {
    const { connection, provider } = await opened({ token: 'no such token' })
    expect(connection.state).toBe('down')
    const error = await expectReason(provider.generateKey(aes), 'ProtectionStorageUnavailable')
    expect(error.message).toContain('no such token')
  })

  it('is none when another one has the same label', async () => {
    const token = await makeSoftToken('twin')
    cleanUp.push(() => token.remove())
    await initSoftToken('twin', token.environment)
    for (const [where, state, reason] of [
      [{ token: 'twin' }, 'down', 'several tokens have this label'], [{ token: undefined, slot: 1 }, 'up', 'not connected yet'],
    ] as const) {
      const { connection } = await openToken(token, 'internal', where)
      cleanUp.push(() => connection.close())
      expect([connection.state, connection.reason]).toEqual([state, expect.stringContaining(reason)])
    }
  })

  it('comes back after the token was removed under load', async () => {
    const { provider, token } = await opened()
    const key = await provider.load(await provider.generateKey(aes))
    const seal = () => provider.encrypt(key, gcm, { data: Buffer.alloc(32) })
    const home = join(token.directory, 'tokens')
    let stop = false
    const reasons = new Set<string>()
    let afterReturn = 0
    let isBack = false
    const load = Array.from({ length: 8 }, async () => {
      while (!stop) {
        await Promise.resolve(seal()).then(() => {
          if (isBack) afterReturn += 1
        }, (error: unknown) => reasons.add((error as KmipError).reason))
        await pause(1)
      }
    })
    await pause(200)
    await rename(home, `${home}.away`)
    await waitUntil(() => reasons.size > 0)
    await rename(`${home}.away`, home)
    isBack = true
    await waitUntil(() => afterReturn > 100)
    stop = true
    await Promise.all(load)
    expect([...reasons]).toEqual(['ProtectionStorageUnavailable'])
  })

  it('is unavailable to who asks while it is connected anew in vain, and decrypts nothing', async () => {
    const { provider, connection, token } = await opened()
    const { privateKey, publicKey } = await provider.generateKeyPair({ algorithm: CryptographicAlgorithm.RSA, length: 2048 })
    const parameters = { paddingMethod: PaddingMethod.PKCS1V1_5 }
    const { data } = await provider.encrypt(await provider.load(publicKey), parameters, { data: Buffer.from('secret') })
    const key = await provider.load(privateKey)
    expect(String(await provider.decrypt(key, parameters, { data }))).toBe('secret')
    const home = join(token.directory, 'tokens')
    await rename(home, `${home}.away`)
    process.kill(connection.pid!, 'SIGKILL')
    const outcomes = new Set<string>()
    const waited: Promise<unknown>[] = []
    await waitUntil(() => {
      waited.push(Promise.resolve(provider.decrypt(key, parameters, { data })).then(
        () => outcomes.add('decrypted'), (error: unknown) => outcomes.add((error as KmipError).reason)))
      return waited.length > 150
    })
    await Promise.all(waited)
    expect([...outcomes]).toEqual(['ProtectionStorageUnavailable'])
    await rename(`${home}.away`, home)
  })

  it('decrypts nothing with a key that it cannot unwrap any more', async () => {
    const token = await makeSoftToken()
    cleanUp.push(() => token.remove())
    const { provider, connection } = await openToken(token, 'encryptedDatabase')
    cleanUp.push(() => connection.close())
    const spec = { algorithm: CryptographicAlgorithm.RSA, length: 2048 }
    const { privateKey, publicKey } = await provider.generateKeyPair(spec)
    const parameters = { paddingMethod: PaddingMethod.PKCS1V1_5 }
    const { data } = await provider.encrypt(await provider.load(publicKey), parameters, { data: Buffer.from('secret') })
    const { reference } = privateKey as ReferredKey
    const stored = JSON.parse(reference.toString()) as { wrapped: { bytes: string } }
    const damaged = { ...stored, id: '00', wrapped: { ...stored.wrapped, bytes: Buffer.alloc(1304, 1).toString('base64') } }
    const load = async (from: object): Promise<Key> => {
      const moved: ReferredKey = { ...spec, kind: 'private', reference: Buffer.from(JSON.stringify(from)) }
      return provider.load(moved)
    }
    expect(String(await provider.decrypt(await load(stored), parameters, { data }))).toBe('secret')
    await expectReason(provider.decrypt(await load(damaged), parameters, { data }), 'ProtectionStorageUnavailable')
  })

  it('leaves the event loop free while the module takes two seconds', async () => {
    const { provider, key, token } = await withKey()
    await token.setFault('slow')
    const begun = performance.now()
    const signing = Promise.resolve(sign(provider, key))
    const lags: number[] = []
    let last = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      lags.push(now - last)
      last = now
    }, 1)
    await signing
    clearInterval(timer)
    expect(performance.now() - begun).toBeGreaterThan(1900)
    lags.sort((one, other) => one - other)
    expect(lags[Math.floor(lags.length * 0.99)]).toBeLessThan(10)
  })

  it('gives up a module that hangs, and starts it anew', async () => {
    const { provider, key, connection, token } = await withKey({ callMsMax: 3000 })
    const before = connection.pid
    await token.setFault('hang')
    const error = await expectReason(sign(provider, key), 'ProtectionStorageUnavailable')
    expect(error.message).toContain('did not answer')
    await token.setFault()
    await waitUntil(() => connection.state === 'up')
    expect(connection.pid).not.toBe(before)
    expect((await sign(provider, key)).length).toBeGreaterThan(60)
  })

  it('survives a module that crashes its process', async () => {
    const { provider, key, connection, token } = await withKey()
    await token.setFault('crash')
    await expectReason(sign(provider, key), 'ProtectionStorageUnavailable')
    await token.setFault()
    await waitUntil(() => connection.state === 'up')
    expect((await sign(provider, key)).length).toBeGreaterThan(60)
  })

  it.each(['lost', 'dies'] as const)('makes no call twice whose answer is lost: the token (%s)', async (fault) => {
    const { provider, key, token, connection } = await withKey()
    const kek = await provider.load(await provider.importKey(material(Buffer.alloc(32, 1))))
    const cipher = createCipheriv('id-aes256-wrap', Buffer.alloc(32, 1), Buffer.alloc(8, 0xa6))
    const bytes = Buffer.concat([cipher.update(Buffer.alloc(32, 2)), cipher.final()])
    const keyWrap = { blockCipherMode: BlockCipherMode.NISTKeyWrap }
    for (const [letter, make] of [
      ['g', () => provider.generateKey(aes)],
      ['p', () => provider.generateKeyPair({ algorithm: CryptographicAlgorithm.RSA, length: 2048 })],
      ['c', () => provider.importKey(material(Buffer.alloc(32, 3)))],
      ['u', () => provider.importWrapped!(kek, keyWrap, { bytes }, { ...aes, kind: 'symmetric' })],
      ['s', () => sign(provider, key)],
    ] as const) {
      const before = token.calls(letter)
      await token.setFault(fault)
      await expectReason(make(), 'ProtectionStorageUnavailable')
      await token.setFault()
      await waitUntil(() => connection.state === 'up')
      expect(token.calls(letter) - before, letter).toBe(1)
      await make()
      expect(token.calls(letter), letter).toBeGreaterThan(before + 1)
    }
  }, 60_000)

  it('waits for a session where the token has none left, and for so long only', async () => {
    const { provider, key, token } = await withKey({ waitMsMax: 1000 })
    const opened = token.calls('o')
    await token.setFault('full')
    const signing = Array.from({ length: 3 }, async () => sign(provider, key))
    await waitUntil(() => token.calls('o') > opened + 2)
    await token.setFault()
    for (const signature of await Promise.all(signing)) expect(signature.length).toBeGreaterThan(60)
    const other = await withKey({ waitMsMax: 300 })
    await other.token.setFault('full')
    const begun = performance.now()
    const error = await expectReason(sign(other.provider, other.key), 'ProtectionStorageUnavailable')
    expect(error.message).toContain('all its sessions are in use')
    expect(performance.now() - begun).toBeGreaterThan(250)
    expect(other.token.calls('o')).toBeLessThan(20)
  })

  it('is seen to be lost although nobody uses it', async () => {
    const { connection, token } = await opened()
    const home = join(token.directory, 'tokens')
    await rename(home, `${home}.away`)
    await waitUntil(() => connection.state !== 'up')
    await rename(`${home}.away`, home)
    await waitUntil(() => connection.state === 'up')
  })

  it('keeps no copy of a wrapped key that is not used any more, and unwraps it again for who uses it', async () => {
    const token = behindShim(await makeSoftToken())
    cleanUp.push(() => token.remove())
    const { provider, connection } = await openToken(token, 'encryptedDatabase', { copyMsMax: 500 })
    cleanUp.push(() => connection.close())
    const key = await provider.load(await provider.generateKey(aes))
    const [destroyed, unwrapped] = [token.calls('d'), token.calls('u')]
    for (let use = 0; use < 20; use += 1) {
      await provider.encrypt(key, gcm, { data: Buffer.alloc(32) })
      await pause(50)
    }
    expect([token.calls('d'), token.calls('u')]).toEqual([destroyed, unwrapped])
    await waitUntil(() => token.calls('d') > destroyed)
    await provider.encrypt(key, gcm, { data: Buffer.alloc(32) })
    expect([token.calls('d'), token.calls('u')]).toEqual([destroyed + 1, unwrapped + 1])
  })

  it('tries a wrong PIN once, whoever connects it at the same time', async () => {
    const token = behindShim(await makeSoftToken())
    cleanUp.push(() => token.remove())
    const refusedPin = new RefusedPin(refusedPinMemory())
    const pin = async (): Promise<Secret> => new Secret(Buffer.from('wrong'))
    const all = await Promise.all(Array.from({ length: 4 }, () => openToken(token, 'internal', { refusedPin, pin })))
    cleanUp.push(() => all.forEach(({ connection }) => connection.close()))
    expect(all.map(({ connection }) => connection.state)).toEqual(Array.from({ length: 4 }, () => 'refused'))
    expect(token.calls('l')).toBe(1)
  })

  it('bounds the calls that wait', async () => {
    const { provider, key, token } = await withKey({ sessionsMax: 1, waitMsMax: 100, callsMax: 3 })
    await token.setFault('slow')
    const results = await Promise.allSettled(Array.from({ length: 6 }, async () => sign(provider, key)))
    const refusals = results.flatMap((each) => (each.status === 'rejected' ? [each.reason as KmipError] : []))
    expect(refusals.length).toBe(5)
    expect(new Set(refusals.map(({ reason }) => reason))).toEqual(new Set(['ProtectionStorageUnavailable']))
  })
})

function material(bytes: Buffer): PlainKey {
  return { ...aes, kind: 'symmetric', bytes: new Secret(bytes) }
}

async function sign(provider: Provider, key: Key): Promise<Buffer> {
  return provider.sign(key, { hashingAlgorithm: HashingAlgorithm.SHA_256 }, { data: Buffer.from('data') })
}

async function expectReason(answer: unknown, reason: string): Promise<KmipError> {
  const error: unknown = await Promise.resolve(answer).then(() => undefined, (failure: unknown) => failure)
  expect(error).toBeInstanceOf(KmipError)
  expect((error as KmipError).reason).toBe(reason)
  return error as KmipError
}

async function waitUntil(holds: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!holds()) {
    if (performance.now() > end) throw new Error('it never came true')
    await pause(20)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

const aes = { algorithm: CryptographicAlgorithm.AES, length: 256 }
const p256 = { algorithm: CryptographicAlgorithm.EC, length: 256, curve: RecommendedCurve.P_256 }
const gcm = { blockCipherMode: BlockCipherMode.GCM }
