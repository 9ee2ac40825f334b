import { getAttributes } from '../../client/operations.ts'
import { command } from '../command.ts'
import { onEach } from '../each.ts'
import { identifiersOf } from '../identifier.ts'
import { fields } from '../output.ts'
import { attributeRows, plainAttributes } from '../plain.ts'

export const show = command({
  summary: 'show the attributes of objects',
  positionals: '<id>...',
  options: {},
  examples: ['show name:first-key', 'show 0192... --json'],
  async run({ positionals, connect }) {
    const client = await connect()
    const ids = await identifiersOf(client, positionals)
    const results = await onEach(client, getAttributes, ids, (uniqueIdentifier) => ({
      uniqueIdentifier, attributeReference: [],
    }))
    const shown = results.map((result) => {
      if ('error' in result) throw result.error
      return result.value.attributes ?? {}
    })
    const json = shown.map(plainAttributes)
    return {
      json: json.length === 1 ? json[0] : json,
      text: shown.map((attributes) => fields(attributeRows(attributes))).join('\n\n'),
    }
  },
})
