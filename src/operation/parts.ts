import { KmipError } from '../kmip/error.ts'
import type { Use } from '../model/usage.ts'
import { chargeUse, nothing, phaseOf, requireData, useKey } from './key-use.ts'
import type { KeyInUse, Part } from './key-use.ts'
import type { Identifier } from '../kmip/identifier.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import type { Context } from './operation.ts'

interface PartRequest extends Part {
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
  once(key: KeyInUse, data: Buffer): Promise<R>
  open(key: KeyInUse): Promise<S>
  update(stream: S, data: Buffer): R
  final(stream: S, key: KeyInUse, data: Buffer): Promise<R>
}

/**
 * Runs one request of an operation with a key, which may be a part of several. The key is loaded
 * and checked anew for every part: one that was revoked in between is used no further.
 */
export async function runPart<S, R>(
  context: Context, request: PartRequest, data: Buffer | undefined, parts: Parts<S, R>,
): Promise<PartResult<R>> {
  const phase = phaseOf(request)
  if (phase === 'only' || phase === 'first') {
    const key = await useKey(context, request.uniqueIdentifier, parts.use, request.cryptographicParameters)
    const { uniqueIdentifier } = key.object
    chargeUse(context, key.object, data?.length ?? 0)
    if (phase === 'only') return { uniqueIdentifier, result: await parts.once(key, requireData(data)) }
    const stream = await parts.open(key)
    const result = parts.update(stream, data ?? nothing)
    const content: OpenPart<S> = { uniqueIdentifier, stream, parameters: key.parameters }
    const correlationValue = context.streams.open(context.caller, parts.code, content, context.now)
    return { uniqueIdentifier, correlationValue, result }
  }
  const correlationValue = request.correlationValue!
  const open = context.streams.find(context.caller, parts.code, correlationValue, context.now) as OpenPart<S>
  const key = await useKey(context, open.uniqueIdentifier, parts.use, open.parameters)
  if (request.uniqueIdentifier !== undefined && context.batch.identifier(request.uniqueIdentifier) !== open.uniqueIdentifier) {
    throw new KmipError('InvalidField', 'the operation under way is one with another object')
  }
  if (key.object.attributes.usageLimits !== undefined) {
    chargeUse(context, key.object, data?.length ?? 0)
    // A stream cannot take its data twice, so the race for the allocation is decided before.
    await context.objects.commit()
  }
  const { uniqueIdentifier } = open
  if (phase === 'next') return { uniqueIdentifier, correlationValue, result: parts.update(open.stream, requireData(data)) }
  context.streams.close(correlationValue)
  return { uniqueIdentifier, result: await parts.final(open.stream, key, data ?? nothing) }
}

interface OpenPart<S> {
  readonly uniqueIdentifier: string
  readonly stream: S
  readonly parameters: CryptographicParameters
}
