import { activate as operation } from '../../client/operations.ts'
import { command } from '../command.ts'
import { onEach } from '../each.ts'
import { identifiersOf } from '../identifier.ts'
import { stateChange } from '../state-change.ts'

export const activate = command({
  summary: 'make keys usable that are pre-active',
  positionals: '<id>...',
  options: {},
  examples: ['activate name:first-key'],
  async run({ positionals, connect }) {
    const client = await connect()
    const ids = await identifiersOf(client, positionals)
    return stateChange(await onEach(client, operation, ids, (uniqueIdentifier) => ({ uniqueIdentifier })), 'active')
  },
})
