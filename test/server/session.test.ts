import { expect, it } from 'vitest'
import { printItem } from '../../src/kmip/print.ts'
import { Session } from '../../src/server/session.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { alice, testEngine } from '../support/engine.ts'
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

it('a test that could not begin is not under way', async () => {
  const session = new Session()
  expect(await isCorrelated(session, item('Interop', '<InteropFunction type="Enumeration" value="Begin"/>'))).toBe(false)
  expect(await isCorrelated(session, log)).toBe(false)
})

it('in 2.1 every client gets them that gives no value of its own', async () => {
  expect(await isCorrelated(new Session(), log, '2.1')).toBe(true)
  const own = '<ClientCorrelationValue type="TextString" value="mine"/>'
  expect(await isCorrelated(new Session(), log, '2.1', own)).toBe(false)
  expect(await isCorrelated(new Session(), interop('Begin'), '2.0', own)).toBe(false)
})

async function isCorrelated(session: Session, batchItem: string, version = '2.0', header = ''): Promise<boolean> {
  const { bytes } = await engine.process(encodeItem(request(version, batchItem, header)), alice, session)
  return printItem(decodeItem(bytes)).includes('ServerCorrelationValue')
}

function interop(function_: string): string {
  return item('Interop', `<InteropFunction type="Enumeration" value="${function_}"/>
    <InteropIdentifier type="TextString" value="session"/>`)
}

const log = item('Log', '<LogMessage type="TextString" value="here"/>')
