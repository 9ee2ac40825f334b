import { descriptionOf } from '../../client/cmk.ts'
import type { CmkDescription, CmkValues } from '../../client/cmk.ts'
import type { Client } from '../../client/client.ts'
import { getAttributes } from '../../client/operations.ts'
import { pairs, plainCmk, textOf, withCmks } from '../cmk.ts'
import { command, wholeNumber } from '../command.ts'
import { onEach } from '../each.ts'
import { dateText, isoDate, table } from '../output.ts'

export const keyList = command({
  summary: 'list CMKs',
  positionals: '',
  options: {
    state: { type: 'string', value: 'STATE', description: 'Enabled, Disabled, PendingImport, PendingDeletion, ...' },
    spec: { type: 'string', value: 'SPEC', description: 'of this key spec' },
    usage: { type: 'string', value: 'USAGE', description: 'ENCRYPT/DECRYPT or SIGN/VERIFY' },
    class: { type: 'string', value: 'CLASS', description: 'customer, default or service' },
    origin: { type: 'string', value: 'ORIGIN', description: 'Aliyun_KMS or EXTERNAL' },
    'protection-level': { type: 'string', value: 'LEVEL', description: 'SOFTWARE, HSM or EXTERNAL' },
    alias: { type: 'string', value: 'NAME', description: 'with this alias' },
    creator: { type: 'string', value: 'NAME', description: 'made by this principal' },
    tag: { type: 'string', multiple: true, value: 'KEY=VALUE', description: 'with this tag' },
    max: { type: 'string', value: 'N', description: 'at most so many (100)' },
    offset: { type: 'string', value: 'N', description: 'leave out so many first (0)' },
  },
  details: 'A CMK is listed when it meets every filter.',
  examples: ['key list', 'key list --state PendingDeletion --tag team=db --json'],
  async run({ values, connect }) {
    const client = await connect()
    const page = {
      maximumItems: wholeNumber('--max', values.max ?? '100', 1, 10_000),
      offsetItems: wholeNumber('--offset', values.offset ?? '0', 0, 2_147_483_647),
    }
    const { ids, total } = await withCmks({ connect }, '', (cmks) => cmks.locate(filtersOf(values), page))
    const found = await describeAll(client, ids)
    const next = page.offsetItems + ids.length
    const more = next < (total ?? 0) ? `; more with --offset ${next}` : ''
    return {
      json: { total, keys: found.map(plainCmk) },
      text: `${table(headings, found.map(rowOf))}\n${ids.length} of ${total ?? ids.length}${more}`,
    }
  },
})

export const keyVersions = command({
  summary: 'list the versions of a CMK',
  positionals: '<cmk>',
  options: {},
  examples: ['key versions alias/orders'],
  async run({ positionals: [cmk = ''], connect }) {
    const client = await connect()
    const ids = await withCmks({ connect }, cmk, async (cmks) => {
      const { values } = await cmks.describe(cmk)
      return cmks.locateAll({ 'cmk-id': String(values['cmk-id']) })
    })
    // A pair's public key has no place of its own among the versions.
    const found = (await describeAll(client, ids)).filter(({ values }) => values['cmk-primary'] !== undefined)
      .toSorted((a, b) => Number(a.values['cmk-version']) - Number(b.values['cmk-version']))
    const creationDates = await initialDates(client, found.map(({ version }) => version))
    return {
      json: found.map(({ version, values }, at) => ({
        uniqueIdentifier: version, version: values['cmk-version'], primary: values['cmk-primary'],
        creationDate: isoDate(creationDates[at]!),
      })),
      text: table(['version', 'unique identifier', 'primary', 'created'], found.map(({ version, values }, at) => [
        String(values['cmk-version']), version, values['cmk-primary'] === true ? 'primary' : '',
        dateText(creationDates[at]!),
      ])),
    }
  },
})

interface Filters {
  readonly state?: string
  readonly spec?: string
  readonly usage?: string
  readonly class?: string
  readonly origin?: string
  readonly 'protection-level'?: string
  readonly alias?: string
  readonly creator?: string
  readonly tag?: string[]
}

function filtersOf({ state, spec, usage, class: keyClass, origin, alias, creator, tag = [], ...others }: Filters): CmkValues {
  const level = others['protection-level']
  return {
    'cmk-primary': true,
    ...(state !== undefined && { 'cmk-state': state }),
    ...(spec !== undefined && { 'cmk-key-spec': spec }),
    ...(usage !== undefined && { 'cmk-usage': usage }),
    ...(keyClass !== undefined && { 'cmk-class': keyClass }),
    ...(origin !== undefined && { 'cmk-origin': origin }),
    ...(level !== undefined && { 'cmk-protection-level': level }),
    ...(alias !== undefined && { 'cmk-alias': alias }),
    ...(creator !== undefined && { 'cmk-creator': creator }),
    ...Object.fromEntries(Object.entries(pairs('--tag', tag)).map(([key, value]) => [`cmk-tag-${key}`, value])),
  }
}

/** What has gone since it was found is left out. */
async function describeAll(client: Client, ids: readonly string[]): Promise<CmkDescription[]> {
  const answers = await onEach(client, getAttributes, ids, (uniqueIdentifier) => (
    { uniqueIdentifier, attributeReference: [] }))
  return answers.flatMap((answer) => ('error' in answer
    ? [] : [descriptionOf(answer.uniqueIdentifier, answer.value.attributes ?? {})]))
}

async function initialDates(client: Client, ids: readonly string[]): Promise<number[]> {
  const answers = await onEach(client, getAttributes, ids, (uniqueIdentifier) => (
    { uniqueIdentifier, attributeReference: [{ name: 'initialDate' as const }] }))
  return answers.map((answer) => ('error' in answer ? 0 : answer.value.attributes?.initialDate ?? 0))
}

function rowOf({ values, aliases }: CmkDescription): string[] {
  const shown = ['cmk-id', 'cmk-state', 'cmk-key-spec', 'cmk-usage', 'cmk-creation-date'] as const
  return [...shown.map((name) => (values[name] === undefined ? '' : textOf(name, values[name]))), aliases.join(', ')]
}

const headings = ['id', 'state', 'spec', 'usage', 'created', 'aliases']
