import { query as operation } from '../../client/operations.ts'
import { QueryFunction, enumerations } from '../../kmip/generated/enums.ts'
import { QueryResponse } from '../../kmip/payload/query.ts'
import { protectionIn } from '../../kmip/protection-information.ts'
import type { ProtectionInformation } from '../../kmip/protection-information.ts'
import { parseVersion } from '../../kmip/version.ts'
import type { Version } from '../../kmip/version.ts'
import { command } from '../command.ts'
import { placeName } from '../place.ts'
import { fields } from '../output.ts'
import { plainPayload } from '../plain.ts'
import type { Plain } from '../plain.ts'

export const query = command({
  summary: 'ask the server what it can do',
  positionals: '',
  options: {},
  details: 'Asks everything that the protocol version has to ask.',
  examples: ['query', 'query --json'],
  async run({ connect }) {
    const client = await connect()
    const answer = await client.request(operation, { queryFunction: functionsOf(client.version) })
    const { serverInformation } = answer
    const places = protectionIn(serverInformation?.vendorSpecific ?? [])
    const json = plainPayload(QueryResponse, {
      ...answer, serverInformation: serverInformation && { ...serverInformation, vendorSpecific: [] },
    })
    const rows = Object.entries(json).flatMap(([name, value]) => (
      linesOf(value).map((line) => [titleOf(name), line] as const)))
    const placeRows = places.map((place) => ['Keys in', placeText(place)] as const)
    return {
      json: { ...json, ...(places.length > 0 && { protection: places }) },
      text: fields([...rows.filter(([, text]) => text !== ''), ...placeRows]),
    }
  },
})

function functionsOf(version: Version): number[] {
  const { since } = enumerations['QueryFunction']!
  return Object.entries(QueryFunction)
    .filter(([name]) => parseVersion(since[name] ?? '1.0') <= version)
    .map(([, number]) => number)
}

function placeText({ keySpec, ...place }: ProtectionInformation): string {
  return `${placeName(place)}: ${keySpec.join(', ')}`
}

/** `serverInformation` as `Server Information`. */
function titleOf(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').replace(/^./, (first) => first.toUpperCase())
}

/** A line for each structure of a list, and one for all plain values. */
function linesOf(value: Plain): string[] {
  const isPlain = !Array.isArray(value) || value.every((each: Plain) => typeof each !== 'object')
  return isPlain ? [textOf(value)] : value.map((each: Plain) => textOf(each))
}

function textOf(value: Plain): string {
  if (Array.isArray(value)) return value.map((each: Plain) => textOf(each)).join(', ')
  if (typeof value !== 'object') return String(value)
  return Object.entries(value).map(([name, each]: [string, Plain]) => `${name} ${textOf(each)}`).join(' ')
}
