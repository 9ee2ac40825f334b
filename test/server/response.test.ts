import { describe, expect, it } from 'vitest'
import { Operation, ResultStatus } from '../../src/kmip/generated/enums.ts'
import { outgoing } from '../../src/kmip/message.ts'
import type { ResponseBatchItem } from '../../src/kmip/message.ts'
import { LocateResponse } from '../../src/kmip/payload/locate.ts'
import { encodeResponse } from '../../src/server/request.ts'
import { ResponseRoom } from '../../src/server/response-room.ts'

/** All connections of a thread share the buffers: what one could not be told must not reach the next. */
describe('after an answer that cannot be written', () => {
  it('the next one is whole, and holds nothing of it', () => {
    const whole = encodeResponse([located(1)], frame)
    expect(() => encodeResponse([located(1), located(2 ** 40)], frame)).toThrow(RangeError)
    expect(encodeResponse([located(1)], frame)).toEqual(whole)
  })

  it('the next one has all its room', () => {
    const room = new ResponseRoom(1_000, 88, 104)
    for (let time = 0; time < 20; time += 1) expect(() => room.reserve(located(2 ** 40))).toThrow(RangeError)
    expect(() => room.reserve(located(1))).not.toThrow()
  })
})

function located(locatedItems: number): ResponseBatchItem {
  return {
    operation: Operation.Locate,
    resultStatus: ResultStatus.Success,
    responsePayload: outgoing(LocateResponse, { locatedItems, uniqueIdentifier: ['a', 'b'] }),
    messageExtension: [],
  }
}

const frame = { version: 104, now: 0 }
