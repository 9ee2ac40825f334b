import { ruleOf } from '../kmip/attribute.ts'
import type { AttributeInstance, AttributeName, AttributeSet } from '../kmip/attribute.ts'
import { inVersion, namesIn } from '../kmip/attribute-codec.ts'
import { KmipError } from '../kmip/error.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'

/**
 * Checks that a request gives a new object no attribute that its version does not know, or no longer (it would be kept
 * and act without ever being shown), and looks for none by it.
 *
 * @param request a decoded payload, or what in it has `attributes`
 * @throws KmipError Invalid Attribute (1.x: Invalid Field)
 */
export function checkKnownAttributes(request: Partial<Record<string, unknown>>, version: Version): void {
  for (const field of fields) {
    const attributes = request[field]
    if (attributes === undefined) continue
    const unknown = namesOf(attributes).find((name) => !inVersion(name, { version }))
    if (unknown === undefined) continue
    throw new KmipError(version < v2 ? 'InvalidField' : 'InvalidAttribute', `the version has no ${ruleOf(unknown).specName}`)
  }
}

/** Those of Locate are filters, a list. */
function namesOf(attributes: unknown): readonly AttributeName[] {
  if (Array.isArray(attributes)) return (attributes as AttributeInstance[]).map(({ name }) => name)
  return namesIn(attributes as AttributeSet)
}

/** Where the payloads have attributes. */
const fields = ['attributes', 'commonAttributes', 'privateKeyAttributes', 'publicKeyAttributes'] as const
const v2 = parseVersion('2.0')
