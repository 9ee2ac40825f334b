import { KmipError } from '../kmip/error.ts'
import { cmkStateAt } from '../model/cmk.ts'
import type { Cmk, CmkState } from '../model/cmk.ts'

/** What can be asked of a CMK. */
export type CmkOperation = keyof typeof matrix

/** S: allowed. K: refused because of the state. M: the state cannot be changed so ("Keystate modified failed"). */
type Cell = 'S' | 'K' | 'M'
const states = ['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport', 'Archived'] as const

/**
 * The state x operation matrix (facts 1.2), its columns in the order of `states`. Archived is Tencent's (facts 1.4):
 * what is protected can be read, and nothing else is done with the key.
 */
const matrix = {
  encrypt: 'S K K K K',
  decrypt: 'S K K K S',
  generateDataKey: 'S K K K K',
  sign: 'S K K K K',
  verify: 'S K K K S',
  getPublicKey: 'S K K K S',
  createKeyVersion: 'S K K K K',
  updateRotationPolicy: 'S K K K K',
  describe: 'S S S S S',
  listAliases: 'S S S S S',
  deleteAlias: 'S S S S S',
  createAlias: 'S S M S S',
  updateAlias: 'S S K S S',
  updateDescription: 'S S K S S',
  tag: 'S S K S S',
  enable: 'S S M M M',
  disable: 'S S M M M',
  scheduleDeletion: 'S S M S S',
  cancelDeletion: 'M M S M M',
  setDeletionProtection: 'S S M S S',
  archive: 'S M M M S',
  cancelArchive: 'M M M M S',
  getParametersForImport: 'S S S S S',
  importKeyMaterial: 'S S M S M',
  deleteKeyMaterial: 'S S S S S',
} as const

/** What the matrix says; nothing can be done with a CMK that is deleted but to look at it. */
export function cellOf(operation: CmkOperation, state: CmkState): Cell {
  if (state === 'Deleted') return lookingAt.has(operation) ? 'S' : 'K'
  return matrix[operation].split(' ')[states.indexOf(state)] as Cell
}

/**
 * @param now seconds since 1970-01-01 UTC
 * @throws KmipError Wrong Key Lifecycle State, Object Destroyed; the message names the rule and what would help
 */
export function checkState(cmk: Cmk, operation: CmkOperation, now: number): void {
  const state = cmkStateAt(cmk, now)
  const cell = cellOf(operation, state)
  if (cell === 'S') return
  if (state === 'Deleted') throw new KmipError('ObjectDestroyed', 'the CMK is deleted')
  const rule = cell === 'M' ? 'Rejected.StateModifiedFailed' : `Rejected.${state}`
  throw new KmipError('WrongKeyLifecycleState', `${rule}: the CMK is ${state}${remedies[state]}`)
}

export const cmkOperations = Object.keys(matrix) as CmkOperation[]
export const matrixStates: readonly CmkState[] = states

const lookingAt: ReadonlySet<CmkOperation> = new Set<CmkOperation>(['describe', 'listAliases'])

const remedies: Readonly<Record<Exclude<CmkState, 'Deleted'>, string>> = {
  Enabled: '',
  Disabled: '; enable it (cmk-enabled = true)',
  PendingDeletion: '; cancel the deletion (delete cmk-deletion-window)',
  PendingImport: '; it waits for its key material',
  Archived: '; take it out of the archive (cmk-archived = false)',
}
