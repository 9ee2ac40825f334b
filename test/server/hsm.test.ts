import { createPublicKey, verify } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { chmod, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import {
  createKeyPair, decrypt, destroy, encrypt, get, getAttributes, query, reKey, revoke, sign,
} from '../../src/client/operations.ts'
import { KmipError } from '../../src/kmip/error.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, HashingAlgorithm, KeyFormatType, ObjectType,
  PaddingMethod, ProtectionStorageMask, QueryFunction, RecommendedCurve, RevocationReasonCode,
} from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { protectionIn } from '../../src/kmip/protection-information.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import { openClient, shapes } from '../support/client.ts'
import { run } from '../cli/script.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { makeSoftToken, tokenMissing } from '../support/token.ts'
import type { TestToken } from '../support/token.ts'

const missing = await tokenMissing()

describe.skipIf(missing !== undefined)('keys in a token, through the port', () => {
  let token: TestToken
  let other: TestToken
  let server: RunningServer
  let client: Client

  const start = async (directory?: string): Promise<void> => {
    server = await startServer({ KEYWARD_CONFIG: join(token.directory, 'keyward.json') }, directory)
    client = await openClient(server, 'alice', 201)
  }

  beforeAll(async () => {
    token = await makeSoftToken('first')
    other = await makeSoftToken('second')
    const hsms = {
      vault: await settingsOf(token, 'internal'), archive: await settingsOf(other, 'encryptedDatabase'),
    }
    await writeFile(join(token.directory, 'keyward.json'), JSON.stringify({ hsms }))
    await start()
  })
  afterAll(async () => {
    client?.close()
    await server?.stop()
    await token?.remove()
    await other?.remove()
  })

  it('makes, uses, replaces and destroys a symmetric key', async () => {
    const before = objectsIn(token)
    const uniqueIdentifier = await createIn(client)
    expect(objectsIn(token)).toBe(before + 1)
    expect(await attributes(client, uniqueIdentifier)).toMatchObject({
      sensitive: true, extractable: false, neverExtractable: true,
      protectionStorageMask: ProtectionStorageMask.Hardware,
    })
    await expectReason(client.request(get, { uniqueIdentifier }), 'NotExtractable')
    await roundTrip(client, uniqueIdentifier)
    const inSoftware = { protectionStorageMask: [ProtectionStorageMask.Software] }
    const elsewhere = client.request(reKey, { uniqueIdentifier, protectionStorageMasks: inSoftware })
    await expectReason(elsewhere, 'ProtectionStorageUnavailable')
    const replaced = await client.request(reKey, {
      uniqueIdentifier, protectionStorageMasks: { protectionStorageMask: [ProtectionStorageMask.Hardware] },
    })
    expect(objectsIn(token)).toBe(before + 2)
    await roundTrip(client, replaced.uniqueIdentifier)
    for (const id of [uniqueIdentifier, replaced.uniqueIdentifier]) await revokeAndDestroy(client, id)
    expect(objectsIn(token)).toBe(before)
  })

  it('makes a key pair that signs, and gives out the public part only', async () => {
    const mask = { protectionStorageMask: [ProtectionStorageMask.Hardware] }
    const { privateKeyUniqueIdentifier, publicKeyUniqueIdentifier } = await client.request(createKeyPair, {
      commonAttributes: {
        cryptographicAlgorithm: CryptographicAlgorithm.EC, cryptographicLength: 256, activationDate: 1,
        cryptographicDomainParameters: { recommendedCurve: RecommendedCurve.P_256 },
      },
      privateKeyAttributes: { cryptographicUsageMask: CryptographicUsageMask.Sign },
      publicKeyAttributes: { cryptographicUsageMask: CryptographicUsageMask.Verify },
      privateProtectionStorageMasks: mask,
    })
    const data = Buffer.from('what is signed')
    const { signatureData } = await client.request(sign, {
      uniqueIdentifier: privateKeyUniqueIdentifier, data,
      cryptographicParameters: { hashingAlgorithm: HashingAlgorithm.SHA_256 },
    })
    await expectReason(client.request(get, { uniqueIdentifier: privateKeyUniqueIdentifier }), 'NotExtractable')
    const { object } = await client.request(get, {
      uniqueIdentifier: publicKeyUniqueIdentifier, keyFormatType: KeyFormatType.X_509,
    })
    const keyValue = 'keyBlock' in object.value ? object.value.keyBlock.keyValue : undefined
    if (keyValue === undefined || 'wrapped' in keyValue || !(keyValue.keyMaterial instanceof Secret)) {
      throw new Error('there is no key in the clear')
    }
    const key = createPublicKey({ key: keyValue.keyMaterial.reveal(), format: 'der', type: 'spki' })
    expect(verify('sha256', data, key, signatureData!)).toBe(true)
  })

  it('keeps a CMK at the protection level HSM, in the instance that it names', async () => {
    const before = [objectsIn(token), objectsIn(other)]
    const inDatabase = await createCmk(client, { 'cmk-protection-level': 'HSM', 'cmk-instance': 'archive' })
    const internal = await createCmk(client, { 'cmk-protection-level': 'HSM' })
    expect([objectsIn(token), objectsIn(other)]).toEqual([before[0]! + 1, before[1]])
    for (const id of [inDatabase, internal]) await roundTrip(client, id)
    const told = (await attributes(client, inDatabase)).vendorAttribute
      ?.filter(({ attributeName }) => attributeName === 'cmk-instance' || attributeName === 'cmk-protection-level')
      .map(({ attributeValue }) => attributeValue.value)
    expect(told).toEqual(['HSM', 'archive'])
    const unknown = createCmk(client, { 'cmk-protection-level': 'HSM', 'cmk-instance': 'nowhere' })
    await expectReason(unknown, 'ProtectionStorageUnavailable')
    const sm4 = createCmk(client, { 'cmk-protection-level': 'HSM', 'cmk-key-spec': 'Aliyun_SM4' })
    await expectReason(sm4, 'FeatureNotSupported')
  })

  it.each(['vault', 'archive'])('does modes with a tag and those without, with one CMK in %s', async (instance) => {
    const id = await createCmk(client, { 'cmk-protection-level': 'HSM', 'cmk-instance': instance })
    await roundTrip(client, id)
    for (const cryptographicParameters of [cbc, ecb, ctr]) {
      const how = { uniqueIdentifier: id, cryptographicParameters }
      const { data, ivCounterNonce } = await client.request(encrypt, { ...how, data: plaintext })
      expect((await client.request(decrypt, { ...how, data, ivCounterNonce })).data).toEqual(plaintext)
    }
  })

  it('rotates a CMK of an encrypted database, and none that the token keeps itself', async () => {
    const inDatabase = await createCmk(client, {
      'cmk-protection-level': 'HSM', 'cmk-key-storage-mechanism': 'HsmEncryptedDatabase',
    })
    const sealed = await seal(client, inDatabase)
    const { uniqueIdentifier: second } = await client.request(reKey, { uniqueIdentifier: `key/${inDatabase}` })
    expect(second).not.toBe(inDatabase)
    await opened(client, inDatabase, sealed)
    await opened(client, `key/${inDatabase}`, sealed)
    await roundTrip(client, `key/${inDatabase}`)
    await expectReason(client.request(get, { uniqueIdentifier: second }), 'NotExtractable')
    const internal = await createCmk(client, { 'cmk-protection-level': 'HSM', 'cmk-instance': 'vault' })
    await expectReason(client.request(reKey, { uniqueIdentifier: internal }), 'IllegalOperation')
  })

  it('tells in Query and by the command where each spec may live, and whether that is there', async () => {
    const internal = await createCmk(client, { 'cmk-protection-level': 'HSM' })
    const environment = {
      KEYWARD_PORT: String(server.port), KEYWARD_CERTS_DIR: join(server.directory, 'certs'),
    }
    const told = async (...words: string[]) => JSON.parse((await run([...words, '--json'], { environment })).stdout) as object
    expect(await told('key', 'describe', internal)).toMatchObject({
      protectionLevel: 'HSM', instance: 'vault', keyStorageMechanism: 'HsmInternal',
      keySpecMayLiveIn: ['software', 'vault', 'archive'],
    })
    const softTokenSpecs = [
      'Aliyun_AES_256', 'Aliyun_AES_192', 'Aliyun_AES_128', 'RSA_2048', 'RSA_3072', 'RSA_4096', 'EC_P256', 'EC_P256K',
      'EC_P384',
    ]
    expect(await told('query')).toMatchObject({
      protection: [
        { name: 'software', state: 'up', keySpec: expect.arrayContaining(['Aliyun_SM4', 'EC_SM2']) },
        { name: 'vault', protectionLevel: 'HSM', keyStorageMechanism: 'HsmInternal', state: 'up', keySpec: softTokenSpecs },
        { name: 'archive', keyStorageMechanism: 'HsmEncryptedDatabase', state: 'up', keySpec: softTokenSpecs },
      ],
    })
  })

  it('destroys in the token what was destroyed while it was away, even after a restart', async () => {
    const uniqueIdentifier = await createIn(client)
    await roundTrip(client, uniqueIdentifier)
    const before = objectsIn(token)
    const home = join(token.directory, 'tokens')
    await rename(home, `${home}.away`)
    await until(() => expectReason(seal(client, uniqueIdentifier), 'ProtectionStorageUnavailable'))
    await revokeAndDestroy(client, uniqueIdentifier)
    await until(async () => expect(server.log()).toContain('it will be tried again'))
    // The first rounds find no token; that must not look like a key that is gone.
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    client.close()
    await server.kill()
    await rename(`${home}.away`, home)
    expect(objectsIn(token)).toBe(before)
    await start(server.directory)
    await until(async () => expect(objectsIn(token)).toBe(before - 1))
  }, 60_000)

  it('finds its keys after a restart, and after the token was away', async () => {
    const uniqueIdentifier = await createIn(client)
    const sealed = await seal(client, uniqueIdentifier)
    client.close()
    await server.kill()
    await start(server.directory)
    await opened(client, uniqueIdentifier, sealed)

    const software = await createCmk(client, {})
    const home = join(token.directory, 'tokens')
    await rename(home, `${home}.away`)
    await until(async () => {
      await expectReason(opened(client, uniqueIdentifier, sealed), 'ProtectionStorageUnavailable')
    })
    await roundTrip(client, software)
    await until(async () => expect(await stateTold(client)).toBe('down'))
    await rename(`${home}.away`, home)
    await until(() => opened(client, uniqueIdentifier, sealed))
    await until(async () => expect(await stateTold(client)).toBe('up'))
  }, 60_000)
})

