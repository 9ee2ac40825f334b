import { expect, it } from 'vitest'
import { printItem } from '../../src/kmip/print.ts'
import type { Engine } from '../../src/server/engine.ts'
import { Scheduler } from '../../src/server/scheduler.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { alice, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

const day = 86_400
const automatic = '<RotateAutomatic type="Boolean" value="true"/>'
const interval = `<RotateInterval type="Interval" value="${day}"/>`
const rotating = automatic + interval

it('a key is replaced when its Rotate Interval is over, and so is what replaces it (KMIP 2.1 4.48, 4.51)', async () => {
  const lab = new Lab()
  const first = await lab.create(`<Name><NameValue type="TextString" value="daily"/>
    <NameType type="Enumeration" value="UninterpretedTextString"/></Name>${rotating}`)
  lab.seconds += day - 1
  expect(await lab.scheduler.run()).toBe(0)
  lab.seconds += 1
  expect(await lab.scheduler.run()).toBe(1)
  expect(await lab.scheduler.run()).toBe(0)
  const second = await lab.named('daily')
  expect(second).not.toBe(first)
  expect(await lab.attributes(first)).toContain('RotateLatest Boolean false')
  expect(await lab.attributes(first)).toContain('RotateDate DateTime')
  expect(await lab.attributes(second)).toContain('RotateGeneration Integer 1')
  lab.seconds += day
  expect(await lab.scheduler.run()).toBe(1)
  expect(await lab.attributes(await lab.named('daily'))).toContain('RotateGeneration Integer 2')
})

it('with the Rotate Offset between its Initial and its Activation Date (4.54)', async () => {
  const lab = new Lab()
  await lab.create(`<Name><NameValue type="TextString" value="later"/>
    <NameType type="Enumeration" value="UninterpretedTextString"/></Name>${rotating}
    <RotateOffset type="Interval" value="3600"/>`)
  lab.seconds += day
  expect(await lab.scheduler.run()).toBe(1)
  expect(await lab.attributes(await lab.named('later'))).toContain('State Enumeration PreActive')
  lab.seconds += 3600
  expect(await lab.attributes(await lab.named('later'))).toContain('State Enumeration Active')
})

it('a pair is replaced as one', async () => {
  const lab = new Lab()
  await lab.send(item('CreateKeyPair', `<CommonAttributes>
    <CryptographicAlgorithm type="Enumeration" value="ECDSA"/><CryptographicLength type="Integer" value="256"/>
    </CommonAttributes><PrivateKeyAttributes>${rotating}</PrivateKeyAttributes>`))
  lab.seconds += day
  expect(await lab.scheduler.run()).toBe(1)
  const replaced = item('Locate', `<Attributes><Link>
    <LinkType type="Enumeration" value="ReplacedObjectLink"/></Link></Attributes>`)
  expect((await lab.send(replaced)).match(/UniqueIdentifier TextString/g)).toHaveLength(2)
})

it('a certificate is replaced by a new one for the same key (4.48)', async () => {
  const lab = new Lab()
  const key = await lab.send(item('CreateKeyPair', `<CommonAttributes>
    <CryptographicAlgorithm type="Enumeration" value="ECDSA"/><CryptographicLength type="Integer" value="256"/>
    </CommonAttributes><PublicKeyAttributes><CryptographicUsageMask type="Integer" value="Verify"/></PublicKeyAttributes>`))
  const publicKey = /PublicKeyUniqueIdentifier TextString "(.*)"/.exec(key)![1]!
  const first = identifierIn(await lab.send(item('Certify', `${uid(publicKey)}<Attributes>${rotating}
    
    <CertificateType type="Enumeration" value="X_509"/>
    <CertificateSubjectCN type="TextString" value="rotated"/></Attributes>`)))
  lab.seconds += day
  expect(await lab.scheduler.run()).toBe(1)
  const old = await lab.attributes(first)
  expect(old).toContain('RotateLatest Boolean false')
  const second = /LinkType Enumeration ReplacementObjectLink\n\s+LinkedObjectIdentifier TextString "(.*)"/.exec(old)![1]!
  const renewed = await lab.attributes(second)
  expect(renewed).toContain('CertificateSubjectCN TextString "rotated"')
  expect(renewed).toContain(`LinkedObjectIdentifier TextString "${publicKey}"`)
  expect(renewed).toContain('RotateGeneration Integer 1')
  expect(await lab.send(item('Validate', uid(second)))).toContain('ValidityIndicator Enumeration Valid')
  expect(lab.log.filter((entry) => 'err' in (entry as object))).toEqual([])
})

