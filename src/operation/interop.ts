import { KmipError } from '../kmip/error.ts'
import { InteropFunction, Operation } from '../kmip/generated/enums.ts'
import { InteropRequest, InteropResponse } from '../kmip/payload/interop.ts'
import { resetAccountSettings } from './account-settings.ts'
import { operation } from './operation.ts'

/**
 * KMIP 2.1 6.1.26 Interop: marks in the audit where a test begins and ends. Reset is to give the state "at the beginning
 * of an interop session" (KMIP 2.1 11.22). Here that is what the account has set for all its requests, its defaults and
 * its constraints: a test finds and leaves them as they are at first. Objects stay, because a server in use must not lose
 * keys to a test's request.
 */
export const interop = operation({
  code: Operation.Interop,
  since: '2.0',
  request: InteropRequest,
  response: InteropResponse,
  reasons: ['InvalidField'],
  isAvailable: ({ interop }) => interop,
  async handle({ interopFunction, interopIdentifier }, context) {
    const name = functionNames.get(interopFunction)
    if (name === undefined) throw new KmipError('InvalidField', 'unknown Interop Function')
    if (interopIdentifier.length > identifierCharactersMax) {
      throw new KmipError('InvalidField', `an Interop Identifier has at most ${identifierCharactersMax} characters`)
    }
    await resetAccountSettings(context.objects, context.caller)
    context.note(`interop ${name} ${interopIdentifier}`)
    return {}
  },
})

const functionNames: ReadonlyMap<number, string> = new Map(
  Object.entries(InteropFunction).map(([name, code]) => [code, name.toLowerCase()]),
)
const identifierCharactersMax = 256
