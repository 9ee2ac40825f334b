import { Operation, QueryFunction } from '../kmip/generated/enums.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import type { Caller } from './access.ts'

/** A validation that Query tells of (KMIP 2.1 7.40). */
export interface Validation {
  /** Validation Authority Type and Validation Type enumerations. */
  readonly validationAuthorityType: number
  readonly validationAuthorityCountry?: string | undefined
  readonly validationAuthorityURI?: string | undefined
  readonly validationVersionMajor: number
  readonly validationVersionMinor?: number | undefined
  readonly validationType: number
  readonly validationLevel: number
  readonly validationCertificateIdentifier?: string | undefined
  readonly validationCertificateURI?: string | undefined
  readonly validationVendorURI?: string | undefined
  readonly validationProfile: readonly string[]
}

/**
 * What a client product needs otherwise than others (design decision 14: strictness is data). Only what has an effect,
 * and what the standard leaves to the server.
 */
export interface ClientProfile {
  /**
   * From this version on, answers have a Server Correlation Value where the client has given none of its own; on a
   * connection on which a test is under way (Interop), from 2.0 on in any case.
   */
  readonly correlationSince: Version
  /** Seconds: the Lease Time of the objects that the client makes; absent: that of all others. */
  readonly leaseTime?: number | undefined
  /** The Object Group of the objects that the client makes and gives none. */
  readonly objectGroup?: string | undefined
  /** Operations that Query does not list and that are refused. */
  readonly operationsOff: readonly number[]
  /** Whether requests are taken on to be executed later. */
  readonly asynchronous: boolean
  /** Whether cryptographic operations may come in several parts. */
  readonly streaming: boolean
  /** Whether the client may seed the generator of random numbers (KMIP 2.1 6.1.50). */
  readonly rngSeed: boolean
  /** Whether Query tells the server's version and how it goes about destroying and random numbers. */
  readonly tellsImplementation: boolean
  /** The Profile Names that Query tells, of those that hold; absent: all. */
  readonly profilesTold?: readonly number[] | undefined
  /** Formal validations that Query tells of, with the fields of KMIP's Validation Information; the operator knows which. */
  readonly validations: readonly Validation[]
  /** What the server asks a client that has taken the server's role, as far as its version knows it. */
  readonly queryFunctions: readonly number[]
  /**
   * X.501 name, in the text form of RFC 4514 (most specific part first, no escapes), of the authority that certifies for
   * the account, once it is made; absent: a name that no other one has.
   */
  readonly authorityName?: string | undefined
}

/** For whom the configuration says nothing. */
export const plainProfile: ClientProfile = Object.freeze({
  // PyKMIP, which ends at 2.0, cannot read one, whatever the standard says of that field.
  correlationSince: parseVersion('2.1'),
  operationsOff: [],
  asynchronous: true,
  streaming: true,
  rngSeed: true,
  tellsImplementation: true,
  validations: [],
  // As the published cases have them (TC-Q-S2C-1).
  queryFunctions: [
    QueryFunction.QueryOperations, QueryFunction.QueryObjects, QueryFunction.QueryServerInformation,
    QueryFunction.QueryAttestationTypes, QueryFunction.QueryCapabilities,
  ],
})

/** A profile, and the clients that it is for: `account`, or `account/principal`. */
export interface NamedProfile {
  readonly clients: readonly string[]
  readonly profile: ClientProfile
}

/** Finds the profile of a caller: of the principal, else of the account, else the default one. */
export class ClientProfiles {
  readonly #default: ClientProfile
  readonly #byClient: ReadonlyMap<string, ClientProfile>

  /** @param named profiles by name; `default` is for the clients that none names */
  constructor(named: Readonly<Record<string, NamedProfile>> = {}) {
    this.#default = named['default']?.profile ?? plainProfile
    this.#byClient = new Map(Object.values(named).flatMap(({ clients, profile }) => (
      clients.map((client): [string, ClientProfile] => [client, profile]))))
  }

  of({ account, principal }: Caller): ClientProfile {
    if (this.#byClient.size === 0) return this.#default
    return this.#byClient.get(`${account}/${principal}`) ?? this.#byClient.get(account) ?? this.#default
  }
}

/** Whether the profile lets the client have an operation. */
export function isOn({ operationsOff, asynchronous }: ClientProfile, operation: number): boolean {
  return !operationsOff.includes(operation) && (asynchronous || !asynchronousOperations.has(operation))
}

const asynchronousOperations: ReadonlySet<number> = new Set([
  Operation.Poll, Operation.Cancel, Operation.Process, Operation.QueryAsynchronousRequests,
])
