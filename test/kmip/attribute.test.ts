import { describe, expect, it } from 'vitest'
import { attributeFields, attributeNames, attributesBySpecName, ruleOf } from '../../src/kmip/attribute.ts'
import { KmipError } from '../../src/kmip/error.ts'
import { attributeRules } from '../../src/kmip/generated/attribute-rules.ts'
import type { AttributeTagName } from '../../src/kmip/generated/attribute-rules.ts'
import { parseVersion } from '../../src/kmip/version.ts'
import { sampleItems } from './payloads.ts'

const spoken = (Object.keys(attributeRules) as AttributeTagName[])
  .filter((name) => parseVersion(attributeRules[name].since) <= parseVersion('2.1'))

describe('the attributes are those of the tables', () => {
  it('has every attribute of 1.0 to 2.1 and no other', () => {
    const declared = attributeNames.map((name) => attributeFields[name].tags[0]!)
    const expected = spoken.filter((name) => name !== 'CustomAttribute').map((name) => attributeRules[name].tag)
    expect(declared.toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b))
  })

  it('keeps a custom attribute of 1.x as a vendor attribute', () => {
    expect(attributeRules.CustomAttribute.multiInstance).toBe(attributeFields.vendorAttribute.presence === 'many')
  })

  it.each(attributeNames)('%s has one instance or several, and the type, as its rule says', (name) => {
    const field = attributeFields[name]
    const rule = ruleOf(name)
    expect(field.presence === 'many').toBe(rule.multiInstance)
    const taken = sampleItems(field.tags[0]!)
      .filter(({ item }) => !refuses(() => field.decode(item, { version: 201 })))
      .map(({ typeName }) => typeName)
    expect(taken.toSorted()).toEqual([...otherTypes[name] ?? rule.types].toSorted())
  })

  it('knows each by its name of 1.x', () => {
    for (const name of attributeNames.filter((each) => each !== 'vendorAttribute')) {
      expect(attributesBySpecName.get(ruleOf(name).specName)).toBe(name)
    }
  })
})

/** Refuses the type; an empty structure that lacks its fields is of the right type. */
function refuses(action: () => unknown): boolean {
  try {
    action()
  } catch (error) {
    if (error instanceof KmipError) return error.reason !== 'InvalidMessage'
    throw error
  }
  return false
}

/** The table's Enumeration and Integer are references, which requests carry and no object has as its own value. */
const otherTypes: Readonly<Record<string, readonly string[]>> = { uniqueIdentifier: ['TextString'] }
