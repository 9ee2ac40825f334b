import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import {
  activate, decrypt, encrypt, get, getAttributes, query, reKey, revoke, setAttribute,
} from '../../src/client/operations.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, ObjectType, PaddingMethod, QueryFunction,
  RevocationReasonCode,
} from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { KmipError } from '../../src/kmip/error.ts'
import { protectionIn } from '../../src/kmip/protection-information.ts'
import type { ProtectionInformation } from '../../src/kmip/protection-information.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import { openClient, shapes } from '../support/client.ts'
import { run } from '../cli/script.ts'
import { ensurePackages } from '../support/debian.ts'
import { startPykmip } from '../support/pykmip-server.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'

type Manager = Pick<RunningServer, 'host' | 'port' | 'certificates' | 'stop'>

externalSuite('Keyward', 104, () => startServer())
externalSuite('PyKMIP', 102, startPykmip, await ensurePackages(['python3-pykmip']))

function externalSuite(name: string, version: number, start: () => Promise<Manager>, missing?: string): void {
  describe.skipIf(missing !== undefined)(`a CMK whose key is at ${name}`, () => {
    let manager: Manager
    let there: Client
    let server: RunningServer
    let client: Client
    let home: string

    beforeAll(async () => {
      manager = await start()
      there = await openClient(manager as RunningServer, 'alice', version)
      ;({ server, client, home } = await startBeside(manager, version))
    })
    afterAll(async () => {
      for (const each of [client, there]) each?.close()
      for (const each of [server, manager]) await each?.stop()
      await rm(home, { recursive: true, force: true })
    })
    it('encrypts and decrypts there, and has metadata and the location here', async () => {
      const location = await keyThere(there)
      const uniqueIdentifier = await adopted(client, location)
      await roundTrip(client, there, uniqueIdentifier, location)
      const { attributes = {} } = await client.request(getAttributes, { uniqueIdentifier, attributeReference: [] })
      expect(attributes).toMatchObject({
        keyValuePresent: false, sensitive: true, extractable: false,
        keyValueLocation: [{ keyValueLocationValue: `ekm/${location}` }],
      })
      expect(attributes.vendorAttribute).toContainEqual(vendor('cmk-external-key', location))
      const shown = { protectionLevel: 'EXTERNAL', externalKey: location, keySpecMayLiveIn: ['software', 'ekm'] }
      expect(await described(server, uniqueIdentifier)).toMatchObject(shown)
      await expectReason(client.request(get, { uniqueIdentifier }), ['KeyValueNotPresent', 'NotExtractable'])
      await expectReason(client.request(reKey, { uniqueIdentifier }), ['IllegalOperation', 'KeyValueNotPresent'])
    })

    it('refuses what is not there, or is another key', async () => {
      await expectReason(adopted(client, 'no-such-key'), ['ProtectionStorageUnavailable'])
      const short = await keyThere(there, 128)
      await expectReason(adopted(client, short), ['InvalidAttributeValue'])
    })

    it('is usable only if both sides say so', async () => {
      const [one, other] = [await keyThere(there), await keyThere(there)]
      const [ours, theirs] = [await adopted(client, one), await adopted(client, other)]
      await setEnabled(client, ours, false)
      await expectReason(seal(client, ours), ['WrongKeyLifecycleState'])
      await setEnabled(client, ours, true)
      await seal(client, ours)
      await there.request(revoke, {
        uniqueIdentifier: other, revocationReason: { revocationReasonCode: RevocationReasonCode.CessationOfOperation },
      })
      await expectReason(seal(client, theirs), ['ProtectionStorageUnavailable'])
    })

    it('fails at once while the key manager is away', async () => {
      const uniqueIdentifier = await adopted(client, await keyThere(there))
      expect(await placeTold(client)).toEqual(placeOf('up'))
      there.close()
      await manager.stop()
      for (let attempt = 0; attempt < 6; attempt += 1) {
        await expectReason(seal(client, uniqueIdentifier), ['ProtectionStorageUnavailable'])
      }
      const begun = performance.now()
      await expectReason(seal(client, uniqueIdentifier), ['ProtectionStorageUnavailable'])
      expect(performance.now() - begun).toBeLessThan(200)
      await expect.poll(() => server.log()).toContain('is not asked for a while')
      expect(await placeTold(client)).toEqual(placeOf('down'))
    })
  })
}

