/** What a store keeps of one lease. Times are milliseconds of the store's clock. */
export interface LeaseRecord {
  readonly holder: string
  readonly fence: number
  readonly from: number
  readonly until: number
}

/**
 * The lease after `holder` asks for it at `nowMs` for `ms` milliseconds, or undefined while another holder has it.
 * A clock that has gone back (a monotonic clock does so when the machine restarts) ends a lease, so that no lease
 * outlives its term by more than the term.
 */
export function nextLease(
  lease: LeaseRecord | undefined, holder: string, ms: number, nowMs: number,
): LeaseRecord | undefined {
  const held = lease !== undefined && nowMs >= lease.from && nowMs < lease.until
  if (held && lease.holder !== holder) return undefined
  const fence = lease === undefined ? 1 : lease.holder === holder ? lease.fence : lease.fence + 1
  return { holder, fence, from: nowMs, until: nowMs + ms }
}

/** Milliseconds since the machine started: the same in all threads and processes of it, and never set back. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
