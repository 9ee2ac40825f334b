import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Authentication, credential } from '../../src/kmip/credential.ts'
import type { Credential } from '../../src/kmip/credential.ts'
import { KmipError } from '../../src/kmip/error.ts'
import { AttestationType, CredentialType, HashingAlgorithm, TicketType } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { ItemType, decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { TtlvWriter } from '../../src/ttlv/writer.ts'

const coding = { version: 201 }
const secret = (text: string): Secret => new Secret(Buffer.from(text))

const credentials: Credential[] = [
  { kind: 'UsernameAndPassword', value: { username: 'Fred', password: secret('pass word') } },
  { kind: 'Device', value: { deviceSerialNumber: '1', password: secret('secret'), machineIdentifier: 'm' } },
  {
    kind: 'Attestation',
    value: {
      nonce: { nonceID: Buffer.from('id'), nonceValue: Buffer.from('value') },
      attestationType: AttestationType.TPMQuote,
      attestationMeasurement: Buffer.from('measured'),
    },
  },
  { kind: 'OneTimePassword', value: { username: 'Fred', oneTimePassword: secret('123456') } },
  {
    kind: 'HashedPassword',
    value: {
      username: 'Fred',
      timeStamp: 1_700_000_000_000_000n,
      hashingAlgorithm: HashingAlgorithm.SHA_256,
      hashedPassword: secret('digest'),
    },
  },
  { kind: 'Ticket', value: { ticket: { ticketType: TicketType.Login, ticketValue: secret('ticket') } } },
]

describe('credentials', () => {
  it.each(credentials)('$kind comes back', (sent) => {
    expect(plain(credential().decode(encoded(sent), coding))).toEqual(plain(sent))
  })

  it('covers every type', () => {
    expect(credentials.map(({ kind }) => kind).toSorted()).toEqual(Object.keys(CredentialType).toSorted())
  })

  it('takes the inner one of a credential in a credential', () => {
    const [sent] = credentials
    const outer: Item = { tag: Tag.Credential, type: ItemType.Structure, value: [encoded(sent!)] }
    const authentication: Item = { tag: Tag.Authentication, type: ItemType.Structure, value: [outer] }
    expect(plain(Authentication.decode(authentication, coding).credential)).toEqual(plain([sent]))
  })

  it('refuses a type that the standard does not have', () => {
    const type: Item = { tag: Tag.CredentialType, type: ItemType.Enumeration, value: 99 }
    const value: Item = { tag: Tag.CredentialValue, type: ItemType.Structure, value: [] }
    const item: Item = { tag: Tag.Credential, type: ItemType.Structure, value: [type, value] }
    expect(() => credential().decode(item, coding)).toThrow(new KmipError('InvalidField', 'unknown credential type 99'))
  })

  it('shows no password when printed', () => {
    const [sent] = credentials
    const decoded = credential().decode(encoded(sent!), coding)
    expect(inspect(decoded, { depth: 9, showHidden: true }) + JSON.stringify(decoded)).not.toContain('pass word')
    expect(JSON.stringify(plain(decoded))).toContain('pass word')
  })
})

function encoded(value: Credential): Item {
  const writer = new TtlvWriter()
  credential().encode(writer, value, coding)
  return decodeItem(writer.take())
}

/** The value with its secrets told. */
function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal().toString()
  if (Buffer.isBuffer(value)) return value.toString()
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}
