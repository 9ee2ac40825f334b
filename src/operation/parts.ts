import { KmipError } from '../kmip/error.ts'
import { ValidityIndicator } from '../kmip/generated/enums.ts'
import { after } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { Use } from '../model/usage.ts'
import { checkOnePart, checkPlaintext, checkTellsVersion } from './cmk-use.ts'
import { checkLaterPart, firstPartOf } from './first-part.ts'
import type { FirstPart } from './first-part.ts'
import { asKey, chargeUse, checkTagCarried, isLimited, nothing, phaseOf, requireData, useKey } from './key-use.ts'
import type { KeyInUse, Part } from './key-use.ts'
import type { Identifier } from '../kmip/identifier.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import type { Context } from './operation.ts'

interface PartRequest extends Part, FirstPart {
  readonly uniqueIdentifier?: Identifier | undefined
  readonly cryptographicParameters?: CryptographicParameters | undefined
}

/** What one part gives back. */
export interface PartResult<R> {
  readonly uniqueIdentifier: string
  readonly correlationValue?: Buffer | undefined
  readonly result: R
}

/** How an operation works on one part and on several: it opens, takes data, and ends. */
export interface Parts<S, R> {
  readonly code: number
  readonly use: Use
  once(key: KeyInUse, data: Buffer): Awaitable<R>
  /** Whether the result says that another version of a CMK may have made the data. */
  isMiss?(result: R): boolean
  open(key: KeyInUse): Awaitable<S>
  update(stream: S, data: Buffer): R
  final(stream: S, key: KeyInUse, data: Buffer): Awaitable<R>
}

/**
 * Runs one request of an operation with a key, which may be a part of several. The key is loaded
 * and checked anew for every part: one that was revoked in between is used no further.
 */
export function runPart<S, R>(
  context: Context, request: PartRequest, data: Buffer | undefined, parts: Parts<S, R>,
): Awaitable<PartResult<R>> {
  const phase = phaseOf(request, context)
  if (phase === 'only') return runOnce(context, request, requireData(data), parts)
  return phase === 'first' ? runFirst(context, request, data, parts) : runLater(context, request, data, parts, phase)
}

/** What an operation that checks answers: of a part that is not the last, only how it goes on. */
export function validity({ uniqueIdentifier, correlationValue, result }: PartResult<boolean | undefined>): {
  uniqueIdentifier: string; correlationValue?: Buffer; validityIndicator?: number
} {
  if (correlationValue !== undefined) return { uniqueIdentifier, correlationValue }
  return { uniqueIdentifier, validityIndicator: result === true ? ValidityIndicator.Valid : ValidityIndicator.Invalid }
}

async function runFirst<S, R>(
  context: Context, request: PartRequest, data: Buffer | undefined, parts: Parts<S, R>,
): Promise<PartResult<R>> {
  const key = await useKey(context, request.uniqueIdentifier, parts.use, request.cryptographicParameters)
  const { uniqueIdentifier, cmk } = key.object
  if (cmk !== undefined) checkOnePart(parts.use)
  checkTagCarried(key, parts.use, context.version)
  chargeUse(context, key.object, parts.use, data?.length ?? 0)
  const stream = await parts.open(key)
  const result = parts.update(stream, data ?? nothing)
  const content: OpenPart<S> = { uniqueIdentifier, stream, parameters: key.parameters, begun: firstPartOf(request) }
  const correlationValue = context.streams.open(context.caller, parts.code, content, context.now)
  context.objects.undo.add(() => void context.streams.close(correlationValue))
  return { uniqueIdentifier, correlationValue, result }
}

async function runLater<S, R>(
  context: Context, request: PartRequest, data: Buffer | undefined, parts: Parts<S, R>, phase: 'next' | 'last',
): Promise<PartResult<R>> {
  const correlationValue = request.correlationValue!
  const open = context.streams.find(context.caller, parts.code, correlationValue, context.now) as OpenPart<S>
  checkLaterPart(open.begun, request)
  const key = await useKey(context, open.uniqueIdentifier, parts.use, open.parameters)
  if (request.uniqueIdentifier !== undefined && context.batch.identifier(request.uniqueIdentifier) !== open.uniqueIdentifier) {
    throw new KmipError('InvalidField', 'the operation under way is one with another object')
  }
  checkTagCarried(key, parts.use, context.version)
  if (isLimited(key.object, parts.use)) {
    chargeUse(context, key.object, parts.use, data?.length ?? 0)
    // A stream cannot take its data twice, so the race for the allocation is decided before.
    await context.objects.commit()
  }
  const { uniqueIdentifier } = open
  if (phase === 'next') return { uniqueIdentifier, correlationValue, result: parts.update(open.stream, requireData(data)) }
  context.streams.close(correlationValue)
  return { uniqueIdentifier, result: await parts.final(open.stream, key, data ?? nothing) }
}

/** Of a CMK that is addressed as a whole, the versions are tried until one has made the data. */
function runOnce<S, R>(
  context: Context, request: PartRequest, data: Buffer, parts: Parts<S, R>,
): Awaitable<PartResult<R>> {
  const { use } = parts
  const identifier = context.batch.identifier(request.uniqueIdentifier)
  return after(context.objects.loadVersionsForUse(identifier, use), ({ newest, older }) => (
    after(asKey(context, newest, request.cryptographicParameters), (key) => {
      const { cmk, uniqueIdentifier } = key.object
      checkTagCarried(key, use, context.version)
      if (cmk !== undefined) checkPlaintext(cmk, key.parameters, use, data.length)
      if (cmk !== undefined && older.length > 0) checkTellsVersion(cmk, key.parameters)
      chargeUse(context, key.object, use, data.length)
      if (older.length > 0) return tryVersions(context, request, key, older, data, parts)
      return after(parts.once(key, data), (result) => ({ uniqueIdentifier, result }))
    })))
}

async function tryVersions<S, R>(
  context: Context, request: PartRequest, newest: KeyInUse, older: readonly string[], data: Buffer, parts: Parts<S, R>,
): Promise<PartResult<R>> {
  const { use } = parts
  const first = await tryVersion(newest, data, parts)
  if (isHit(first, parts)) return first
  for (const id of older) {
    const object = await context.objects.peekUsable(id, use)
    if (object === undefined) continue
    const attempt = await tryVersion(await asKey(context, object, request.cryptographicParameters), data, parts)
    if (isHit(attempt, parts)) return attempt
  }
  if (first instanceof KmipError) throw first
  return first
}

function isHit<S, R>(attempt: PartResult<R> | KmipError, parts: Parts<S, R>): attempt is PartResult<R> {
  return !(attempt instanceof KmipError) && parts.isMiss?.(attempt.result) !== true
}

async function tryVersion<S, R>(key: KeyInUse, data: Buffer, parts: Parts<S, R>): Promise<PartResult<R> | KmipError> {
  try {
    return { uniqueIdentifier: key.object.uniqueIdentifier, result: await parts.once(key, data) }
  } catch (error) {
    if (error instanceof KmipError && error.reason === 'CryptographicFailure') return error
    throw error
  }
}

interface OpenPart<S> {
  readonly uniqueIdentifier: string
  readonly stream: S
  readonly parameters: CryptographicParameters
  readonly begun: FirstPart
}