it('what replaces an object belongs to whom it belonged', async () => {
  const lab = new Lab()
  const first = await lab.create(rotating)
  const policy = `${uid(first)}<Attribute><AttributeName type="TextString" value="Operation Policy Name"/>
    <AttributeValue type="TextString" value="default"/></Attribute>`
  expect(await lab.send(item('AddAttribute', policy), '1.4')).toContain('Success')
  lab.seconds += day
  expect(await lab.scheduler.run()).toBe(1)
  const [, second] = /ReplacementObjectLink\n.*"(.*)"/.exec(await lab.attributes(first))!
  expect(await lab.send(item('Get', uid(second!)), '1.4')).toContain('Success')
  expect(await lab.send(item('Get', uid(second!)), '1.4', { ...alice, principal: 'carol' })).not.toContain('Success')
})

it('a client in the role of the server is told of what the scheduler does', async () => {
  const lab = new Lab()
  const first = await lab.create(rotating)
  const told: string[] = []
  lab.engine.changes.subscribe(alice.account, ({ after }) => told.push(after.uniqueIdentifier))
  lab.seconds += day
  expect(await lab.scheduler.run()).toBe(1)
  const [, second] = /ReplacementObjectLink\n.*"(.*)"/.exec(await lab.attributes(first))!
  expect(new Set(told)).toEqual(new Set([first, second]))
})

it.each<[string, string, (lab: Lab, id: string) => Promise<unknown>]>([
  ['not automatic', interval, async () => undefined],
  ['without an interval', automatic, async () => undefined],
  ['destroyed', rotating, (lab, id) => lab.send(item('Destroy', uid(id)))],
  ['archived', rotating, (lab, id) => lab.send(item('Archive', uid(id)))],
  ['compromised', rotating, (lab, id) => lab.send(item('Revoke', `${uid(id)}
    <RevocationReason><RevocationReasonCode type="Enumeration" value="KeyCompromise"/></RevocationReason>`))],
])('a key that is %s is left alone', async (_, attributes, change) => {
  const lab = new Lab()
  await change(lab, await lab.create(attributes))
  lab.seconds += 2 * day
  expect(await lab.scheduler.run()).toBe(0)
  expect(lab.log.filter((entry) => 'err' in (entry as object))).toEqual([])
})

/** A server in process whose clock the test moves. */
class Lab {
  seconds = 1_800_000_000
  readonly log: unknown[]
  readonly engine: Engine
  readonly scheduler: Scheduler

  constructor() {
    const { engine, log, services } = testEngine({ clock: () => this.seconds * 1000 })
    this.engine = engine
    this.log = log
    this.scheduler = new Scheduler(services, 'test', engine.changes)
  }

  async send(batchItem: string, version = '2.1', caller = alice): Promise<string> {
    const { bytes } = await this.engine.process(encodeItem(request(version, batchItem)), caller)
    return printItem(decodeItem(bytes))
  }

  async create(attributes: string): Promise<string> {
    const type = '<ObjectType type="Enumeration" value="SymmetricKey"/>'
    return identifierIn(await this.send(item('Create', `${type}<Attributes>${attributes}</Attributes>`)))
  }

  attributes(id: string): Promise<string> {
    return this.send(item('GetAttributes', uid(id)))
  }

  async named(name: string): Promise<string> {
    return identifierIn(await this.send(item('Locate', `<Attributes><Name>
      <NameValue type="TextString" value="${name}"/></Name></Attributes>`)))
  }
}

function identifierIn(answer: string): string {
  return /UniqueIdentifier TextString "(.*)"/.exec(answer)![1]!
}

function uid(id: string): string {
  return `<UniqueIdentifier type="TextString" value="${id}"/>`
}