/** Of the first token, in Query. */
async function stateTold(client: Client): Promise<string | undefined> {
  const { serverInformation } = await client.request(query, { queryFunction: [QueryFunction.QueryServerInformation] })
  return protectionIn(serverInformation?.vendorSpecific ?? []).find(({ name }) => name === 'vault')?.state
}

async function settingsOf(token: TestToken, storage: string): Promise<object> {
  const pinFile = join(token.directory, 'pin')
  await writeFile(pinFile, `${token.pin}\n`)
  await chmod(pinFile, 0o600)
  const environment = { SOFTHSM2_CONF: token.environment['SOFTHSM2_CONF'] }
  return { module: token.module, token: token.label, pinFile, storage, environment }
}

/** SoftHSM keeps each object of the token in a file. */
function objectsIn({ directory }: TestToken): number {
  return readdirSync(join(directory, 'tokens'), { recursive: true })
    .filter((name) => String(name).endsWith('.object') && !String(name).endsWith('token.object')).length
}

async function createIn(client: Client): Promise<string> {
  const { Encrypt, Decrypt } = CryptographicUsageMask
  const { uniqueIdentifier } = await client.request(shapes.create, {
    objectType: ObjectType.SymmetricKey,
    attributes: {
      cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength: 256,
      cryptographicUsageMask: Encrypt + Decrypt, activationDate: 1,
    },
    protectionStorageMasks: { protectionStorageMask: [ProtectionStorageMask.Hardware] },
  })
  return uniqueIdentifier
}

