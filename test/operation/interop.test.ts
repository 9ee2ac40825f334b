import { describe, expect, it } from 'vitest'
import { Operation } from '../../src/kmip/generated/enums.ts'
import { operations } from '../../src/operation/table.ts'
import { testEngine } from '../support/engine.ts'

describe('Interop "SHALL NOT be available in a production server"', () => {
  const { services } = testEngine()
  const available = (interop: boolean) => operations
    .filter(({ isAvailable }) => isAvailable?.({ ...services.settings, interop }) !== false)
    .map(({ code }) => code)

  it('is there only where the setting says so, and no other operation goes with it', () => {
    expect(available(true)).toContain(Operation.Interop)
    expect(available(false)).not.toContain(Operation.Interop)
    expect(available(false)).toHaveLength(available(true).length - 1)
  })
})
