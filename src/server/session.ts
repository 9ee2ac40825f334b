import { InteropFunction, Operation, ResultStatus } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import type { RequestBatchItem, ResponseBatchItem } from '../kmip/message.ts'
import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'

/** What the engine knows of a connection from one message to the next. */
export class Session {
  /** Whether the connection goes on after an answer, so that the server can ask on it. */
  readonly isLasting: boolean
  #isUnderTest = false
  #hasJustBegun = false

  /** Whether a test has begun and not ended; it ends with the connection. */
  get hasOpenTest(): boolean {
    return this.#isUnderTest
  }

  /** Whether a test has begun with the last message: its client may make a connection for each message. */
  get hasJustBegun(): boolean {
    return this.#hasJustBegun
  }

  constructor(isLasting = true) {
    this.isLasting = isLasting
  }

  /**
   * Notes where a test begins and ends (KMIP 2.1 6.1.26).
   *
   * @param results of the items, in their order; fewer when the batch stopped
   * @returns whether the messages of this exchange belong to a test
   */
  isUnderTest(items: readonly RequestBatchItem[], results: readonly ResponseBatchItem[]): boolean {
    const before = this.#isUnderTest
    this.#hasJustBegun = false
    for (const [index, { operation, requestPayload }] of items.entries()) {
      if (operation !== Operation.Interop || results[index]?.resultStatus !== ResultStatus.Success) continue
      this.#isUnderTest = functionOf(requestPayload as Item) === InteropFunction.Begin
      this.#hasJustBegun = this.#isUnderTest
    }
    return before || this.#isUnderTest
  }
}

function functionOf(payload: Item): unknown {
  if (payload.type !== ItemType.Structure) return undefined
  return payload.value.find(({ tag }) => tag === Tag.InteropFunction)?.value
}