/** A server whose key manager the other one is. */
async function startBeside(
  manager: Manager, version: number,
): Promise<{ home: string; server: RunningServer; client: Client }> {
  const home = await mkdtemp(join(tmpdir(), 'keyward-external-'))
  await writeFile(join(home, 'keyward.json'), JSON.stringify({ externals: { ekm: settingsOf(manager, version) } }))
  const server = await startServer({ KEYWARD_CONFIG: join(home, 'keyward.json') })
  return { home, server, client: await openClient(server, 'alice', 201) }
}

/** As the command shows it. */
async function described(server: RunningServer, id: string): Promise<object> {
  const environment = { KEYWARD_PORT: String(server.port), KEYWARD_CERTS_DIR: join(server.directory, 'certs') }
  return JSON.parse((await run(['key', 'describe', id, '--json'], { environment })).stdout) as object
}

function placeOf(state: string): ProtectionInformation {
  return { name: 'ekm', protectionLevel: 'EXTERNAL', state, keySpec: ['Aliyun_AES_256'] }
}

/** What Query tells of the key manager. */
async function placeTold(client: Client): Promise<ProtectionInformation | undefined> {
  const { serverInformation } = await client.request(query, { queryFunction: [QueryFunction.QueryServerInformation] })
  return protectionIn(serverInformation?.vendorSpecific ?? []).find(({ name }) => name === 'ekm')
}

function settingsOf({ host, port, certificates: { ca, alice } }: Manager, version: number): object {
  return {
    host, port, certificate: alice.cert, key: alice.key, authority: ca, version: version === 104 ? '1.4' : '1.2',
    deadlineMs: 1000,
  }
}

async function keyThere(there: Client, cryptographicLength = 256): Promise<string> {
  const { Encrypt, Decrypt } = CryptographicUsageMask
  const { uniqueIdentifier } = await there.request(shapes.create, {
    objectType: ObjectType.SymmetricKey,
    attributes: {
      cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength,
      cryptographicUsageMask: Encrypt + Decrypt,
    },
  })
  await there.request(activate, { uniqueIdentifier })
  return uniqueIdentifier
}

async function adopted(client: Client, location: string): Promise<string> {
  const given = {
    'cmk-protection-level': 'EXTERNAL', 'cmk-instance': 'ekm', 'cmk-external-key': location,
    'cmk-key-spec': 'Aliyun_AES_256',
  }
  const { uniqueIdentifier } = await client.request(shapes.create, {
    objectType: ObjectType.SymmetricKey,
    attributes: { vendorAttribute: Object.entries(given).map(([name, value]) => vendor(name, value)) },
  })
  return uniqueIdentifier
}

function vendor(attributeName: string, value: string) {
  return {
    vendorIdentification: 'Keyward', attributeName,
    attributeValue: { tag: Tag.AttributeValue, type: ItemType.TextString, value },
  }
}

function setEnabled(client: Client, uniqueIdentifier: string, isEnabled: boolean): Promise<unknown> {
  return client.request(setAttribute, {
    uniqueIdentifier, newAttribute: { name: 'vendorAttribute', value: vendor('cmk-enabled', String(isEnabled)) },
  })
}

async function seal(client: Client, uniqueIdentifier: string): Promise<Buffer> {
  const { data } = await client.request(encrypt, {
    uniqueIdentifier, cryptographicParameters: cbc, data: plaintext, ivCounterNonce: iv,
  })
  return data!
}

/** What one side encrypts, the other decrypts. */
async function roundTrip(client: Client, there: Client, ours: string, theirs: string): Promise<void> {
  const sealed = await seal(client, ours)
  for (const [side, uniqueIdentifier] of [[client, ours], [there, theirs]] as const) {
    const answer = await side.request(decrypt, {
      uniqueIdentifier, cryptographicParameters: { ...cbc, cryptographicAlgorithm: CryptographicAlgorithm.AES },
      data: sealed, ivCounterNonce: iv,
    })
    expect(answer.data?.toString()).toBe(plaintext.toString())
  }
}

async function expectReason(answer: Promise<unknown>, reasons: readonly string[]): Promise<void> {
  const error: unknown = await answer.then(() => undefined, (failure: unknown) => failure)
  expect(error).toBeInstanceOf(KmipError)
  expect(reasons).toContain((error as KmipError).reason)
}

const cbc = { blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.PKCS5 }
const iv = Buffer.alloc(16, 7)
const plaintext = Buffer.from('what is hidden')
