import { destroy as operation } from '../../client/operations.ts'
import { command } from '../command.ts'
import { onEach } from '../each.ts'
import { identifiersOf } from '../identifier.ts'
import { stateChange } from '../state-change.ts'

export const destroy = command({
  summary: 'destroy the material of keys for ever',
  positionals: '<id>...',
  options: {},
  details: 'A key that is active has to be revoked first. Its attributes stay.',
  examples: ['destroy name:first-key', 'destroy 0192... 0193... --json'],
  async run({ positionals, connect }) {
    const client = await connect()
    const ids = await identifiersOf(client, positionals)
    return stateChange(await onEach(client, operation, ids, (uniqueIdentifier) => ({ uniqueIdentifier })), 'destroyed')
  },
})
