import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Connection } from '../../src/client/connection.ts'
import { Operation } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { ServerRole } from '../conformance/server-role.ts'
import { find } from '../support/client-endpoint.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { item, request } from '../support/xml.ts'

/** Two listening threads on one port and one store: whichever of them a connection falls to. */

let server: RunningServer
let connections: Connection[] = []
/** One connection to each thread. */
let pair: readonly [Connection, Connection]

beforeAll(async () => {
  server = await startServer({ KEYWARD_WORKERS: '2' })
  connections = await Promise.all(Array.from({ length: connectionCount }, () => open(server)))
  pair = await oneOfEach(connections)
}, 60_000)

afterAll(async () => {
  for (const connection of connections) connection.close()
  await server.stop()
}, 30_000)

test('both threads serve, and one sees at once what the other has made', async () => {
  const [one, other] = pair
  for (const [maker, user] of [[one, other], [other, one]] as const) {
    const id = identifierIn(await say(maker, create))
    expect(await say(user, item('Get', of(id)))).toContain('Success')
    expect(await say(user, item('Destroy', of(id)))).toContain('Success')
    expect(await say(maker, item('Get', of(id)))).toContain('ItemNotFound')
  }
})

test.for(['Revoke', 'Destroy'] as const)('after a %s in one thread, the other uses the key no more', async (end) => {
  for (let round = 0; round < 20; round += 1) {
    const [ending, using] = round % 2 === 0 ? pair : [pair[1], pair[0]]
    const id = identifierIn(await say(ending, create))
    if (end === 'Revoke') expect(await say(ending, item('Activate', of(id)))).toContain('Success')
    // The key is in the memory of the other thread.
    const use = end === 'Revoke' ? item('Encrypt', of(id) + encryption) : item('Get', of(id))
    for (let time = 0; time < 3; time += 1) expect(await say(using, use)).toContain('ResultStatus Enumeration Success')
    expect(await say(ending, item(end, of(id) + (end === 'Revoke' ? reason : '')))).toContain('Success')
    const after = await say(using, use)
    expect(after).toContain('OperationFailed')
    expect(after).not.toContain('Data ')
  }
})

