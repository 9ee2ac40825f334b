import type { Client } from '../../client/client.ts'
import { create as createOperation, createKeyPair } from '../../client/operations.ts'
import type { AttributeSet } from '../../kmip/attribute.ts'
import { ObjectType } from '../../kmip/generated/enums.ts'
import { newKey } from '../algorithm.ts'
import type { NewKey } from '../algorithm.ts'
import { command, wholeNumber } from '../command.ts'
import { activateAll, checkKnown, namedAttributes, newObjectOptions } from '../new-object.ts'
import type { NewObjectValues } from '../new-object.ts'
import { fields } from '../output.ts'

export const create = command({
  summary: 'create a symmetric key or a key pair',
  positionals: '',
  options: {
    algorithm: {
      type: 'string', short: 'a', value: 'NAME',
      description: 'aes, 3des, chacha20-poly1305, sm4, hmac-sha256, rsa, ec, ed25519, x25519, sm2, ... (aes)',
    },
    length: { type: 'string', short: 'l', value: 'BITS', description: 'what is usual: aes 256, rsa 2048, ...' },
    curve: { type: 'string', value: 'CURVE', description: 'of ec and ecdh: p-256, p-384, secp256k1, ... (p-256)' },
    usage: {
      type: 'string', multiple: true, value: 'USES',
      description: 'encrypt,decrypt,sign,verify,mac,wrap,unwrap,derive,... (what is usual for the algorithm)',
    },
    ...newObjectOptions,
  },
  details: 'A new key is pre-active, unless --activate or --activate-at says when it can be used. Of a pair, the\n' +
    'private and the public key get the part of the usage that is theirs; both have the name.',
  examples: [
    'create --name first-key --activate', 'create -a rsa -l 3072 --usage sign,verify --name signer --activate',
    'create -a ec --curve p-384 --json', 'create -a hmac-sha256 --name mac-key',
  ],
  async run({ values, connect }) {
    const length = values.length === undefined ? undefined : wholeNumber('--length', values.length, 1, 65_536)
    const key = newKey(values.algorithm ?? 'aes', length, values.curve, values.usage ?? [])
    const named = namedAttributes(values)
    const client = await connect()
    checkKnown(named, client.version)
    const created = key.isPair ? await createPair(client, key, named) : await createSymmetric(client, key, named)
    const ids = Object.values(created)
    const isActive = await activateAll(client, ids, values)
    return { json: created, text: [fields(rows(created)), hint(values, isActive, ids)].join('\n') }
  },
})

type Created = { uniqueIdentifier: string } | { privateKeyUniqueIdentifier: string; publicKeyUniqueIdentifier: string }

async function createSymmetric(client: Client, key: NewKey, named: AttributeSet): Promise<Created> {
  const attributes = { ...specOf(key), cryptographicUsageMask: key.usage, ...named }
  const request = { objectType: ObjectType.SymmetricKey, attributes }
  const { uniqueIdentifier } = await client.request(createOperation, request)
  return { uniqueIdentifier }
}

async function createPair(client: Client, key: NewKey, named: AttributeSet): Promise<Created> {
  const { privateKeyUniqueIdentifier, publicKeyUniqueIdentifier } = await client.request(createKeyPair, {
    commonAttributes: specOf(key),
    privateKeyAttributes: { cryptographicUsageMask: key.usage, ...named },
    publicKeyAttributes: { cryptographicUsageMask: key.publicUsage, ...named },
  })
  return { privateKeyUniqueIdentifier, publicKeyUniqueIdentifier }
}

function specOf({ cryptographicAlgorithm, cryptographicLength, recommendedCurve }: NewKey): AttributeSet {
  return {
    cryptographicAlgorithm,
    ...(cryptographicLength !== undefined && { cryptographicLength }),
    ...(recommendedCurve !== undefined && { cryptographicDomainParameters: { recommendedCurve } }),
  }
}

function rows(created: Created): [string, string][] {
  if ('uniqueIdentifier' in created) return [['Unique Identifier', created.uniqueIdentifier]]
  return [['Private key', created.privateKeyUniqueIdentifier], ['Public key', created.publicKeyUniqueIdentifier]]
}

function hint(values: NewObjectValues, isActive: boolean, ids: readonly string[]): string {
  if (isActive) return 'active'
  if (values['activate-at'] !== undefined) return `active from ${values['activate-at']}`
  return `pre-active; the command to make it usable is: activate ${ids.join(' ')}`
}
