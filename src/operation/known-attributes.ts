import { ruleOf } from '../kmip/attribute.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { inVersion, namesIn } from '../kmip/attribute-codec.ts'
import { KmipError } from '../kmip/error.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'

/**
 * Checks that a request gives a new object no attribute that its version does not know, or no longer. It would be kept
 * and act without ever being shown.
 *
 * @param request a decoded payload, or what in it has `attributes`
 * @throws KmipError Invalid Attribute (1.x: Invalid Field)
 */
export function checkKnownAttributes(request: Partial<Record<string, unknown>>, version: Version): void {
  const sets = fields.map((field) => request[field]).filter((set) => set !== undefined && !Array.isArray(set))
  for (const set of sets) {
    const unknown = namesIn(set as AttributeSet).find((name) => !inVersion(name, { version }))
    if (unknown === undefined) continue
    throw new KmipError(version < v2 ? 'InvalidField' : 'InvalidAttribute', `the version has no ${ruleOf(unknown).specName}`)
  }
}

/** Where the payloads have sets of attributes; those of Locate are filters, a list. */
const fields = ['attributes', 'commonAttributes', 'privateKeyAttributes', 'publicKeyAttributes'] as const
const v2 = parseVersion('2.0')
