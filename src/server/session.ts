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
   * Notes what the last exchange did to the test (`testAfter`).
   *
   * @returns whether the messages of the exchange belong to a test
   */
  isUnderTest(isOpenAfter: boolean | undefined): boolean {
    const before = this.#isUnderTest
    this.#isUnderTest = isOpenAfter ?? before
    this.#hasJustBegun = isOpenAfter === true
    return before || this.#isUnderTest
  }
}

/**
 * Whether an exchange leaves a test that it has begun (KMIP 2.1 6.1.26). What was refused neither begins nor ends one.
 *
 * @param results of the items, in their order; fewer when the batch stopped
 * @returns undefined where no Interop has succeeded
 */
export function testAfter(
  items: readonly RequestBatchItem[], results: readonly ResponseBatchItem[],
): boolean | undefined {
  let isOpen: boolean | undefined
  for (const [index, { operation, requestPayload }] of items.entries()) {
    if (operation !== Operation.Interop || results[index]?.resultStatus !== ResultStatus.Success) continue
    isOpen = functionOf(requestPayload as Item) === InteropFunction.Begin
  }
  return isOpen
}

function functionOf(payload: Item): unknown {
  if (payload.type !== ItemType.Structure) return undefined
  return payload.value.find(({ tag }) => tag === Tag.InteropFunction)?.value
}
