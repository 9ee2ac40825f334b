import { revoke as operation } from '../../client/operations.ts'
import { RevocationReasonCode } from '../../kmip/generated/enums.ts'
import { command } from '../command.ts'
import { parseDate } from '../date.ts'
import { onEach } from '../each.ts'
import { identifiersOf } from '../identifier.ts'
import { valueByName } from '../names.ts'
import { stateChange } from '../state-change.ts'

export const revoke = command({
  summary: 'end the use of keys: deactivated, or compromised',
  positionals: '<id>...',
  options: {
    reason: {
      type: 'string', value: 'REASON',
      description: 'superseded, cessation-of-operation, key-compromise, ca-compromise, ... (unspecified)',
    },
    message: { type: 'string', value: 'TEXT', description: 'why, for people' },
    'compromised-at': { type: 'string', value: 'DATE', description: 'when a compromised key became known to others' },
  },
  details: 'A compromise may be told of a key in any state, which is compromised then; every other reason\n' +
    'deactivates an active key. Neither is taken back.',
  examples: [
    'revoke name:first-key --reason superseded', 'revoke 0192... --reason key-compromise --message "laptop lost"',
  ],
  async run({ values, positionals, connect }) {
    const code = valueByName('--reason', RevocationReasonCode, values.reason ?? 'unspecified')
    const at = values['compromised-at']
    const compromiseOccurrenceDate = at === undefined ? undefined : parseDate('--compromised-at', at)
    const isCompromise = code === RevocationReasonCode.KeyCompromise || code === RevocationReasonCode.CACompromise
    const client = await connect()
    const results = await onEach(client, operation, await identifiersOf(client, positionals), (uniqueIdentifier) => ({
      uniqueIdentifier,
      revocationReason: { revocationReasonCode: code, revocationMessage: values.message },
      compromiseOccurrenceDate,
    }))
    return stateChange(results, isCompromise ? 'compromised' : 'deactivated')
  },
})
