import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { LogRequest, LogResponse } from '../kmip/payload/log.ts'
import { operation } from './operation.ts'

/** KMIP 2.1 6.1.29 Log: the message goes to the audit, under the name of the caller. */
export const log = operation({
  code: Operation.Log,
  since: '2.0',
  request: LogRequest,
  response: LogResponse,
  reasons: ['InvalidField'],
  handle({ logMessage }, context) {
    if (logMessage.length > messageCharactersMax) {
      throw new KmipError('InvalidField', `a log message has at most ${messageCharactersMax} characters`)
    }
    context.note(logMessage)
    return {}
  },
})

/** A few screens of text: what people and tools write of one event. */
const messageCharactersMax = 8_192
