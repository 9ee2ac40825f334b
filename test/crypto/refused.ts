import { expect } from 'vitest'
import { KmipError } from '../../src/kmip/error.ts'
import type { Awaitable } from '../../src/model/awaitable.ts'

/** The refusal; anything else that is thrown, and nothing, fails the test. */
export async function errorOf(run: () => Awaitable<unknown>): Promise<KmipError> {
  try {
    await run()
  } catch (error) {
    expect(error).toBeInstanceOf(KmipError)
    return error as KmipError
  }
  throw new Error('nothing was refused')
}

export async function refused(run: () => Awaitable<unknown>, reason: KmipError['reason']): Promise<void> {
  expect((await errorOf(run)).reason).toBe(reason)
}
