import { expect, it } from 'vitest'
import { printItem } from '../../src/kmip/print.ts'
import { LeftTests } from '../../src/server/left-tests.ts'
import { Session } from '../../src/server/session.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { alice, bob, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

const { engine } = testEngine()

it('in 2.0, only the connection on which a test is under way gets Server Correlation Values', async () => {
  const [one, other] = [new Session(), new Session()]
  expect(await isCorrelated(one, log)).toBe(false)
  expect(await isCorrelated(one, interop('Begin'))).toBe(true)
  expect(await isCorrelated(one, log)).toBe(true)
  expect(await isCorrelated(other, log)).toBe(false)
  expect(await isCorrelated(one, interop('End'))).toBe(true)
  expect(await isCorrelated(one, log)).toBe(false)
})

it('a test goes on beyond the connection whose last message has begun it, for the principal, until it is ended', async () => {
  const one = new Session()
  await isCorrelated(one, interop('Begin'))
  expect(await isCorrelated(new Session(), log), 'as long as its connection is there').toBe(false)
  await engine.endSession(one, alice)
  expect(await isCorrelated(new Session(), log)).toBe(true)
  expect(await isCorrelated(new Session(), log, '1.4')).toBe(false)
  expect(await isCorrelated(new Session(), log, '2.0', '', bob)).toBe(false)
  expect(await isCorrelated(new Session(), refused('End'))).toBe(true)
  expect(await isCorrelated(new Session(), log)).toBe(true)
  expect(await isCorrelated(new Session(), interop('End'))).toBe(true)
  expect(await isCorrelated(new Session(), log)).toBe(false)
})

it('a test that went on with its connection ends with it', async () => {
  const session = new Session()
  await isCorrelated(session, interop('Begin'))
  await isCorrelated(session, log)
  await engine.endSession(session, alice)
  expect(await isCorrelated(new Session(), log)).toBe(false)
})

it('a test that is not ended goes on for a minute at most', async () => {
  const left = new LeftTests()
  left.add(alice, 1000)
  expect([left.has(alice, 1059), left.has(alice, 1060)]).toEqual([true, false])
})

it('a message of 1.x gets none, although a test is under way on its connection', async () => {
  const session = new Session()
  await isCorrelated(session, interop('Begin'))
  expect(await isCorrelated(session, item('Query'), '1.4')).toBe(false)
  expect(await isCorrelated(session, interop('End'))).toBe(true)
})

it('a test that could not begin is not under way', async () => {
  const session = new Session()
  expect(await isCorrelated(session, refused('Begin'))).toBe(false)
  expect(await isCorrelated(session, log)).toBe(false)
})

it('what a test has set for its account ends with it, or with its connection', async () => {
  for (const isEnded of [true, false]) {
    const session = new Session()
    await send(session, interop('Begin'))
    await send(session, item('SetConstraints', `<Constraints><Constraint><Attributes>
      <CryptographicLength type="Integer" value="192"/></Attributes></Constraint></Constraints>`))
    expect(await send(new Session(), create)).toContain('ConstraintViolation')
    if (isEnded) await send(session, interop('End'))
    else await engine.endSession(session, alice)
    expect(await send(new Session(), create)).toContain('Success')
  }
})

it('what an account has set without a test outlasts its connection', async () => {
  const session = new Session()
  await send(session, item('SetConstraints', `<Constraints><Constraint><Attributes>
    <CryptographicLength type="Integer" value="192"/></Attributes></Constraint></Constraints>`))
  await engine.endSession(session, alice)
  expect(await send(new Session(), create)).toContain('ConstraintViolation')
  await send(session, item('SetConstraints'))
})

it('in 2.1 every client gets them that gives no value of its own', async () => {
  expect(await isCorrelated(new Session(), log, '2.1')).toBe(true)
  const own = '<ClientCorrelationValue type="TextString" value="mine"/>'
  expect(await isCorrelated(new Session(), log, '2.1', own)).toBe(false)
  expect(await isCorrelated(new Session(), interop('Begin'), '2.0', own)).toBe(false)
})

async function isCorrelated(
  session: Session, batchItem: string, version = '2.0', header = '', caller = alice,
): Promise<boolean> {
  const { bytes } = await engine.process(encodeItem(request(version, batchItem, header)), caller, session)
  return printItem(decodeItem(bytes)).includes('ServerCorrelationValue')
}

async function send(session: Session, batchItem: string): Promise<string> {
  return printItem(decodeItem((await engine.process(encodeItem(request('2.1', batchItem)), alice, session)).bytes))
}

function interop(function_: string): string {
  return item('Interop', `<InteropFunction type="Enumeration" value="${function_}"/>
    <InteropIdentifier type="TextString" value="session"/>`)
}

/** Without its identifier. */
function refused(function_: string): string {
  return item('Interop', `<InteropFunction type="Enumeration" value="${function_}"/>`)
}

const log = item('Log', '<LogMessage type="TextString" value="here"/>')
const create = item('Create', '<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes/>')
