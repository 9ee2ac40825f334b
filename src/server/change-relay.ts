import { decodeCmk, encodeCmk } from '../model/cmk-record.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { decodeRecord, encodeRecord } from '../model/record.ts'
import type { ChangeFeed, ObjectChange } from './change-feed.ts'

/** What one listening thread tells another of the changes that its clients want to hear, or make. */
export type FeedMessage = { readonly to: number, readonly from: number } & (
  | { readonly kind: 'listening', readonly accounts: readonly string[] }
  | { readonly kind: 'changed', readonly changes: readonly PackedChange[] })

/**
 * Brings the changes that one thread commits to the clients in the server's role on the others. Each thread says which
 * accounts it listens for, so that nothing is sent that nobody hears.
 */
export class ChangeRelay {
  readonly #feed: ChangeFeed
  readonly #own: number
  readonly #threads: number
  readonly #send: (message: FeedMessage) => void
  /** By the number of the thread. */
  readonly #listening = new Map<number, ReadonlySet<string>>()

  /** @param place the number of this thread, below that of all threads */
  constructor(feed: ChangeFeed, place: { own: number, threads: number }, send: (message: FeedMessage) => void) {
    this.#feed = feed
    this.#own = place.own
    this.#threads = place.threads
    this.#send = send
    feed.relay = { listen: () => this.announce(), publish: (changes) => this.#publish(changes) }
  }

  /** Says to the other threads for whom there are listeners here; at first, so that they say so too. */
  announce(): void {
    for (let to = 0; to < this.#threads; to += 1) if (to !== this.#own) this.#announceTo(to)
  }

  receive(message: FeedMessage): void {
    if (message.kind === 'changed') return this.#feed.tell(message.changes.map(unpack))
    const isNew = !this.#listening.has(message.from)
    this.#listening.set(message.from, new Set(message.accounts))
    if (isNew) this.#announceTo(message.from)
  }

  #announceTo(to: number): void {
    this.#send({ kind: 'listening', to, from: this.#own, accounts: this.#feed.accounts() })
  }

  #publish(changes: readonly ObjectChange[]): void {
    for (const [to, accounts] of this.#listening) {
      const heard = changes.filter(({ after }) => accounts.has(after.account))
      if (heard.length > 0) this.#send({ kind: 'changed', to, from: this.#own, changes: heard.map(pack) })
    }
  }
}

/** As records: objects hold secrets, whose methods do not get from one thread to another. */
interface PackedChange {
  readonly before: PackedObject | undefined
  readonly after: PackedObject
}

interface PackedObject {
  readonly uniqueIdentifier: string
  readonly revision: number
  readonly record: Uint8Array
  readonly cmk: { readonly revision: number, readonly record: Uint8Array } | undefined
}

function pack({ before, after }: ObjectChange): PackedChange {
  return { before: before && packObject(before), after: packObject(after) }
}

function packObject(object: ManagedObject): PackedObject {
  const { uniqueIdentifier, revision, cmk } = object
  return {
    uniqueIdentifier, revision, record: new Uint8Array(encodeRecord(object)),
    cmk: cmk && { revision: cmk.revision, record: new Uint8Array(encodeCmk(cmk)) },
  }
}

function unpack({ before, after }: PackedChange): ObjectChange {
  return { before: before && unpackObject(before), after: unpackObject(after) }
}

function unpackObject({ uniqueIdentifier, revision, record, cmk }: PackedObject): ManagedObject {
  const object = decodeRecord(uniqueIdentifier, revision, Buffer.from(record))
  return cmk === undefined ? object : { ...object, cmk: decodeCmk(cmk.revision, Buffer.from(cmk.record)) }
}
