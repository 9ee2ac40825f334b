import type { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import type { Caller } from '../model/access.ts'

/** One record per batch item: who did what to which object, and how it ended. Never data, never key material. */
export interface Audit {
  done(caller: Caller, operation: number, response: unknown): void
  /** @param uniqueIdentifier the one that the request names, where it does */
  refused(caller: Caller, operation: number, refusal: KmipError, uniqueIdentifier: string | undefined): void
  /** What an operation itself has to say: the text of Log, the marks of Interop. */
  noted(caller: Caller, operation: number, text: string): void
}

/** The part of a logger that the audit needs. */
export interface AuditLog {
  info(details: object, message: string): void
  debug(details: object, message: string): void
  isLevelEnabled(level: string): boolean
}

/**
 * Writes changes and refusals at level info, and what only reads or uses keys at level debug: a
 * busy server would otherwise write a line for each of some ten thousand requests a second.
 */
export function logAudit(log: AuditLog): Audit {
  const debug = log.isLevelEnabled('debug')
  return {
    done(caller, operation, response) {
      const quiet = readingOperations.has(operation)
      if (quiet && !debug) return
      const details = { ...who(caller), operation: operationName(operation), uniqueIdentifier: identifierIn(response) }
      if (quiet) log.debug(details, 'done')
      else log.info(details, 'done')
    },
    refused(caller, operation, refusal, uniqueIdentifier) {
      const what = { operation: operationName(operation), uniqueIdentifier, reason: refusal.reason }
      log.info({ ...who(caller), ...what }, 'refused')
    },
    noted(caller, operation, text) {
      log.info({ ...who(caller), operation: operationName(operation), text }, 'noted')
    },
  }
}

function who({ account, principal, user }: Caller): Caller {
  return { account, principal, ...(user !== undefined && { user }) }
}

function operationName(code: number): string {
  return operationNames.get(code) ?? `0x${code.toString(16)}`
}

function identifierIn(response: unknown): unknown {
  if (typeof response !== 'object' || response === null) return undefined
  if ('uniqueIdentifier' in response) return response.uniqueIdentifier
  if (!('privateKeyUniqueIdentifier' in response && 'publicKeyUniqueIdentifier' in response)) return undefined
  return [response.privateKeyUniqueIdentifier, response.publicKeyUniqueIdentifier]
}

const operationNames: ReadonlyMap<number, string> = new Map(Object.entries(Operation).map(([name, code]) => [code, name]))

const readingOperations: ReadonlySet<number> = new Set([
  Operation.Locate, Operation.Check, Operation.Get, Operation.GetAttributes, Operation.GetAttributeList,
  Operation.ObtainLease, Operation.Validate, Operation.Query, Operation.Poll, Operation.DiscoverVersions,
  Operation.Encrypt, Operation.Decrypt, Operation.Sign, Operation.SignatureVerify, Operation.MAC, Operation.MACVerify,
  Operation.RNGRetrieve, Operation.RNGSeed, Operation.Hash, Operation.Ping, Operation.Export,
])
