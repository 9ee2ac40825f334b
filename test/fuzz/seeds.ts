import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { decodeElement } from '../../src/kmip/xml.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { loadCase } from '../conformance/case-file.ts'

/**
 * Well-formed request messages to start from: those of the published vectors, those of our own
 * conversations (each operation has one), and what an earlier run found (`fixtures/fuzz/*.hex`).
 */
export function seedRequests(): Item[] {
  const vectors = JSON.parse(readFileSync(`${fixtures}ttlv/vectors.json`, 'utf8')) as { valid: { hex: string }[] }
  const published = vectors.valid
    .filter(({ hex }) => Number.parseInt(hex.slice(0, 6), 16) === Tag.RequestMessage)
    .map(({ hex }) => decodeItem(Buffer.from(hex, 'hex')))
  return [...published, ...conversations(), ...found()]
}

function conversations(): Item[] {
  const folder = `${fixtures}conversation`
  if (!existsSync(folder)) return []
  const files = readdirSync(folder).filter((name) => name.endsWith('.xml'))
  return files.flatMap((name) => loadCase(`${folder}/${name}`, folder).steps.flatMap(({ request }) => {
    try {
      return [decodeElement(request)]
    } catch {
      // A placeholder where bytes or a date must be: only a conversation can fill it in.
      return []
    }
  }))
}

function found(): Item[] {
  const folder = `${fixtures}fuzz`
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => name.endsWith('.hex')).flatMap((name) => {
    try {
      return [decodeItem(Buffer.from(readFileSync(`${folder}/${name}`, 'utf8').trim(), 'hex'))]
    } catch {
      return []
    }
  })
}

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))
