import { KmipError } from '../kmip/error.ts'
import { Data, UniqueIdentifier } from '../kmip/generated/enums.ts'
import type { DataReference, Identifier } from '../kmip/identifier.ts'
import type { StateRecord } from '../model/job-record.ts'

/**
 * What the items of one message hand on to the later ones: the ID Placeholder, in 2.x also the
 * identifiers of the responses before and their data. It dies with its message (KMIP 2.1 6.1, 4.58).
 */
export class BatchState {
  readonly #isAlone: boolean
  #placeholder: string | undefined
  // Never changed, only replaced: so a fork costs nothing, and most messages need none of them.
  #identifiers: readonly string[] = []
  #latest: ReadonlyMap<number, string> = nothing
  /** The latest of each operation. */
  #data: StateRecord['data'] = []
  #outputs: readonly Buffer[] = []

  /** @param isAlone one item is the whole message: nobody asks for what its answer leaves, and it is not kept */
  constructor(isAlone = false) {
    this.#isAlone = isAlone
  }

  /** A copy to try the next item on: an attempt that loses a race leaves no trace. */
  fork(): BatchState {
    const copy = new BatchState(this.#isAlone)
    copy.#placeholder = this.#placeholder
    copy.#identifiers = this.#identifiers
    copy.#latest = this.#latest
    copy.#data = this.#data
    copy.#outputs = this.#outputs
    return copy
  }

  /**
   * After an item that was refused: what it has noted did not happen, but a Check that fails empties the ID Placeholder
   * (KMIP 2.1 6.1.7).
   *
   * @param attempt the fork that the item had
   */
  afterRefusal(attempt: BatchState): BatchState {
    const next = this.fork()
    if (attempt.#placeholder === undefined) next.#placeholder = undefined
    return next
  }

  /** All of it, to be kept until an asynchronous item is run. */
  snapshot(): StateRecord {
    return {
      placeholder: this.#placeholder,
      identifier: [...this.#identifiers],
      latest: [...this.#latest].map(([by, identifier]) => ({ by, identifier })),
      data: [...this.#data],
      output: [...this.#outputs],
    }
  }

  static restore(record: StateRecord | undefined): BatchState {
    const state = new BatchState()
    if (record === undefined) return state
    state.#placeholder = record.placeholder
    state.#identifiers = [...record.identifier]
    state.#latest = new Map(record.latest.map(({ by, identifier }) => [by, identifier]))
    state.#data = [...record.data]
    state.#outputs = [...record.output]
    return state
  }

  /**
   * Notes the object that an operation made or found; it becomes the ID Placeholder.
   *
   * @param identifier undefined where there is none, or no single one, and after a Check that fails: later items then mean
   *   nothing by it
   * @param by the operation's name in the Unique Identifier enumeration, where it has one
   */
  produced(identifier: string | undefined, by?: keyof typeof UniqueIdentifier): void {
    this.#placeholder = identifier
    if (by !== undefined) this.named(by, identifier)
  }

  /**
   * Notes what later items mean by a value of the Unique Identifier enumeration. Of one that would mean several objects,
   * as Create Key Pair does, nothing is noted: the operation would have to be repeated for each (KMIP 2.1 11.58), and no
   * clause says how that is answered.
   */
  named(by: keyof typeof UniqueIdentifier, identifier: string | undefined): void {
    const latest = new Map(this.#latest)
    if (identifier === undefined) latest.delete(UniqueIdentifier[by])
    else latest.set(UniqueIdentifier[by], identifier)
    this.#latest = latest
  }

  /** Counts the Unique Identifiers of a response, whatever its operation, in the order of its fields (KMIP 2.1 4.58). */
  answered(response: Identifiers): void {
    if (this.#isAlone) return
    const { uniqueIdentifier = [], privateKeyUniqueIdentifier = [], publicKeyUniqueIdentifier = [] } = response
    this.#identifiers = this.#identifiers.concat(uniqueIdentifier, privateKeyUniqueIdentifier, publicKeyUniqueIdentifier)
  }

  /** What a request without an identifier means. */
  get placeholder(): string | undefined {
    return this.#placeholder
  }

  /** Notes the output that a later item may name by the Data enumeration. */
  output(by: keyof typeof Data, data: Buffer): void {
    if (this.#isAlone) return
    const code = Data[by]
    this.#data = [...this.#data.filter((earlier) => earlier.by !== code), { by: code, data }]
    this.#outputs = [...this.#outputs, data]
  }

  /** @throws KmipError Object Not Found when nothing earlier in the message answers to the reference, or several objects do */
  identifier(reference: Identifier | undefined): string {
    if (typeof reference === 'string') return reference
    const found = this.#find(reference)
    if (found === undefined) throw new KmipError('ObjectNotFound', 'no single object precedes that the request could mean')
    return found
  }

  /** @throws KmipError Missing Data when no earlier item has made such data */
  data(reference: DataReference): Buffer
  data(reference: DataReference | undefined): Buffer | undefined
  data(reference: DataReference | undefined): Buffer | undefined {
    if (reference === undefined || Buffer.isBuffer(reference)) return reference
    const data = 'index' in reference ? this.#outputs.at(reference.index) : this.#latestData(reference.enumeration)
    if (data === undefined) throw new KmipError('MissingData', 'no earlier batch item made that data')
    return data
  }

  #latestData(operation: number): Buffer | undefined {
    return this.#data.find(({ by }) => by === operation)?.data
  }

  #find(reference: Exclude<Identifier, string> | undefined): string | undefined {
    if (reference === undefined) return this.#placeholder
    if ('index' in reference) return this.#identifiers.at(reference.index)
    if (reference.enumeration === UniqueIdentifier.IDPlaceholder) return this.#placeholder
    return this.#latest.get(reference.enumeration)
  }
}

/** Where responses name objects. */
interface Identifiers {
  readonly uniqueIdentifier?: string | readonly string[]
  readonly privateKeyUniqueIdentifier?: string | readonly string[]
  readonly publicKeyUniqueIdentifier?: string | readonly string[]
}

const nothing: ReadonlyMap<number, never> = new Map<number, never>()
