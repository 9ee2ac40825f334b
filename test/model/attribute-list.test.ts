import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttributeSet } from '../../src/kmip/attribute.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import {
  instancesAt, instancesByKey, keyOf, withAdded, withDeleted, withModified,
} from '../../src/model/attribute-list.ts'
import type { AttributeKey } from '../../src/model/attribute-list.ts'

const group: AttributeKey = { name: 'objectGroup' }

test('an index never changes while others come and go', () => {
  let set: AttributeSet = {}
  for (const value of ['a', 'b', 'c']) set = withAdded(set, { name: 'objectGroup', value }).set
  set = withDeleted(set, instancesAt(set, group).filter(({ index }) => index === 1))
  expect(instancesAt(set, group)).toEqual([
    { name: 'objectGroup', index: 0, value: 'a' }, { name: 'objectGroup', index: 2, value: 'c' },
  ])
  const { set: grown, added } = withAdded(set, { name: 'objectGroup', value: 'd' })
  expect(added.index).toBe(3)
  const changed = withModified(grown, instancesAt(grown, group)[1]!, 'C')
  expect(instancesAt(changed, group).map(({ index, value }) => `${index}${String(value)}`)).toEqual(['0a', '2C', '3d'])
  const empty = withDeleted(changed, instancesAt(changed, group))
  expect(empty).toEqual({})
})

test('an attribute of one instance has no index', () => {
  const { set, added } = withAdded({}, { name: 'comment', value: 'a' })
  expect(added).toEqual({ name: 'comment', value: 'a' })
  expect(withModified(set, added, 'b')).toEqual({ comment: 'b' })
  expect(withDeleted(set, [added])).toEqual({})
})

test('custom attributes of different names are different attributes', () => {
  const set = custom('a', 1).concat(custom('b', 2), custom('a', 3))
    .reduce((before, value) => withAdded(before, { name: 'vendorAttribute', value }).set, {} as AttributeSet)
  const [a, b] = [...instancesByKey(set).values()].map(([first]) => keyOf(first!))
  expect(instancesAt(set, a!).map(({ index }) => index)).toEqual([0, 1])
  expect(instancesAt(set, b!).map(({ index }) => index)).toEqual([0])
  const left = withDeleted(set, [instancesAt(set, a!)[0]!])
  expect(instancesAt(left, a!).map(({ index }) => index)).toEqual([1])
  expect(instancesAt(left, b!).map(({ index }) => index)).toEqual([0])
})

test('random changes do as a map from index to value does', () => {
  const step = fc.record({
    action: fc.constantFrom('add', 'modify', 'delete'), which: fc.nat(5), name: fc.constantFrom('a', 'b'),
    value: fc.nat(9),
  })
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    let set: AttributeSet = {}
    const model = new Map<string, Map<number, number>>()
    for (const { action, which, name, value } of steps) {
      const key: AttributeKey = { name: 'vendorAttribute', vendorIdentification: 'x', attributeName: name }
      const own = model.get(name) ?? new Map<number, number>()
      model.set(name, own)
      const old = instancesAt(set, key)[which]
      if (action === 'add') {
        own.set(Math.max(-1, ...own.keys()) + 1, value)
        set = withAdded(set, { name: 'vendorAttribute', value: custom(name, value)[0] }).set
      } else if (old !== undefined && action === 'modify') {
        own.set(old.index!, value)
        set = withModified(set, old, custom(name, value)[0])
      } else if (old !== undefined) {
        own.delete(old.index!)
        set = withDeleted(set, [old])
      }
    }
    for (const [name, own] of model) {
      const key: AttributeKey = { name: 'vendorAttribute', vendorIdentification: 'x', attributeName: name }
      const found = instancesAt(set, key).map(({ index, value }) =>
        [index, (value as ReturnType<typeof custom>[0]).attributeValue.value])
      expect(found).toEqual([...own])
    }
    expect(instancesByKey(set).size).toBe([...model.values()].filter(({ size }) => size > 0).length)
  }), { numRuns: 300 })
})

function custom(attributeName: string, value: number) {
  return [{
    vendorIdentification: 'x', attributeName, attributeValue: { tag: Tag.AttributeValue, type: 0x02 as const, value },
  }]
}
