import { readFileSync, readdirSync } from 'node:fs'
import { describe, it } from 'vitest'
import { testEngine } from '../support/engine.ts'
import { checkDecoder, checkEngine } from './properties.ts'

const folder = new URL('../../fixtures/fuzz/', import.meta.url)

describe('the corpus: what broke a decoder once, here or elsewhere, named by its defect', () => {
  it.each(readdirSync(folder))('%s', async (name) => {
    const bytes = Buffer.from(readFileSync(new URL(name, folder), 'utf8').trim(), 'hex')
    checkDecoder(bytes)
    await checkEngine(testEngine(), bytes)
  })
})
