import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generate } from '../../spec/generate.ts'

const directory = new URL('../../src/kmip/generated/', import.meta.url)

test('the generated tables are those of the standard: `npm run generate` writes them', () => {
  const files = generate()
  expect(readdirSync(directory).toSorted()).toEqual(Object.keys(files).toSorted())
  for (const [file, text] of Object.entries(files)) expect(readFileSync(new URL(file, directory), 'utf8'), file).toBe(text)
})
