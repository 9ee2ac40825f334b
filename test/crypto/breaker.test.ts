import { expect, test } from 'vitest'
import { Breaker } from '../../src/crypto/breaker.ts'

const refused = new Error('refused')
const broken = new Error('broken')

/** A breaker with a clock of its own, and calls that end when they are told to. */
function breakerWithCalls() {
  const told: string[] = []
  const clock = { ms: 0 }
  const breaker = new Breaker({ nowMs: () => clock.ms, onChange: (state) => void told.push(state) })
  let made = 0
  const begin = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const ended = breaker.run(() => {
      made += 1
      return promise
    }, (error) => error === broken, () => refused).then(() => 'done', (error: Error) => error.message)
    const end = (error?: Error): Promise<string> => {
      if (error === undefined) resolve()
      else reject(error)
      return ended
    }
    return { ended, end }
  }
  return { breaker, clock, told, begin, made: () => made }
}

test('opens after five failures in a row, and not for refusals or failures with an answer in between', async () => {
  const { breaker, begin, told, made } = breakerWithCalls()
  for (const error of [broken, broken, broken, broken, undefined, broken, broken, broken, broken, new Error('no')]) {
    await begin().end(error)
  }
  expect([breaker.state, told]).toEqual(['closed', []])
  for (let each = 0; each < 5; each += 1) await begin().end(broken)
  expect([breaker.state, told]).toEqual(['open', ['open']])
  const before = made()
  expect(await begin().ended).toBe('refused')
  expect(made()).toBe(before)
})

test('pauses for a second whatever number of calls was under way when it opened', async () => {
  const { breaker, begin, clock, told } = breakerWithCalls()
  const calls = Array.from({ length: 100 }, begin)
  for (const { end } of calls) await end(broken)
  expect(told).toEqual(['open'])
  clock.ms = 1000
  expect(breaker.state).toBe('half-open')
})

test('lets one call try after the pause, also when calls from before end meanwhile', async () => {
  const { begin, clock, made } = breakerWithCalls()
  const early = Array.from({ length: 6 }, begin)
  for (const { end } of early.slice(1)) await end(broken)
  clock.ms = 1000
  const trial = begin()
  expect(made()).toBe(7)
  await early[0]!.end(broken)
  clock.ms = 5000
  for (let each = 0; each < 50; each += 1) expect(await begin().ended).toBe('refused')
  expect(made()).toBe(7)
  expect(await trial.end()).toBe('done')
  expect(await begin().end()).toBe('done')
})

test('doubles the pause while the trial fails, to half a minute, and begins anew after an answer', async () => {
  const { breaker, begin, clock, told } = breakerWithCalls()
  for (let each = 0; each < 5; each += 1) await begin().end(broken)
  for (const pause of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    clock.ms += pause - 1
    expect(breaker.state).toBe('open')
    clock.ms += 1
    await begin().end(broken)
  }
  clock.ms += 30_000
  await begin().end()
  expect(told).toEqual(['open', 'closed'])
  for (let each = 0; each < 5; each += 1) await begin().end(broken)
  clock.ms += 1000
  expect(breaker.state).toBe('half-open')
})
