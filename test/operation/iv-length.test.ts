import { expect, it } from 'vitest'
import { printItem } from '../../src/kmip/print.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { alice, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

const { engine } = testEngine()

it('no IV Length that a client asks for makes the server give out an IV twice, or make a large one', async () => {
  const created = await say(item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
    <CryptographicAlgorithm type="Enumeration" value="AES"/><CryptographicLength type="Integer" value="256"/>
    <CryptographicUsageMask type="Integer" value="Encrypt Decrypt"/>
    <ActivationDate type="DateTime" value="2020-01-01T00:00:00Z"/></Attributes>`))
  const id = /UniqueIdentifier TextString "([^"]+)"/.exec(created)![1]
  const encrypt = (length: string) => say(item('Encrypt', `<UniqueIdentifier type="TextString" value="${id}"/>
    <CryptographicParameters><BlockCipherMode type="Enumeration" value="GCM"/>${length}
    </CryptographicParameters><Data type="ByteString" value="00"/>`))
  const ivs: (string | undefined)[] = []
  for (const bits of [-96, -2_147_483_648, 2_147_483_640]) {
    ivs.push(/IVCounterNonce ByteString (\S+)/.exec(await encrypt(''))?.[1])
    const began = performance.now()
    expect(await encrypt(`<IVLength type="Integer" value="${bits}"/>`)).toContain('ResultStatus Enumeration OperationFailed')
    expect(performance.now() - began).toBeLessThan(50)
    ivs.push(/IVCounterNonce ByteString (\S+)/.exec(await encrypt(''))?.[1])
  }
  expect(ivs).not.toContain(undefined)
  expect(new Set(ivs).size).toBe(ivs.length)
})

async function say(batchItem: string): Promise<string> {
  return printItem(decodeItem((await engine.process(encodeItem(request('2.1', batchItem)), alice)).bytes))
}