test('the parts of an operation may come on any connection, whichever thread it falls to', async () => {
  const [one, other] = pair
  const part = (value: string, data: string, end = '') => `<Data type="ByteString" value="${data}"/>
    <CorrelationValue type="ByteString" value="${value}"/>${end}`
  const end = '<FinalIndicator type="Boolean" value="true"/>'
  for (const [first, second] of [[one, other], [other, one]] as const) {
    const value = await begin(first)
    expect(await say(second, item('Hash', hashing + part(value, '61')))).toContain('Success')
    expect(await say(first, item('Hash', hashing + part(value, '62')))).toContain('Success')
    expect(await say(second, item('Hash', hashing + part(value, '63', end))))
      .toContain('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    // Its end is its end, for both.
    for (const each of pair) expect(await say(each, item('Hash', hashing + part(value, '64')))).toContain('OperationFailed')

    const id = identifierIn(await say(first, create))
    expect(await say(second, item('Activate', of(id)))).toContain('Success')
    const stream = await begin(first, 'Encrypt', of(id) + encryption)
    expect(await say(second, item('Encrypt', part(stream, '00112233')))).toMatch(/ {2}Data ByteString [0-9a-f]{8}\n/)
    expect(await say(second, item('Encrypt', part(stream, '', end)))).toContain('AuthenticatedEncryptionTag')
  }
  // Nobody else's become one's own on the way.
  const value = await begin(one)
  const bob = await open(server, 'bob')
  expect(await say(bob, item('Hash', hashing + part(value, '61')))).toContain('OperationFailed')
  bob.close()
})

test('parts to other threads do not hold each other up, nor change what their batch says', async () => {
  const [one, other] = pair
  const values = await Promise.all(Array.from({ length: 50 }, async (_, at) => begin(at % 2 === 0 ? one : other)))
  const answers = await Promise.all(values.map(async (value, at) => say(at % 2 === 0 ? other : one, [
    item('Hash', `${hashing}<Data type="ByteString" value="61"/><CorrelationValue type="ByteString" value="${value}"/>
      <FinalIndicator type="Boolean" value="true"/>`),
    item('Get', of(`none-${at}`)),
  ])))
  for (const answer of answers) {
    expect(answer).toContain('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb')
    expect(answer).toContain('ItemNotFound')
  }
})

test('a client in the server\'s role hears what is changed through either thread', async () => {
  const { host, port, certificates } = server
  const { ca, alice } = certificates
  const [authority, cert, key] = [ca, alice.cert, alice.key].map((path) => readFileSync(path))
  const role = await ServerRole.open({ host, port, ca: authority!, cert: cert!, key: key! }, '1.4')
  try {
    for (const connection of pair) {
      const id = identifierIn(await say(connection, create))
      const isMeant = (message: Item): boolean => find(message, Tag.UniqueIdentifier)?.value === id
      expect(printItem(await role.next(Operation.Put, isMeant))).toContain('PutFunction Enumeration New')
      // Of a change no more is told than has changed, whichever thread knows what it was before.
      await say(connection, item('AddAttribute', of(id) + attribute('Comment', 'type="TextString" value="changed"')))
      const told = printItem(await role.next(Operation.Notify, isMeant))
      expect(told).toMatch(/AttributeName TextString "Comment"/)
      expect(told).not.toContain('Cryptographic Length')
    }
    // Who has another account hears nothing of it.
    const others = await open(server, 'bob')
    const foreign = identifierIn(await say(others, create))
    others.close()
    const own = identifierIn(await say(pair[0], create))
    const next = await role.next(Operation.Put, () => true)
    expect([find(next, Tag.UniqueIdentifier)?.value, foreign]).toEqual([own, expect.not.stringContaining(own)])
  } finally {
    role.close()
  }
})

test('SIGTERM ends both threads, after they have answered what they had begun', async () => {
  const own = await startServer({ KEYWARD_WORKERS: '2' })
  const opened = await Promise.all(Array.from({ length: connectionCount }, () => open(own)))
  const both = await oneOfEach(opened)
  const answers = both.map((connection) => say(connection, slow))
  await sleep(50)
  const stopped = own.stop()
  for (const answer of await Promise.all(answers)) expect(answer).toContain('ResultStatus Enumeration Success')
  await stopped
  expect(own.log()).toContain('"stopped"')
  await expect(once(connect(own.port, own.host), 'connect')).rejects.toThrow('ECONNREFUSED')
  for (const connection of opened) connection.close()
}, 60_000)

function open({ host, port, certificates }: RunningServer, who: 'alice' | 'bob' = 'alice'): Promise<Connection> {
  const { ca, [who]: client } = certificates
  const [authority, cert, key] = [ca, client.cert, client.key].map((path) => readFileSync(path))
  return Connection.open({ host, port, ca: authority!, cert: cert!, key: key!, timeoutMs: 30_000 })
}

/** The Correlation Value of an operation of several parts begins with the number of the thread that has begun it. */
async function oneOfEach([first, ...others]: readonly Connection[]): Promise<readonly [Connection, Connection]> {
  const threadOf = async (connection: Connection): Promise<string> => (await begin(connection)).slice(0, 2)
  const thread = await threadOf(first!)
  for (const other of others) if (await threadOf(other) !== thread) return [first!, other]
  throw new Error(`${connectionCount} connections fell to one thread`)
}

/** @returns the Correlation Value, in hexadecimal */
async function begin(connection: Connection, operation = 'Hash', fields = hashing): Promise<string> {
  const begun = await say(connection, item(operation, `${fields}<InitIndicator type="Boolean" value="true"/>`))
  const value = /CorrelationValue ByteString (?:0x)?([0-9a-f]+)/i.exec(begun)?.[1]
  if (value === undefined) throw new Error(begun)
  return value
}

async function say(connection: Connection, what: string | string[]): Promise<string> {
  return printItem(decodeItem(await connection.exchange(encodeItem(request('1.4', what)))), { secrets: true })
}

function identifierIn(answer: string): string {
  const found = /UniqueIdentifier TextString "([^"]+)"/.exec(answer)
  if (found === null) throw new Error(answer)
  return found[1]!
}

function of(id: string): string {
  return `<UniqueIdentifier type="TextString" value="${id}"/>`
}

function attribute(name: string, value: string): string {
  return `<Attribute><AttributeName type="TextString" value="${name}"/><AttributeValue ${value}/></Attribute>`
}

/** The kernel spreads them evenly: that all fall to one of two has a chance of 2^-31. */
const connectionCount = 32
const hashing = '<CryptographicParameters><HashingAlgorithm type="Enumeration" value="SHA_256"/></CryptographicParameters>'
const encryption = `<CryptographicParameters><BlockCipherMode type="Enumeration" value="GCM"/>
  <TagLength type="Integer" value="16"/></CryptographicParameters><Data type="ByteString" value="00"/>`
const reason = `<RevocationReason><RevocationReasonCode type="Enumeration" value="CessationOfOperation"/></RevocationReason>`
const create = item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><TemplateAttribute>
  ${attribute('Cryptographic Algorithm', 'type="Enumeration" value="AES"')}
  ${attribute('Cryptographic Length', 'type="Integer" value="256"')}
  ${attribute('Cryptographic Usage Mask', 'type="Integer" value="Encrypt Decrypt"')}</TemplateAttribute>`)
/** Takes a second or so. */
const slow = item('CreateKeyPair', `<CommonTemplateAttribute>
  ${attribute('Cryptographic Algorithm', 'type="Enumeration" value="RSA"')}
  ${attribute('Cryptographic Length', 'type="Integer" value="4096"')}</CommonTemplateAttribute>
  <PrivateKeyTemplateAttribute>${attribute('Cryptographic Usage Mask', 'type="Integer" value="Sign"')}
  </PrivateKeyTemplateAttribute><PublicKeyTemplateAttribute>
  ${attribute('Cryptographic Usage Mask', 'type="Integer" value="Verify"')}</PublicKeyTemplateAttribute>`)
