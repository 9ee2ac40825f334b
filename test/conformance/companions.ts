import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { loadCase } from './case-file.ts'
import type { Case } from './case-file.ts'

/** Conversations that a case needs before it, and after it so that others find the server as it was. */
export interface Companions {
  readonly before: readonly Case[]
  readonly after: readonly Case[]
}

/** @throws Error when a companion is neither beside the case nor in the same folder of another version */
export function companionsOf({ name, path }: Case): Companions {
  const rule = rules.find(({ pattern }) => pattern.test(name))
  return {
    before: (rule?.before ?? []).map((companion) => find(companion, path)),
    after: (rule?.after ?? []).map((companion) => find(companion, path)),
  }
}

function find(name: string, path: string): Case {
  const folder = dirname(path)
  const [kind, versions] = [folder.split('/').at(-1)!, dirname(dirname(folder))]
  const candidates = [folder, ...readdirSync(versions).map((version) => join(versions, version, kind))]
  const found = candidates.map((candidate) => join(candidate, `${name}.xml`)).find((candidate) => existsSync(candidate))
  if (found === undefined) throw new Error(`${name} is not there, which this case needs`)
  return loadCase(found, folder)
}

/** The one-time pad is used up by each case. The cases of 1.4 were published without their set-up. */
const rules = [
  { pattern: /^TC-OTP-[124]-/, before: ['TC-OTP-SETUP-1-13'], after: ['TC-OTP-CLEANUP-1-13'] },
  // Of which Get gives no Key Value, as it was registered.
  { pattern: /^TC-OTP-[35]-/, before: ['TC-OTP-SETUP-2-13'], after: ['TC-OTP-CLEANUP-1-13'] },
  { pattern: /^TC-OTP-SETUP-/, before: [], after: ['TC-OTP-CLEANUP-1-13'] },
  { pattern: /^TC-OTP-CLEANUP-/, before: ['TC-OTP-SETUP-1-13'], after: [] },
]
