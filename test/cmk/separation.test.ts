import { createCipheriv } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import type { CryptographicParameters } from '../../src/kmip/attribute-value.ts'
import { BlockCipherMode, CryptographicAlgorithm, PaddingMethod } from '../../src/kmip/generated/enums.ts'
import type { ManagedObjectValue } from '../../src/kmip/object.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { Lab, outcome } from '../support/cmk.ts'
import type { LabClient } from '../support/cmk.ts'
import { importInto, importParameters, wrapped } from '../support/import.ts'

/**
 * Whoever may use a CMK's other modes must not read or forge what GCM protects: the tag and the encryption context
 * would be worth nothing. Each attack is run on a plain KMIP key too, where it works: that is the negative control.
 */

const { CBC, CTR, ECB, GCM } = BlockCipherMode
const secret = Buffer.from('the plaintext that a context and a tag are to protect')
const additionalData = Buffer.from('the context')
/** Key and plaintext of the standard's example. */
const sm4Key = Buffer.from('0123456789abcdeffedcba9876543210', 'hex')

/** What was encrypted by GCM, as somebody sees it who does not know the context. */
interface Seen {
  readonly data: Buffer
  readonly iv: Buffer
}

/** Each gives what it takes for the plaintext. */
const attacks: Readonly<Record<string, (client: LabClient, id: string, seen: Seen) => Promise<Buffer>>> = {
  'CTR from the counter of GCM\'s first block': async (client, id, { data, iv }) =>
    (await client.decrypt(id, { data, ivCounterNonce: counterBlock(iv, 2) }, mode(CTR))).data!,
  'CTR encryption, which is the same as decryption': async (client, id, { data, iv }) =>
    (await client.encrypt(id, data, { ...mode(CTR), ivCounterNonce: counterBlock(iv, 2) })).data!,
  'the key stream by ECB of the counter blocks': async (client, id, { data, iv }) => {
    const blocks = Buffer.concat(Array.from({ length: Math.ceil(data.length / 16) }, (_, i) => counterBlock(iv, i + 2)))
    return xor(data, (await client.encrypt(id, blocks, mode(ECB))).data!)
  },
  'the key stream by CBC, block by block': async (client, id, { data, iv }) => {
    const blocks: Buffer[] = []
    for (let index = 0; index * 16 < data.length; index += 1) {
      const ivCounterNonce = Buffer.alloc(16)
      blocks.push((await client.encrypt(id, counterBlock(iv, index + 2), { ...mode(CBC), ivCounterNonce })).data!)
    }
    return xor(data, Buffer.concat(blocks))
  },
  'GCM encryption with the same IV': async (client, id, { data, iv }) => {
    const again = await client.encrypt(id, Buffer.alloc(data.length), { ...mode(GCM), ivCounterNonce: iv })
    return xor(data, again.data!)
  },
}

describe.each(Object.entries(attacks))('%s', (_name, attack) => {
  test('reads what a plain key encrypted by GCM', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.createPlain({ activationDate: 1 })
    expect(await attack(alice, id, await sealedBy(alice, id))).toEqual(secret)
  })

  test.each(['Aliyun_AES_256', 'Aliyun_AES_192', 'Aliyun_AES_128', 'Aliyun_SM4'])(
    'reads nothing that a CMK of %s encrypted by GCM', async (spec) => {
      const alice = new Lab().as('alice')
      const id = await alice.create({ 'cmk-key-spec': spec })
      expect(await found(attack, alice, id, await sealedBy(alice, id))).not.toEqual(secret)
    },
  )

  test('reads no blob either, and no data key', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-class': 'customer' })
    const { blob, plaintext } = await new CmkCipher(alice.client).generateDataKey(id, 32, { table: 'orders' })
    const seen = { iv: blob.subarray(36, 48), data: blob.subarray(48, -16) }
    expect(await found(attack, alice, id, seen)).not.toEqual(Buffer.from(plaintext.toString('base64')))
  })
})

test('a key that CTR wraps is not what GCM encrypted: a CMK registers no plaintext of its own as a key', async () => {
  const alice = new Lab().as('alice')
  const id = await alice.create({ 'cmk-class': 'customer' })
  const key = Buffer.alloc(32, 0x5a)
  const sealed = await alice.encrypt(id, key, mode(GCM))
  for (const blockCipherMode of [CTR, ECB, CBC]) {
    const made = alice.registerWrapped(sealed.data!, id, {
      cryptographicParameters: { blockCipherMode }, ivCounterNonce: counterBlock(sealed.ivCounterNonce!, 2),
    })
    const registered = await made.catch(() => undefined)
    if (registered !== undefined) expect(materialOf((await alice.get(registered)).object)).not.toEqual(key)
  }
})