async function createCmk(client: Client, given: Readonly<Record<string, string>>): Promise<string> {
  const { uniqueIdentifier } = await client.request(shapes.create, {
    objectType: ObjectType.SymmetricKey,
    attributes: {
      vendorAttribute: Object.entries({ 'cmk-usage': 'ENCRYPT/DECRYPT', ...given }).map(([attributeName, value]) => ({
        vendorIdentification: 'Keyward', attributeName,
        attributeValue: { tag: Tag.AttributeValue, type: ItemType.TextString, value },
      })),
    },
  })
  return uniqueIdentifier
}

interface Sealed { readonly data: Buffer; readonly iv: Buffer | undefined; readonly tag: Buffer | undefined }

async function seal(client: Client, uniqueIdentifier: string): Promise<Sealed> {
  const { data, ivCounterNonce, authenticatedEncryptionTag } = await client.request(encrypt, {
    uniqueIdentifier, cryptographicParameters: gcm, data: plaintext,
  })
  return { data: data!, iv: ivCounterNonce, tag: authenticatedEncryptionTag }
}

async function opened(client: Client, uniqueIdentifier: string, { data, iv, tag }: Sealed): Promise<void> {
  const answer = await client.request(decrypt, {
    uniqueIdentifier, cryptographicParameters: gcm, data, ivCounterNonce: iv, authenticatedEncryptionTag: tag,
  })
  expect(answer.data?.toString()).toBe(plaintext.toString())
}

async function roundTrip(client: Client, uniqueIdentifier: string): Promise<void> {
  await opened(client, uniqueIdentifier, await seal(client, uniqueIdentifier))
}

async function attributes(client: Client, uniqueIdentifier: string) {
  return (await client.request(getAttributes, { uniqueIdentifier, attributeReference: [] })).attributes ?? {}
}

async function revokeAndDestroy(client: Client, uniqueIdentifier: string): Promise<void> {
  await client.request(revoke, {
    uniqueIdentifier, revocationReason: { revocationReasonCode: RevocationReasonCode.CessationOfOperation },
  })
  await client.request(destroy, { uniqueIdentifier })
}

async function expectReason(answer: Promise<unknown>, reason: string): Promise<void> {
  const error: unknown = await answer.then(() => undefined, (failure: unknown) => failure)
  expect(error).toBeInstanceOf(KmipError)
  expect((error as KmipError).reason).toBe(reason)
}

async function until(check: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    try {
      await check()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  await check()
}

const gcm = { blockCipherMode: BlockCipherMode.GCM }
const cbc = { blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.PKCS5 }
const ctr = { blockCipherMode: BlockCipherMode.CTR }
const ecb = { blockCipherMode: BlockCipherMode.ECB, paddingMethod: PaddingMethod.PKCS5 }
const plaintext = Buffer.from('what is hidden')
