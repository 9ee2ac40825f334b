import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/kmip/secret.ts'
import { passphraseProtector } from '../../src/store/passphrase.ts'
import { createAes, material, openClient } from '../support/client.ts'
import { hsmSettings } from '../support/hsm.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { makeSoftToken, tokenMissing } from '../support/token.ts'

const missing = await tokenMissing()

describe('the root key of a running server', () => {
  const cleanUp: (() => unknown)[] = []
  afterEach(async () => {
    while (cleanUp.length > 0) await cleanUp.pop()!()
  })

  async function place(): Promise<{ configuration: string; set(settings: object): Promise<void> }> {
    const directory = await mkdtemp(join(tmpdir(), 'keyward-root-'))
    cleanUp.push(() => rm(directory, { recursive: true, force: true }))
    const configuration = join(directory, 'keyward.json')
    await writeFile(join(directory, 'passphrase'), 'correct horse battery staple\n')
    await chmod(join(directory, 'passphrase'), 0o600)
    const set = (settings: object): Promise<void> => writeFile(configuration, JSON.stringify({
      rootKeyPassphraseFile: 'passphrase', ...settings,
    }))
    await set({})
    return { configuration, set }
  }

  it.skipIf(missing !== undefined)('comes under a passphrase, a token, and a plain file again', async () => {
    const token = await makeSoftToken()
    cleanUp.push(() => token.remove())
    const pinFile = join(token.directory, 'pin')
    await writeFile(pinFile, token.pin)
    await chmod(pinFile, 0o600)
    const environment = { SOFTHSM2_CONF: token.environment['SOFTHSM2_CONF'] }
    const hsms = { vault: { module: token.module, token: token.label, pinFile, environment } }
    const { configuration, set } = await place()
    await set({ hsms })
    let server = await startServer({ KEYWARD_CONFIG: configuration })
    const key = await made(server)
    for (const protection of ['passphrase', 'hsm:vault', 'file']) {
      await set({ hsms, rootKeyProtection: protection })
      await changed(server, protection)
      expect(await read(server, key.id)).toBe(key.value)
      await server.kill()
      server = await startServer({ KEYWARD_CONFIG: configuration }, server.directory)
      expect(await read(server, key.id)).toBe(key.value)
    }
    await server.stop()
  })

  it('is not opened by another passphrase', async () => {
    const { configuration, set } = await place()
    await set({ rootKeyProtection: 'passphrase' })
    const server = await startServer({ KEYWARD_CONFIG: configuration })
    await server.kill()
    cleanUp.push(() => rm(server.directory, { recursive: true, force: true }))
    const again = startServer(
      { KEYWARD_CONFIG: configuration, KEYWARD_ROOT_KEY_PASSPHRASE: 'another' }, server.directory,
    )
    await expect(again).rejects.toThrow('it is the wrong passphrase')
  })

  it('is opened by a shorter passphrase than a new one may have, as it was sealed before', async () => {
    const protector = passphraseProtector(() => Promise.resolve(new Secret(Buffer.from('short'))))
    const sealed = '131072 cE0JKJYB9atmqYAA1jdX5Q== zKaG3JK035zZOATn ' +
      'WjGi3CZP2hzVDyCc89QBMeWKx6gyXk4wfy9BgRXVGLz2S9G/D9eDvkPVtDxSB9HV'
    expect(await protector.open(sealed)).toEqual(Buffer.alloc(32, 7))
    await expect(protector.seal(Buffer.alloc(32, 7))).rejects.toThrow('at least 15 characters')
  })

  it.skipIf(missing !== undefined)('is whole after a kill at any moment of a change of its protection', async () => {
    const token = await makeSoftToken()
    cleanUp.push(() => token.remove())
    const hsms = { vault: await hsmSettings(token) }
    const { configuration, set } = await place()
    await set({ hsms })
    let server = await startServer({ KEYWARD_CONFIG: configuration })
    const key = await made(server)
    const seen = new Set<string>()
    for (let round = 0; round < 12; round += 1) {
      const protection = ['passphrase', 'hsm:vault', 'file'][round % 3]!
      await set({ hsms, rootKeyProtection: protection })
      process.kill(server.pid, 'SIGUSR2')
      // So that some rounds end before the change has begun, some after it, and most in it.
      await new Promise((resolve) => setTimeout(resolve, round * (protection === 'file' ? 3 : 60)))
      await server.kill()
      server = await startServer({ KEYWARD_CONFIG: configuration }, server.directory)
      expect(await read(server, key.id)).toBe(key.value)
      const left = (await readdir(join(server.directory, 'data'))).filter((name) => name.startsWith('root.key'))
      expect(left).toEqual(['root.key'])
      seen.add(await protectionIn(server))
    }
    expect(seen.size).toBeGreaterThan(1)
    await server.stop()
  }, 180_000)

  it('is changed by one change after the other', async () => {
    const { configuration } = await place()
    let server = await startServer({ KEYWARD_CONFIG: configuration })
    const key = await made(server)
    for (let signals = 0; signals < 20; signals += 1) {
      process.kill(server.pid, 'SIGUSR2')
      await new Promise((resolve) => setTimeout(resolve, signals % 4))
    }
    await expect.poll(() => server.log().match(/the root key has been changed/g)?.length ?? 0, { timeout: 10_000 })
      .toBeGreaterThan(2)
    expect(server.log()).not.toContain('has not been changed')
    await server.kill()
    server = await startServer({ KEYWARD_CONFIG: configuration }, server.directory)
    expect(await read(server, key.id)).toBe(key.value)
    await server.stop()
  }, 60_000)

  it('is whole after a kill at any moment of its change', async () => {
    const { configuration } = await place()
    let server = await startServer({ KEYWARD_CONFIG: configuration })
    const key = await made(server)
    const seen = new Set<string>()
    for (let round = 0; round < 12; round += 1) {
      process.kill(server.pid, 'SIGUSR2')
      await new Promise((resolve) => setTimeout(resolve, round * 2))
      await server.kill()
      server = await startServer({ KEYWARD_CONFIG: configuration }, server.directory)
      expect(await read(server, key.id)).toBe(key.value)
      const path = join(server.directory, 'data/root.key')
      expect(existsSync(`${path}.next`)).toBe(false)
      seen.add(/^id: (.*)$/m.exec(await readFile(path, 'utf8'))![1]!)
    }
    expect(seen.size).toBeGreaterThan(1)
    await server.stop()
  }, 120_000)
})

/** The protection that the root key's file has. */
async function protectionIn(server: RunningServer): Promise<string> {
  const file = await readFile(join(server.directory, 'data/root.key'), 'utf8')
  return /^protection: (.*)$/m.exec(file)?.[1] ?? 'file'
}

async function made(server: RunningServer): Promise<{ id: string; value: string }> {
  const client = await openClient(server)
  const id = await createAes(client)
  const value = await material(client, id)
  client.close()
  return { id, value }
}

async function read(server: RunningServer, id: string): Promise<string> {
  const client = await openClient(server)
  const value = await material(client, id)
  client.close()
  return value
}

async function changed(server: RunningServer, protection: string): Promise<void> {
  process.kill(server.pid, 'SIGUSR2')
  const end = performance.now() + 20_000
  while (!server.log().includes(`"protection":"${protection}"`)) {
    if (performance.now() > end) throw new Error(server.log())
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const file = await readFile(join(server.directory, 'data/root.key'), 'utf8')
  expect(/^protection: (.*)$/m.exec(file)?.[1]).toBe(protection === 'file' ? undefined : protection)
}
