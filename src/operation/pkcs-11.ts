import { KmipError } from '../kmip/error.ts'
import type { ResultReasonName } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { PKCS11Request, PKCS11Response } from '../kmip/payload/pkcs-11.ts'
import type { PKCS11Request as Request, PKCS11Response as Response } from '../kmip/payload/pkcs-11.ts'
import { Pkcs11CodecError, Pkcs11Reader } from '../kmip/pkcs11-codec.ts'
import { pkcs11ReturnCodes } from '../kmip/pkcs11-names.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { Application, Pkcs11Failure } from './pkcs-11-application.ts'
import { cryptoFunctions } from './pkcs-11-crypto.ts'
import { keyFunctions } from './pkcs-11-key.ts'
import { objectFunctions } from './pkcs-11-object.ts'
import { functionNames, tokenFunctions } from './pkcs-11-token.ts'

/**
 * KMIP 2.1 6.1.37 PKCS#11. The token is the caller's account. C_Initialize gives the Correlation Value that all other
 * functions come with, until C_Finalize. What a function of PKCS#11 refuses, its return code says.
 */
export const pkcs11 = operation({
  code: Operation.PKCS_11,
  since: '2.0',
  request: PKCS11Request,
  response: PKCS11Response,
  reasons: ['PKCS_11CodecError', 'PKCS_11InvalidFunction', 'PKCS_11InvalidInterface', 'ServerLimitExceeded'],
  async handle(request, context) {
    const { pkcs11Interface, pkcs11Function } = request
    if (pkcs11Interface !== undefined && pkcs11Interface !== standardInterface) {
      throw new KmipError('PKCS_11InvalidInterface', `the interface is ${standardInterface}`)
    }
    const name = typeof pkcs11Function === 'number' ? functionNames.get(pkcs11Function) : undefined
    if (name === undefined) throw new KmipError('PKCS_11InvalidFunction', 'unknown function')
    const common = { ...(pkcs11Interface !== undefined && { pkcs11Interface }), pkcs11Function }
    const takeBack = context.objects.savepoint()
    try {
      return { ...common, ...await call(name, request, context), pkcs11ReturnCode: pkcs11ReturnCodes['OK']! }
    } catch (error) {
      // The item succeeds, and is committed, whatever a function returns; one that fails has done nothing, unless it
      // has an output: then its use of a key counts, as the result is kept until there is room for it.
      if (!(error instanceof Pkcs11Failure && error.output !== undefined)) takeBack()
      return { ...common, ...refused(error) }
    }
  },
})

type Answer = Pick<Response, 'correlationValue' | 'pkcs11OutputParameters'>

async function call(name: string, request: Request, context: Context): Promise<Answer> {
  const { streams, caller, now, objects: { undo } } = context
  const { correlationValue, pkcs11InputParameters } = request
  if (name === 'C_Initialize') {
    if (correlationValue !== undefined) throw new Pkcs11Failure('CRYPTOKI_ALREADY_INITIALIZED')
    const opened = streams.open(caller, Operation.PKCS_11, new Application(), now)
    undo.add(() => void streams.close(opened))
    return { correlationValue: opened }
  }
  const application = applicationOf(correlationValue, context)
  if (name === 'C_Finalize') {
    undo.add(streams.close(correlationValue!))
    return {}
  }
  const run = functions[name]
  if (run === undefined) throw new Pkcs11Failure('FUNCTION_NOT_SUPPORTED')
  undo.add(application.savepoint())
  const input = new Pkcs11Reader(pkcs11InputParameters ?? Buffer.alloc(0))
  const output = await run(input, application, context)
  // A list's room, a session's callback and a PIN say nothing here, and are passed over.
  if (!Object.hasOwn(tokenFunctions, name)) input.end()
  return output === undefined ? {} : { pkcs11OutputParameters: output.take() }
}

function applicationOf(correlationValue: Buffer | undefined, { streams, caller, now }: Context): Application {
  if (correlationValue === undefined) throw new Pkcs11Failure('CRYPTOKI_NOT_INITIALIZED')
  try {
    return streams.find(caller, Operation.PKCS_11, correlationValue, now) as Application
  } catch (error) {
    if (error instanceof KmipError) throw new Pkcs11Failure('CRYPTOKI_NOT_INITIALIZED')
    throw error
  }
}

/** @throws KmipError PKCS#11 Codec Error, and what is no matter of PKCS#11 */
function refused(error: unknown): { pkcs11OutputParameters?: Buffer; pkcs11ReturnCode: number } {
  if (error instanceof Pkcs11Failure) {
    const { output, returnCode } = error
    return { ...(output !== undefined && { pkcs11OutputParameters: output }), pkcs11ReturnCode: returnCode }
  }
  if (error instanceof Pkcs11CodecError) throw new KmipError('PKCS_11CodecError', error.message)
  if (error instanceof KmipError && !passedOn.has(error.reason)) {
    return { pkcs11ReturnCode: pkcs11ReturnCodes[returnCodes[error.reason] ?? 'FUNCTION_FAILED']! }
  }
  throw error
}

const functions = { ...tokenFunctions, ...objectFunctions, ...keyFunctions, ...cryptoFunctions }
/** Name of the interface of PKCS#11 3.0. */
const standardInterface = 'PKCS 11'
const passedOn: ReadonlySet<ResultReasonName> = new Set<ResultReasonName>([
  'NotAuthorised', 'PermissionDenied', 'ServerLimitExceeded', 'InvalidTicket', 'UsageLimitExceeded',
])
const returnCodes: Partial<Record<ResultReasonName, string>> = {
  ObjectNotFound: 'OBJECT_HANDLE_INVALID',
  ObjectDestroyed: 'OBJECT_HANDLE_INVALID',
  ObjectArchived: 'KEY_FUNCTION_NOT_PERMITTED',
  WrongKeyLifecycleState: 'KEY_FUNCTION_NOT_PERMITTED',
  IncompatibleCryptographicUsageMask: 'KEY_FUNCTION_NOT_PERMITTED',
  CryptographicFailure: 'ENCRYPTED_DATA_INVALID',
  InvalidField: 'ARGUMENTS_BAD',
  BadCryptographicParameters: 'MECHANISM_PARAM_INVALID',
  UnsupportedCryptographicParameters: 'MECHANISM_INVALID',
  FeatureNotSupported: 'MECHANISM_INVALID',
  InvalidObjectType: 'KEY_TYPE_INCONSISTENT',
  KeyValueNotPresent: 'KEY_FUNCTION_NOT_PERMITTED',
  NotExtractable: 'KEY_UNEXTRACTABLE',
  AttributeReadOnly: 'ATTRIBUTE_READ_ONLY',
  InvalidAttribute: 'ATTRIBUTE_VALUE_INVALID',
  InvalidAttributeValue: 'ATTRIBUTE_VALUE_INVALID',
  NonUniqueNameAttribute: 'ATTRIBUTE_VALUE_INVALID',
  KeyFormatTypeNotSupported: 'KEY_NOT_WRAPPABLE',
}
