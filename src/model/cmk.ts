/** A customer master key: a rotation family of managed objects with one life (design, section 4). */
export interface Cmk {
  /** Unique Identifier of the first version. */
  readonly id: string
  /** Revision of its record in the store; 0 when it is not stored yet. */
  readonly revision: number
  readonly account: string
  readonly arn: string
  /** Principal that made it. */
  readonly creator: string
  /** Seconds since 1970-01-01 UTC, like all dates here. */
  readonly creationDate: number
  /** Name in the table of src/cmk/key-spec.ts. */
  readonly keySpec: string
  readonly usage: CmkUsage
  readonly origin: CmkOrigin
  readonly protectionLevel: ProtectionLevelName
  /** Of a protection level other than SOFTWARE: what keeps it, by its name in the configuration. */
  readonly instance?: string | undefined
  /** Of a protection level of HSM: how it keeps the material. */
  readonly keyStorageMechanism?: KeyStorageMechanism | undefined
  readonly keyClass: CmkClass
  /** Of a service key: the service that it belongs to. */
  readonly service?: string | undefined
  /** What it is but for the clock; `cmkStateAt` knows the state. */
  readonly status: CmkStatus
  /** While deletion is scheduled, and after it. */
  readonly deleteDate?: number | undefined
  readonly deletionProtection: boolean
  readonly deletionProtectionDescription?: string | undefined
  readonly rotationAutomatic: boolean
  /** Seconds; kept while automatic rotation is off. */
  readonly rotationInterval?: number | undefined
  readonly rotationLastDate: number
  /** Of imported material; absent: it does not expire. */
  readonly materialExpireDate?: number | undefined
  /** While they are valid: how material comes in. */
  readonly importParameters?: ImportParameters | undefined
  /** Oldest first. The last one is the primary, so that there is always exactly one. */
  readonly versions: readonly CmkVersion[]
  /** With their prefix `alias/`, in the order in which they came. */
  readonly aliases: readonly string[]
  readonly description?: string | undefined
  /** What Encrypt through an address of the CMK gives; absent: what KMIP has, ciphertext with its IV and tag beside it. */
  readonly ciphertextFormat?: CiphertextFormat | undefined
  readonly tags: readonly CmkTag[]
}

/** As an object of the HSM, or wrapped by one and in our store. */
export type KeyStorageMechanism = 'HsmInternal' | 'HsmEncryptedDatabase'

/** How material is brought: wrapped under a public key that is for this CMK only, with a token that says so. */
export interface ImportParameters {
  /** Wrapping key spec and algorithm, `RSA_2048/RSAES_OAEP_SHA_256`. */
  readonly wrapping: string
  readonly token: string
  /** Unique Identifier of the public key. */
  readonly publicKey: string
  /** It as SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Buffer
  readonly expireDate: number
}

export interface CmkVersion {
  /** The symmetric or the private key. */
  readonly uniqueIdentifier: string
  /** Of an asymmetric CMK. */
  readonly publicKey?: string | undefined
  readonly creationDate: number
}

export interface CmkTag {
  readonly key: string
  readonly value: string
}

export type CmkUsage = 'ENCRYPT/DECRYPT' | 'SIGN/VERIFY'
export type CmkOrigin = 'Aliyun_KMS' | 'EXTERNAL'
export type ProtectionLevelName = 'SOFTWARE' | 'HSM' | 'EXTERNAL'
/** `blob`: ciphertext that describes itself (facts 5.1). */
export type CiphertextFormat = 'blob'
export type CmkClass = 'customer' | 'default' | 'service'
export type CmkStatus = 'Enabled' | 'Disabled' | 'PendingImport' | 'Archived'
export type CmkState = CmkStatus | 'PendingDeletion' | 'Deleted'

/**
 * The state at a moment. A date acts when it is reached, whether or not the scheduler has run (design decision 4).
 *
 * @param now seconds since 1970-01-01 UTC
 */
export function cmkStateAt(cmk: Cmk, now: number): CmkState {
  if (cmk.deleteDate !== undefined) return cmk.deleteDate <= now ? 'Deleted' : 'PendingDeletion'
  if (isMaterialExpired(cmk, now)) return 'PendingImport'
  return cmk.status
}

export function isMaterialExpired({ materialExpireDate }: Cmk, now: number): boolean {
  return materialExpireDate !== undefined && materialExpireDate <= now
}

/** Whether a CMK has the material that it was to be brought. */
export function hasMaterial(cmk: Cmk, now: number): boolean {
  return cmk.status !== 'PendingImport' && !isMaterialExpired(cmk, now)
}

export function primaryOf({ versions }: Cmk): CmkVersion {
  return versions.at(-1)!
}

/** The version that the object is of, counted from 1; 0 when it is none of the CMK's. */
export function generationOf({ versions }: Cmk, uniqueIdentifier: string): number {
  return 1 + versions.findIndex((version) =>
    version.uniqueIdentifier === uniqueIdentifier || version.publicKey === uniqueIdentifier)
}

export type RotationState = 'Enabled' | 'Disabled' | 'Suspended'

/** Automatic rotation rests while the CMK is not Enabled, and ends with it. */
export function rotationStateAt(cmk: Cmk, now: number): RotationState {
  const state = cmkStateAt(cmk, now)
  if (!cmk.rotationAutomatic || state === 'Deleted') return 'Disabled'
  return state === 'Enabled' ? 'Enabled' : 'Suspended'
}

/** When the next automatic rotation is due, or undefined when none is. */
export function nextRotationDate(cmk: Cmk, now: number): number | undefined {
  return rotationStateAt(cmk, now) === 'Enabled' && cmk.rotationInterval !== undefined
    ? cmk.rotationLastDate + cmk.rotationInterval
    : undefined
}
