/** What the provider and the process that holds the PKCS#11 module say to each other: jobs there, answers back. */
export type Job =
  | { readonly op: 'connect'; readonly options: ConnectOptions; readonly pin: string | undefined }
  | CryptJob
  | { readonly op: 'generate'; readonly mechanism: Mechanism; readonly template: Template; readonly place: NewPlace }
  | { readonly op: 'generatePair'; readonly mechanism: Mechanism; readonly publicTemplate: Template
    readonly template: Template; readonly place: NewPlace; readonly publicValues: readonly number[] }
  | { readonly op: 'create'; readonly template: Template; readonly place: NewPlace }
  | UnwrapIntoJob
  | { readonly op: 'wrapBytes'; readonly key: KeyPlace; readonly mechanism: Mechanism; readonly bytes: Uint8Array }
  | { readonly op: 'unwrapBytes'; readonly key: KeyPlace; readonly mechanism: Mechanism; readonly wrapped: Uint8Array }
  | { readonly op: 'destroy'; readonly key: KeyPlace }
  | { readonly op: 'check' }
  | { readonly op: 'oaepFacts' }
  | { readonly op: 'unwrapFacts' }

/** A use of a key. */
export interface CryptJob {
  readonly op: 'crypt'
  readonly verb: Verb
  readonly key: ReferredPlace
  readonly mechanism: Mechanism
  readonly data: Uint8Array
  /** Bytes that the result has at the most. */
  readonly room: number
}

/** Takes in a key that comes wrapped. */
export interface UnwrapIntoJob {
  readonly op: 'unwrapInto'
  readonly key: KeyPlace
  readonly mechanism: Mechanism
  readonly wrapped: Uint8Array
  /** A wrapped AES key, by which the key itself is wrapped (AES key wrap with padding). */
  readonly transport?: { readonly mechanism: Mechanism; readonly wrapped: Uint8Array } | undefined
  readonly template: Template
  readonly place: NewPlace
  /** Attributes of the key that are to be told. */
  readonly values: readonly number[]
}

/**
 * `length` is that of a secret key, in bytes, rounded up to a multiple of 8 if `isRounded`; `values` are in the order in
 * which they were asked for.
 */
export interface UnwrappedInto {
  readonly wrapped: WrappedKey | undefined
  readonly values: readonly Uint8Array[]
  readonly length: number | undefined
  readonly isRounded: boolean
}

export const verbs = ['encrypt', 'decrypt', 'sign'] as const
export type Verb = (typeof verbs)[number]

export interface Mechanism {
  readonly mechanism: number
  readonly parameter?: Uint8Array | Readonly<Record<string, unknown>> | undefined
}

export type Template = readonly { readonly type: number; readonly value: number | boolean | string | Uint8Array }[]

/** Where a key is: an object of the token, or wrapped in the record, under a key that is an object of the token. */
export interface KeyPlace {
  readonly id: string
  readonly objectClass: number
  readonly wrapped?: WrappedKey | undefined
}

/** A key place as the record has it, which is looked into only when the key is not at hand by its id. */
export interface ReferredPlace {
  readonly id: string
  readonly reference: Uint8Array
}

export interface WrappedKey {
  readonly bytes: Uint8Array
  readonly mechanism: number
  readonly iv?: Uint8Array | undefined
  /** CKA_ID of the key that wraps it, hexadecimal. */
  readonly wrappingKey: string
  /** What the key is when it is unwrapped. */
  readonly template: Template
}

/** Where a key is to be: `template` is what it is then, without the attributes that its place decides. */
export interface NewPlace {
  readonly id: string
  readonly storage: Storage
}

/** `internal`: an object of the token. `encryptedDatabase`: wrapped by a key of the token, kept by us. */
export type Storage = 'internal' | 'encryptedDatabase'

export interface ConnectOptions {
  readonly module: string
  /** For modules that take a string to be initialized with (NSS). */
  readonly parameters?: string | undefined
  /** The label of the token; or else the number of its slot, counted as the module lists them. */
  readonly token?: string | undefined
  readonly slot?: number | undefined
  readonly storage: Storage
  readonly sessionsMax: number
  readonly handlesMax: number
  readonly waitMsMax: number
  /** How long an unwrapped key that is not used stays in the token's memory. */
  readonly copyMsMax: number
}

/** What a token says of itself when it is connected. */
export interface TokenFacts {
  readonly label: string
  readonly mechanisms: readonly MechanismFacts[]
  /** Hexadecimal contents of the object identifiers of the curves that it makes keys on. */
  readonly curves: readonly string[]
}

/** What a token does of OAEP, which no list tells. */
export interface OaepFacts {
  /** Mechanisms of the hashes that it takes, with the mask generation hash the same. */
  readonly hashes: number[]
  /** Whether the two may differ. */
  readonly mixed: boolean
  /** Whether a wrong label is refused: SoftHSM takes every one. */
  readonly labels: boolean
}

/** What a token unwraps into itself, which no list tells either. */
export interface UnwrapFacts {
  /** Secret keys under RSA: by PKCS#1 v1.5, and by OAEP with these hashes, as in `OaepFacts`. */
  readonly pkcs1: boolean
  readonly oaep: number[]
  /** Types of the private keys (CKK) under AES key wrap with padding. */
  readonly privateKeys: number[]
}

export interface MechanismFacts {
  readonly mechanism: number
  readonly minKeySize: number
  readonly maxKeySize: number
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure }

/** `code` is PKCS#11's, `early` when the token refused before it touched any data. */
export interface Failure {
  readonly kind: 'pkcs11' | 'keyMissing' | 'busy' | 'module'
  readonly code: number
  readonly name: string
  readonly early: boolean
}
