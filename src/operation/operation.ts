import type { CmkSettings } from '../cmk/settings.ts'
import type { Provider } from '../crypto/provider.ts'
import type { CiphertextAnswer, CiphertextRequest } from '../kmip/ciphertext-extension.ts'
import type { ResultReasonName } from '../kmip/error.ts'
import type { FieldMap, InferFields, Structure } from '../kmip/schema.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import type { Caller } from '../model/access.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { ClientProfile } from '../model/client-profile.ts'
import type { BatchState } from './batch-state.ts'
import type { ClientCredentials } from './client-credentials.ts'
import type { Jobs, OtherAnswer } from './job.ts'
import type { Keys } from './keys.ts'
import type { Objects } from './objects.ts'
import type { Streams } from './streams.ts'

/** Everything that one batch item needs; it dies with the item. */
export interface Context {
  readonly caller: Caller
  readonly version: Version
  /** Seconds since 1970-01-01 UTC, the same for the whole message. */
  readonly now: number
  /** The gate to the objects; what is saved through it is committed when the item has succeeded. */
  readonly objects: Objects
  readonly keys: Keys
  readonly batch: BatchState
  /** Does what needs no stored key: hashes, random numbers, new keys. */
  readonly provider: Provider
  /** Cryptographic operations in several parts that are under way. */
  readonly streams: Streams
  readonly settings: Settings
  /** What there is on this connection, in any version. */
  readonly operations: ReadonlyMap<number, AnyOperation>
  /** What the client's product needs. */
  readonly profile: ClientProfile
  /** Absent where clients are not known by certificates. */
  readonly clients?: ClientCredentials | undefined
  /** Asynchronous requests. */
  readonly jobs: Jobs
  /** The Message Extension of ours that came with the item, and what goes back in one. */
  readonly extension?: { readonly asked: CiphertextRequest; answer?: CiphertextAnswer } | undefined
  /** Puts a text into the audit, under the caller's name, once the item is final. */
  note(text: string): void
}

/** What of the configuration operations need. */
export interface Settings {
  /** Objects in one Locate response. */
  readonly locateItemsMax: number
  /** Bytes of one RNG Retrieve. */
  readonly randomBytesMax: number
  readonly serverName: string
  readonly serverVersion: string
  /** Whether there is Interop, which "SHALL NOT be available in a production server" (KMIP 2.1 6.1.26). */
  readonly interop: boolean
  /** Whether there is a port for HTTPS, with TTLV, XML and JSON. */
  readonly https: boolean
  readonly cmk: CmkSettings
}

export interface OperationDefinition<Q extends FieldMap, R extends FieldMap> {
  /** Operation enumeration. */
  readonly code: number
  readonly since: Version
  readonly request: Structure<Q>
  readonly response: Structure<R>
  /** The Result Reasons that the handler itself gives; fixtures produce every one. */
  readonly reasons: readonly ResultReasonName[]
  /** Whether the server is set to have it; absent for what every server has. */
  readonly isAvailable?: (settings: Settings) => boolean
  /**
   * Decides and does. It changes objects only through `context.objects`, so that it can be run
   * again when another caller was faster, and undone as a whole.
   */
  handle(request: InferFields<Q>, context: Context): Awaitable<InferFields<R> | OtherAnswer>
}

/** An operation whose payload types are forgotten, as the table holds it. */
export interface AnyOperation {
  readonly code: number
  readonly since: Version
  readonly request: Structure<FieldMap>
  readonly response: Structure<FieldMap>
  readonly reasons: readonly ResultReasonName[]
  readonly isAvailable?: (settings: Settings) => boolean
  handle(request: never, context: Context): Awaitable<unknown>
}

export function operation<Q extends FieldMap, R extends FieldMap>(
  definition: Omit<OperationDefinition<Q, R>, 'since'> & { since: string },
): AnyOperation {
  return { ...definition, since: parseVersion(definition.since) }
}
