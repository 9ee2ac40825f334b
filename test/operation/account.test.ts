import { expect, test } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from '../support/client-endpoint.ts'
import { alice, bob, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

/** What stands between accounts, which one conversation with one client cannot show. */

test('a ticket makes its holder the one who logged in, until its end; the store does not know it', async () => {
  const store = memoryStore()
  let seconds = 1_800_000_000
  const engines = testEngine({ store, clock: () => seconds * 1000 })
  const id = String(find(await send(engines, create), Tag.UniqueIdentifier)!.value)
  const get = item('GetAttributes', `<UniqueIdentifier type="TextString" value="${id}"/>`)
  const answer = await send(engines, item('Login', '<LeaseTime type="Interval" value="100"/>'))
  const value = find(answer, Tag.TicketValue)!.value as Buffer

  expect(await printed(engines, get, bob)).toContain('ObjectNotFound')
  expect(await printed(engines, get, bob, ticketHeader(value))).toContain(id)
  // After a restart too.
  expect(await printed(testEngine({ store, clock: () => seconds * 1000 }), get, bob, ticketHeader(value))).toContain(id)
  expect(await printed(engines, item('Logout', ticketXml(value)), bob)).toContain('InvalidTicket')
  const [record] = await recordsOf(store, 'ticket')
  expect(record).not.toContain(value.toString('latin1'))
  seconds += 100
  expect(await printed(engines, get, bob, ticketHeader(value))).toContain('InvalidTicket')
})

test('a ticket is of the user who logged in, where a credential told one from others', async () => {
  const { engine, ...rest } = testEngine()
  const named = (user: string): string => `<Authentication><Credential>
    <CredentialType type="Enumeration" value="UsernameAndPassword"/>
    <CredentialValue><Username type="TextString" value="${user}"/></CredentialValue></Credential></Authentication>`
  const attribute = (name: string, value: string): string =>
    `<Attribute><AttributeName type="TextString" value="${name}"/><AttributeValue ${value}/></Attribute>`
  const owned = request('1.4', item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><TemplateAttribute>
    ${attribute('Cryptographic Algorithm', 'type="Enumeration" value="AES"')}
    ${attribute('Cryptographic Length', 'type="Integer" value="128"')}
    ${attribute('Cryptographic Usage Mask', 'type="Integer" value="Encrypt"')}
    ${attribute('Operation Policy Name', 'type="TextString" value="default"')}</TemplateAttribute>`), named('fred'))
  const made = decodeItem((await engine.process(encodeItem(owned), alice)).bytes)
  const get = item('Get', `<UniqueIdentifier type="TextString" value="${String(find(made, Tag.UniqueIdentifier)!.value)}"/>`)
  const engines = { engine, ...rest }
  const ticketOf = async (header: string): Promise<string> =>
    ticketHeader(find(await send(engines, item('Login'), alice, header), Tag.TicketValue)!.value as Buffer)
  expect(await printed(engines, get, alice, await ticketOf(named('george')))).toContain('PermissionDenied')
  expect(await printed(engines, get, alice, await ticketOf(named('fred')))).toContain('Success')
})

test('a wrong or twofold ticket is refused; what else stands in Authentication does no harm', async () => {
  const engines = testEngine()
  const value = find(await send(engines, item('Login')), Tag.TicketValue)!.value as Buffer
  const credential = /<Credential>.*<\/Credential>/s.exec(ticketHeader(value))![0]
  expect(await printed(engines, ping, alice, `<Authentication>${credential}${credential}</Authentication>`))
    .toContain('InvalidTicket')
  expect(await printed(engines, ping, alice, ticketHeader(Buffer.alloc(32)))).toContain('InvalidTicket')
  const unknown = `<Authentication><Credential><CredentialType type="Enumeration" value="0x80000001"/>
    <CredentialValue type="TextString" value="whatever"/></Credential></Authentication>`
  expect(await printed(engines, ping, alice, unknown)).toContain('Success')
})

test('a ticket that was made with another one does not outlive it', async () => {
  let seconds = 1_800_000_000
  const engines = testEngine({ clock: () => seconds * 1000 })
  const login = async (payload: string, header = ''): Promise<string> => ticketHeader(
    find(await send(engines, item('Login', payload), alice, header), Tag.TicketValue)!.value as Buffer)
  const second = await login('<LeaseTime type="Interval" value="3600"/>', await login(lease))
  expect(await printed(engines, ping, bob, second)).toContain('Success')
  seconds += 60
  expect(await printed(engines, ping, bob, second)).toContain('InvalidTicket')
})

test('an asynchronous request is that of its principal and user, and nobody else sees it', async () => {
  const engines = testEngine()
  const fred = userHeader('Fred')
  const asked = await send(engines, create, alice, `<AsynchronousIndicator type="Enumeration" value="Mandatory"/>${fred}`)
  const value = (find(asked, Tag.AsynchronousCorrelationValue)!.value as Buffer).toString('hex')
  const named = `<AsynchronousCorrelationValue type="ByteString" value="${value}"/>`
  const carol = { account: alice.account, principal: 'carol' }
  for (const [caller, header] of [[carol, fred], [alice, userHeader('Barney')]] as const) {
    for (const operation of ['Poll', 'Cancel', 'Process']) {
      expect(await printed(engines, item(operation, named), caller, header)).toContain('InvalidAsynchronousCorrelationValue')
    }
    expect(await printed(engines, item('QueryAsynchronousRequests'), caller, header)).not.toContain(value)
  }
  expect(await printed(engines, item('QueryAsynchronousRequests'), alice, fred)).toContain(value)
  expect(await printed(engines, item('Poll', named), alice, fred)).toContain('Operation Enumeration Create')
})

test('an account has at most a thousand tickets; those that have ended make room', async () => {
  let seconds = 1_800_000_000
  const engines = testEngine({ clock: () => seconds * 1000 })
  for (let count = 0; count < 1_000; count += 1) await send(engines, item('Login', lease))
  expect(await printed(engines, item('Login', lease))).toContain('ServerLimitExceeded')
  expect(await printed(engines, item('Login', lease), bob)).toContain('Success')
  seconds += 60
  expect(await printed(engines, item('Login', lease))).toContain('Success')
})

test('constraints and defaults are those of one account', async () => {
  const engines = testEngine()
  await send(engines, item('SetConstraints', `<Constraints><Constraint><Attributes>
    <CryptographicLength type="Integer" value="256"/></Attributes></Constraint></Constraints>`))
  expect(await printed(engines, create)).toContain('ConstraintViolation')
  expect(await printed(engines, create, bob)).toContain('Success')
  expect(await printed(engines, item('GetConstraints'), bob)).not.toContain('CryptographicLength')
  await send(engines, item('SetDefaults', `<DefaultsInformation><ObjectDefaults>
    <ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
    <CryptographicAlgorithm type="Enumeration" value="ARIA"/></Attributes></ObjectDefaults></DefaultsInformation>`))
  const query = item('Query', '<QueryFunction type="Enumeration" value="QueryDefaultsInformation"/>')
  expect(await printed(engines, query)).toContain('CryptographicAlgorithm Enumeration ARIA')
  expect(await printed(engines, query, bob)).not.toContain('ARIA')
})

test('each account has a certificate authority of its own, whose key no client can reach', async () => {
  const store = memoryStore()
  const engines = testEngine({ store })
  for (const caller of [alice, bob]) {
    await send(engines, item('CreateKeyPair', `<CommonAttributes><CryptographicAlgorithm type="Enumeration" value="ECDSA"/>
      <CryptographicLength type="Integer" value="256"/></CommonAttributes>
      <PrivateKeyAttributes><CryptographicUsageMask type="Integer" value="Sign"/></PrivateKeyAttributes>
      <PublicKeyAttributes><CryptographicUsageMask type="Integer" value="Verify"/></PublicKeyAttributes>`), caller)
    const key = await send(engines, item('Locate', byType('PublicKey')), caller)
    const certified = await send(engines, item('Certify', `${uniqueIdentifier(key)}
      <Attributes><CertificateType type="Enumeration" value="X_509"/></Attributes>`), caller)
    const chain = `${uniqueIdentifier(certified)}`
    expect(await printed(engines, item('Validate', chain), caller)).toContain('ValidityIndicator Enumeration Valid')
    const certificate = find(await send(engines, item('Get', chain), caller), Tag.CertificateValue)!.value as Buffer
    const other = caller === alice ? bob : alice
    const shown = `<Certificate><CertificateType type="Enumeration" value="X_509"/>
      <CertificateValue type="ByteString" value="${certificate.toString('hex')}"/></Certificate>`
    expect(await printed(engines, item('Validate', shown), other)).toContain('ValidityIndicator Enumeration Unknown')
    expect(await printed(engines, item('Get', '<UniqueIdentifier type="TextString" value="~authority/x"/>'), caller))
      .toContain('ObjectNotFound')
    expect((await printed(engines, item('Locate', byType('PrivateKey')), caller)).match(/UniqueIdentifier Text/g))
      .toHaveLength(1)
  }
})

test('an account may import an object at an identifier that another one has, and learns nothing of it', async () => {
  const engines = testEngine()
  const id = '<UniqueIdentifier type="TextString" value="disk-7"/>'
  const key = (material: string, replace = '') => item('Import', `${id}
    <ObjectType type="Enumeration" value="SymmetricKey"/>${replace}<Attributes>
    <Name><NameValue type="TextString" value="${material}"/>
    <NameType type="Enumeration" value="UninterpretedTextString"/></Name></Attributes>
    <SymmetricKey><KeyBlock><KeyFormatType type="Enumeration" value="Raw"/><KeyValue>
    <KeyMaterial type="ByteString" value="${material.repeat(16)}"/></KeyValue>
    <CryptographicAlgorithm type="Enumeration" value="AES"/><CryptographicLength type="Integer" value="128"/>
    </KeyBlock></SymmetricKey>`)
  const payload = (answer: string) => answer.slice(answer.indexOf('BatchItem'))
  const imported = payload(await printed(engines, key('aa')))
  expect(imported).toContain('disk-7')
  expect(await printed(engines, key('aa'))).toContain('ObjectAlreadyExists')
  // As it was for the first, so it is for the second.
  expect(payload(await printed(engines, key('bb'), bob))).toBe(imported)
  for (const [caller, own, other] of [[alice, 'aa', 'bb'], [bob, 'bb', 'aa']] as const) {
    for (let time = 0; time < 2; time += 1) {
      expect(await printed(engines, item('Get', id), caller)).toContain(own.repeat(16))
    }
    const name = (value: string) => `<Attributes><Name><NameValue type="TextString" value="${value}"/>
      <NameType type="Enumeration" value="UninterpretedTextString"/></Name></Attributes>`
    expect(await printed(engines, item('Locate', name(own)), caller)).toContain('disk-7')
    expect(await printed(engines, item('Locate', name(other)), caller)).not.toContain('disk-7')
  }
  expect(await printed(engines, key('cc', '<ReplaceExisting type="Boolean" value="true"/>'))).toContain('Success')
  expect(await printed(engines, item('Destroy', id))).toContain('Success')
  expect(await printed(engines, item('Get', id))).toContain('ObjectDestroyed')
  expect(await printed(engines, item('Get', id), bob)).toContain('bb'.repeat(16))
})

test('policy "default": the owner alone; of one principal, only users that are both named are told apart', async () => {
  const engines = testEngine()
  const fred = userHeader('Fred')
  const made = async (header: string) => uniqueIdentifier(decodeItem((await engines.engine.process(encodeItem(
    request('1.2', item('Create', policyDefault), header)), alice)).bytes))
  const get = async (id: string, header: string, caller = alice) => printed12(engines, item('Get', id), caller, header)
  const [ofFred, ofAlice] = [await made(fred), await made('')]
  for (const [id, header] of [[ofFred, fred], [ofFred, ''], [ofAlice, ''], [ofAlice, fred]] as const) {
    expect(await get(id, header)).toContain('KeyMaterial')
  }
  expect(await get(ofFred, userHeader('Barney'))).toContain('PermissionDenied')
  const carol = { account: alice.account, principal: 'carol' }
  for (const header of ['', fred, userHeader('alice')]) {
    for (const id of [ofFred, ofAlice]) expect(await get(id, header, carol)).toContain('PermissionDenied')
  }
})

type Engines = ReturnType<typeof testEngine>

async function send({ engine }: Engines, batchItem: string, caller = alice, header = ''): Promise<Item> {
  return decodeItem((await engine.process(encodeItem(request('2.1', batchItem, header)), caller)).bytes)
}

async function printed(engines: Engines, batchItem: string, caller = alice, header = ''): Promise<string> {
  return printItem(await send(engines, batchItem, caller, header), { secrets: true })
}

async function printed12({ engine }: Engines, batchItem: string, caller: typeof alice, header: string): Promise<string> {
  const { bytes } = await engine.process(encodeItem(request('1.2', batchItem, header)), caller)
  return printItem(decodeItem(bytes), { secrets: true })
}

/** Records of the server's own, found by the ids that it is known to use. */
async function recordsOf(store: ReturnType<typeof memoryStore>, kind: string): Promise<string[]> {
  const { token } = await import('../../src/operation/index-keys.ts')
  const ids = await store.scan(token(kind, alice.account), { limit: 10 })
  return Promise.all(ids.map(async (id) => id + Buffer.from((await store.read(id))!.data).toString('latin1')))
}

function uniqueIdentifier(answer: Item): string {
  return `<UniqueIdentifier type="TextString" value="${String(find(answer, Tag.UniqueIdentifier)!.value)}"/>`
}

function byType(type: string): string {
  return `<Attributes><ObjectType type="Enumeration" value="${type}"/></Attributes>`
}

function ticketXml(value: Buffer): string {
  return `<Ticket><TicketType type="Enumeration" value="Login"/>
    <TicketValue type="ByteString" value="${value.toString('hex')}"/></Ticket>`
}

function ticketHeader(value: Buffer): string {
  return `<Authentication><Credential><CredentialType type="Enumeration" value="Ticket"/>
    <CredentialValue>${ticketXml(value)}</CredentialValue></Credential></Authentication>`
}

function userHeader(name: string): string {
  return `<Authentication><Credential><CredentialType type="Enumeration" value="UsernameAndPassword"/>
    <CredentialValue><Username type="TextString" value="${name}"/></CredentialValue></Credential></Authentication>`
}

const policyDefault = `<ObjectType type="Enumeration" value="SymmetricKey"/><TemplateAttribute>${[
  ['Cryptographic Algorithm', 'type="Enumeration" value="AES"'],
  ['Cryptographic Length', 'type="Integer" value="128"'],
  ['Cryptographic Usage Mask', 'type="Integer" value="Encrypt"'],
  ['Operation Policy Name', 'type="TextString" value="default"'],
].map(([name, value]) => `<Attribute><AttributeName type="TextString" value="${name}"/>
  <AttributeValue ${value}/></Attribute>`).join('')}</TemplateAttribute>`
const lease = '<LeaseTime type="Interval" value="60"/>'
const ping = item('Ping')
const create = item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
  <CryptographicAlgorithm type="Enumeration" value="AES"/><CryptographicLength type="Integer" value="128"/>
  <CryptographicUsageMask type="Integer" value="Encrypt"/></Attributes>`)
