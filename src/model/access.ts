import { ObjectType, Operation } from '../kmip/generated/enums.ts'
import { isKnown } from '../kmip/value-range.ts'
import type { Version } from '../kmip/version.ts'
import type { Grant } from './grant.ts'
import type { ManagedObject } from './managed-object.ts'

interface SubjectNames {
  readonly commonNames: readonly string[]
  readonly organizations: readonly string[]
}

/** Who calls: a principal inside an account (tenant), taken from the client certificate or from a ticket. */
export interface Caller {
  readonly account: string
  readonly principal: string
  /** Whom a credential in the request names, unproven: it only tells users of one principal apart. */
  readonly user?: string | undefined
  /** SHA-256 of the client certificate in hex, and the names in it; absent where it does not count. */
  readonly fingerprint?: string | undefined
  readonly certificate?: SubjectNames | undefined
  /** Of the ticket that the request shows; absent: all rights of the principal. */
  readonly grant?: Grant | undefined
  /** The cloud service that the principal acts for, by the configuration. */
  readonly service?: string | undefined
  /** The server's own work: the scheduler. */
  readonly isServer?: boolean
}

/** Who owns what the caller makes. No principal has a `#` in it. */
export function ownerName({ principal, user }: Caller): string {
  return user === undefined ? principal : `${principal}#${user}`
}

/**
 * Whether the object exists for the caller. Objects of other accounts do not, nor those of a type that the version, if
 * one is spoken, cannot name: they are not found, in Get as in Locate (design decision 6). Inside an account every
 * principal may use every object.
 */
export function isVisible({ account, kind }: ManagedObject, caller: Caller, version?: Version): boolean {
  return account === caller.account && (version === undefined || isKnown('ObjectType', ObjectType[kind], version))
}

/**
 * Whether the object's operation policy lets the caller do this. An object whose client has asked for the policy
 * `default` (1.x) is its owner's, certificates and public keys being readable for all (KMIP 1.4 3.18.2).
 */
export function isPermitted(object: ManagedObject, caller: Caller, operation: number): boolean {
  if (caller.isServer === true || object.attributes.operationPolicyName !== 'default') return true
  if (isOwner(object.owner, caller)) return true
  return (object.kind === 'Certificate' || object.kind === 'PublicKey') && openToAll.has(operation)
}

/**
 * Whoever has a certificate can name any user, or none. So only two that are named are told apart (TC-111): a request
 * without credentials, or an object that was made by one, is of the principal as a whole.
 */
function isOwner(owner: string, caller: Caller): boolean {
  const { principal, user } = caller
  if (owner === principal || owner === ownerName(caller)) return true
  return user === undefined && owner.startsWith(`${principal}#`)
}

const openToAll: ReadonlySet<number> = new Set([
  Operation.Locate, Operation.Check, Operation.Get, Operation.GetAttributes, Operation.GetAttributeList,
  Operation.ObtainLease,
])
