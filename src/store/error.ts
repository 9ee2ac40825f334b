/** What stops the start: one line for the operator that names the thing and what is wrong with it. */
export class StartError extends Error {
  override name = 'StartError'
}

/**
 * A record's bytes are not what was sealed under this id and revision: changed, swapped, replayed, or sealed
 * under a data key that is gone. Nothing of it may be used.
 */
export class RecordTampered extends Error {
  override name = 'RecordTampered'
  readonly id: string
  constructor(id: string, options?: ErrorOptions) {
    super(`record ${id} failed authentication`, options)
    this.id = id
  }
}
