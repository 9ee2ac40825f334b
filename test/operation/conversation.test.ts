import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { loadCase } from '../conformance/case-file.ts'
import { runCase } from '../conformance/run-case.ts'
import { alice, testEngine } from '../support/engine.ts'

const folder = new URL('../../fixtures/conversation', import.meta.url).pathname

/** The same files as the conformance runner holds over TLS, here in process and with a look at the log. */
test.for(globSync(`${folder}/*.xml`).toSorted().map((path) => [basename(path, '.xml'), path] as const))(
  '%s', async ([, path]) => {
    const { engine, log } = testEngine()
    const transport = {
      exchange: async (request: Parameters<typeof encodeItem>[0]) =>
        decodeItem((await engine.process(encodeItem(request), alice)).bytes),
      close() {},
    }
    const outcome = await runCase(loadCase(path, folder), { open: async () => transport, generated: new Set() })
    expect({ failure: outcome.failure, faults: log.filter((entry) => 'err' in (entry as object)) })
      .toEqual({ failure: undefined, faults: [] })
  },
)
