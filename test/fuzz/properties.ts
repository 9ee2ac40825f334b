import { Tag } from '../../src/kmip/generated/tags.ts'
import { ResponseMessage } from '../../src/kmip/message.ts'
import { ResultStatus } from '../../src/kmip/generated/enums.ts'
import { TtlvError, decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { alice } from '../support/engine.ts'
import type { testEngine } from '../support/engine.ts'

/** Bytes become an item or a TtlvError, nothing else; what was decoded encodes to what decodes to the same. */
export function checkDecoder(bytes: Buffer): void {
  let item
  try {
    item = decodeItem(bytes)
  } catch (error) {
    if (error instanceof TtlvError) return
    throw error
  }
  const again = encodeItem(item)
  if (!encodeItem(decodeItem(again)).equals(again)) throw new Error('decode and encode disagree')
}

/**
 * Whatever arrives, the engine gives a well-formed answer in which every failure has reason and
 * message, without an error of its own in the log, and soon.
 */
export async function checkEngine({ engine, log }: ReturnType<typeof testEngine>, bytes: Buffer): Promise<void> {
  const began = performance.now()
  const answer = await engine.process(bytes, alice)
  const ms = performance.now() - began
  const item = decodeItem(answer.bytes)
  if (item.tag !== Tag.ResponseMessage) throw new Error('the answer is not a response message')
  const { batchItem } = ResponseMessage.decode(item, { version: 201 })
  if (batchItem.length === 0) throw new Error('the answer has no batch item')
  for (const { resultStatus, resultReason, resultMessage } of batchItem) {
    if (resultStatus === ResultStatus.Success || resultStatus === ResultStatus.OperationUndone) continue
    if (resultStatus === ResultStatus.OperationPending) continue
    if (resultReason === undefined || !resultMessage) throw new Error('a failure without reason or message')
  }
  const fault = log.find((entry) => (entry as { err?: unknown }).err !== undefined)
  if (fault !== undefined) throw new Error('an error of ours', { cause: (fault as { err: unknown }).err })
  log.length = 0
  if (ms > slowMs) throw new Error(`the answer took ${Math.round(ms)} ms`)
}

/** RSA keys take their time, elsewhere than on the event loop; anything else must not. */
const slowMs = 5_000
