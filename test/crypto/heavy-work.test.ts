import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { heavily } from '../../src/crypto/heavy-work.ts'

describe('long computations', () => {
  it('run two at a time, in their order, and a failing one gives its place on', async () => {
    let running = 0
    let most = 0
    const order: number[] = []
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, at) => heavily(async () => {
      running += 1
      most = Math.max(most, running)
      order.push(at)
      await sleep(5)
      running -= 1
      if (at % 3 === 0) throw new Error('failed')
    })))
    expect(most).toBe(2)
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(3)
  })

  it('are refused when too many wait', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const accepted = Array.from({ length: 514 }, () => heavily(() => promise))
    await expect(heavily(() => promise)).rejects.toMatchObject({ reason: 'ServerLimitExceeded' })
    resolve()
    await Promise.all(accepted)
  })
})
