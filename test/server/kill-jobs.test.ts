import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Connection } from '../../src/client/connection.ts'
import { printItem } from '../../src/kmip/print.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { item, request } from '../support/xml.ts'

test('kill -9: requests in process are taken up by the next start, long before a claim would lapse', async () => {
  const home = mkdtempSync(join(tmpdir(), 'keyward-jobs-'))
  try {
    const first = await startServer({}, home)
    const before = await connect(first)
    const submitted = await say(before, Array.from({ length: jobs }, () => item('CreateKeyPair', pair)), mandatory)
    const values = [...submitted.matchAll(/AsynchronousCorrelationValue ByteString ([0-9a-f]+)/g)].map(([, value]) => value!)
    expect(values).toHaveLength(jobs)
    await untilInProcess(before)
    await first.kill()
    before.close()

    const next = await startServer({}, home)
    const began = performance.now()
    const after = await connect(next)
    for (const value of values) {
      while ((await say(after, [poll(value)])).includes('OperationPending')) {
        expect(performance.now() - began).toBeLessThan(secondsMax * 1000)
      }
    }
    expect((await say(after, [item('Locate', privateKeys)])).match(/UniqueIdentifier/g)).toHaveLength(jobs)
    after.close()
    await next.stop()
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}, 120_000)

/** The items of a batch are run one after the other, so that some are left when the first is begun. */
async function untilInProcess(connection: Connection): Promise<void> {
  for (;;) if ((await say(connection, [item('QueryAsynchronousRequests')])).includes('InProcess')) return
}

async function connect({ host, port, certificates: { ca, alice } }: RunningServer): Promise<Connection> {
  const [authority, cert, key] = [readFileSync(ca), readFileSync(alice.cert), readFileSync(alice.key)]
  return Connection.open({ host, port, ca: authority, cert, key, servername: 'localhost' })
}

async function say(connection: Connection, items: readonly string[], header = ''): Promise<string> {
  return printItem(decodeItem(await connection.exchange(encodeItem(request('2.1', items, header)))))
}

function poll(value: string): string {
  return item('Poll', `<AsynchronousCorrelationValue type="ByteString" value="${value}"/>`)
}

const jobs = 4
/** Claims last 120 s. What is to be done here takes some seconds, on a loaded machine too. */
const secondsMax = 45
const mandatory = '<AsynchronousIndicator type="Enumeration" value="Mandatory"/>'
const privateKeys = '<Attributes><ObjectType type="Enumeration" value="PrivateKey"/></Attributes>'
const pair = `<CommonAttributes>
  <CryptographicAlgorithm type="Enumeration" value="RSA"/><CryptographicLength type="Integer" value="3072"/>
  <CryptographicUsageMask type="Integer" value="Sign Verify"/></CommonAttributes>`
