import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { loadCase } from '../conformance/case-file.ts'
import { runCase } from '../conformance/run-case.ts'
import { alice, bob, testEngine } from '../support/engine.ts'

const folder = new URL('../../fixtures/conversation', import.meta.url).pathname

/** The same files as over TLS by the conformance runner, here in process: client A is alice, B bob of another account. */
test.for(globSync(`${folder}/*.xml`).toSorted().map((path) => [basename(path, '.xml'), path] as const))(
  '%s', async ([, path]) => {
    const { engine, log } = testEngine()
    const outcome = await runCase(loadCase(path, folder), async (client) => ({
      async exchange(request) {
        const { bytes } = await engine.process(encodeItem(request), client === 'B' ? bob : alice)
        return decodeItem(bytes)
      },
      close() {},
    }))
    expect({ failure: outcome.failure, faults: log.filter((entry) => 'err' in (entry as object)) })
      .toEqual({ failure: undefined, faults: [] })
  },
)
