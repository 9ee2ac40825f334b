import { describe, expect, it } from 'vitest'
import { Operation } from '../../src/kmip/generated/enums.ts'
import { rightsFor } from '../../src/model/grant.ts'
import type { Grant } from '../../src/model/grant.ts'
import type { JobRecord } from '../../src/model/job-record.ts'
import { isOwnJob } from '../../src/operation/job.ts'

const limited: Grant = { ticket: 't1', expires: 0, isLimited: true, isCounted: false }
const job = { account: 'alpha', principal: 'alice', ticket: 't1' } as JobRecord

describe('an asynchronous request belongs to who made it', () => {
  it.each([
    ['the principal itself', { account: 'alpha', principal: 'alice' }, true],
    ['the same ticket', { account: 'alpha', principal: 'alice', grant: limited }, true],
    ['another limited ticket', { account: 'alpha', principal: 'alice', grant: { ...limited, ticket: 't2' } }, false],
    ['another principal', { account: 'alpha', principal: 'carol' }, false],
    ['another user', { account: 'alpha', principal: 'alice', user: 'fred' }, false],
    ['another account', { account: 'beta', principal: 'alice' }, false],
  ])('%s', (_name, caller, isOwn) => {
    expect(isOwnJob(job, caller)).toBe(isOwn)
  })
})

describe('a right to some objects', () => {
  const grant: Grant = { ...limited, rights: [{ objects: { uniqueIdentifier: ['k1'] } }] }

  it.each([
    Operation.SetDefaults, Operation.SetConstraints, Operation.DelegatedLogin,
  ])('is none to operation %d', (operation) => {
    expect(() => rightsFor(grant, operation)).toThrow()
  })

  it('is one to Get', () => {
    expect(rightsFor(grant, Operation.Get)).toHaveLength(1)
  })
})