describe.each([['CBC', PaddingMethod.PKCS5], ['ECB', PaddingMethod.PKCS5], ['CTR', undefined]] as const)(
  '%s of a CMK', (name, paddingMethod) => {
    test('goes on by itself, over a rotation and with the same key for all that it encrypts', async () => {
      const alice = new Lab().as('alice')
      const id = await alice.create({ 'cmk-class': 'customer' })
      const extra = { cryptographicParameters: { blockCipherMode: BlockCipherMode[name], paddingMethod } }
      const sealed = await alice.encrypt(id, secret, extra)
      await alice.set(id, 'cmk-rotate', true)
      expect((await alice.decrypt(id, sealed, extra)).data).toEqual(secret)
      const fresh = await alice.encrypt(`key/${id}`, secret, extra)
      expect(fresh.data).not.toEqual(sealed.data)
    })
  },
)

test('a client may give the IV of GCM, and decrypts by it, over a rotation and through the address too', async () => {
  const alice = new Lab().as('alice')
  const id = await alice.create({ 'cmk-class': 'customer' })
  const ivCounterNonce = Buffer.alloc(12, 1)
  const sealed = await alice.encrypt(id, secret, {
    ...mode(GCM), ivCounterNonce, authenticatedEncryptionAdditionalData: additionalData,
  })
  await alice.set(id, 'cmk-rotate', true)
  for (const address of [id, `key/${id}`]) {
    const given = { ...sealed, ivCounterNonce }
    const { data } = await alice.decrypt(address, given, { authenticatedEncryptionAdditionalData: additionalData })
    expect(data).toEqual(secret)
    expect(await outcome(alice.decrypt(address, given))).toBe('CryptographicFailure')
  }
})

describe.each([
  // GB/T 32907 A.1; the counter block of the other is the one that GCM begins its data with.
  ['ECB', undefined, '681edf34d206965e86b3e94f536e4246'],
  ['CTR', counterBlock(Buffer.alloc(12), 2), undefined],
] as const)('%s of material that was brought', (name, ivCounterNonce, known) => {
  test('is what anybody makes with it elsewhere', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-key-spec': 'Aliyun_SM4', 'cmk-origin': 'EXTERNAL' })
    const parameters = await importParameters(alice, id, 'RSA_2048/RSAES_OAEP_SHA_256')
    await importInto(alice.client, id, parameters, wrapped(parameters, sm4Key), { algorithm: CryptographicAlgorithm.SM4 })
    const { data } = await alice.encrypt(id, sm4Key, { ...mode(BlockCipherMode[name]), ivCounterNonce })
    const elsewhere = createCipheriv(`sm4-${name.toLowerCase()}`, sm4Key, ivCounterNonce ?? null).update(sm4Key)
    expect(data).toEqual(known === undefined ? elsewhere : Buffer.from(known, 'hex'))
  })
})

async function sealedBy(client: LabClient, id: string): Promise<Seen> {
  const { data, ivCounterNonce } = await client.encrypt(id, secret, {
    ...mode(GCM), authenticatedEncryptionAdditionalData: additionalData,
  })
  return { data: data!, iv: ivCounterNonce! }
}

/** What an attack finds; a refusal is nothing. */
async function found(
  attack: (client: LabClient, id: string, seen: Seen) => Promise<Buffer>, client: LabClient, id: string, seen: Seen,
): Promise<Buffer | undefined> {
  try {
    return await attack(client, id, seen)
  } catch {
    return undefined
  }
}

function mode(blockCipherMode: number): { cryptographicParameters: CryptographicParameters } {
  const padding = blockCipherMode === ECB || blockCipherMode === CBC ? { paddingMethod: PaddingMethod.None } : {}
  return { cryptographicParameters: { blockCipherMode, ...padding } }
}

/** The block that GCM encrypts for an IV of 12 bytes (SP 800-38D 7.1): counter 1 is for the tag. */
function counterBlock(iv: Buffer, counter: number): Buffer {
  const block = Buffer.concat([iv, Buffer.alloc(4)])
  block.writeUInt32BE(counter, 12)
  return block
}

function materialOf({ value }: ManagedObjectValue): Buffer | undefined {
  const keyValue = 'keyBlock' in value ? value.keyBlock.keyValue : undefined
  const material = keyValue !== undefined && 'keyMaterial' in keyValue ? keyValue.keyMaterial : undefined
  return material instanceof Secret ? material.reveal() : undefined
}

function xor(data: Buffer, stream: Buffer): Buffer {
  return Buffer.from(data.map((byte, index) => byte ^ stream[index]!))
}
