import { describe, expect, test } from 'vitest'
import type { Pkcs11Writer } from '../../src/kmip/pkcs11-codec.ts'
import { append, initialized, w } from '../support/pkcs-11.ts'

/** The usages of PKCS#11 and the usage mask: what may be given to a key, and taken from it. */

const yes = Buffer.from([1])
const no = Buffer.from([0])

describe('of a key without restrictions', () => {
  const usages = [0x104, 0x105, 0x106, 0x107, 0x108, 0x10a, 0x10c]

  test.for(usages)('a copy without the usage %i lacks it and no other one, and the key keeps it', async (taken) => {
    const p11 = await initialized()
    await p11.activate(await p11.create('Unrestricted', 'all'))
    const session = await p11.open()
    const [key] = await p11.find(session, w().count(0))
    const told = (handle: number): Promise<Buffer[]> => (
      Promise.all(usages.map((type) => p11.attribute(session, handle, type))))
    const copy = await p11.handle('C_CopyObject', w().ulong(session).ulong(key!), [[taken, no]])
    expect(await told(copy)).toEqual(usages.map((type) => type === taken ? no : yes))
    expect(await told(key!)).toEqual(usages.map(() => yes))
    for (const [type, name, mechanism, iv] of [[0x104, 'Encrypt', 0x1085, 16], [0x108, 'Sign', 0x108a, 0]] as const) {
      const own = await p11.open()
      const init = w().ulong(own).ulong(mechanism).bytes(Buffer.alloc(iv)).ulong(copy)
      if (type !== taken) await p11.call(`C_${name}Init`, init)
      else await p11.call(`C_${name}Init`, init, 'KEY_FUNCTION_NOT_PERMITTED', `C_${name}`, own)
    }
    await p11.call('C_SetAttributeValue', append(w().ulong(session).ulong(key!), [[taken, no]]), 'ATTRIBUTE_READ_ONLY')
    await p11.call('C_SetAttributeValue', append(w().ulong(session).ulong(key!), [[taken, yes]]))
  })
})

test.for([
  ['public', 0, 0x108, 0x10a], ['private', 1, 0x10a, 0x108],
] as const)('a usage that a %s key cannot have may be taken, and not given', async ([, index, other, own]) => {
  const p11 = await initialized()
  const session = await p11.open()
  const making = w().ulong(session).ulong(0x1040).count(0)
  const curve = Buffer.from('06082a8648ce3d030107', 'hex')
  const pair = await p11.pair(making, [[0x180, curve], [0x10a, yes], [0x108, no]], [[0x108, yes], [0x10a, no]])
  const key = pair[index]
  const input = (value: Buffer): Pkcs11Writer => append(w().ulong(session).ulong(key), [[other, value]])
  const copy = await p11.handle('C_CopyObject', w().ulong(session).ulong(key), [[other, no]])
  await p11.call('C_SetAttributeValue', input(no))
  for (const handle of [key, copy]) {
    expect(await p11.attribute(session, handle, other)).toEqual(no)
    expect(await p11.attribute(session, handle, own)).toEqual(yes)
  }
  for (const [value, code] of [[yes, 'TEMPLATE_INCONSISTENT'], [Buffer.alloc(2), 'ATTRIBUTE_VALUE_INVALID']] as const) {
    await p11.call('C_CopyObject', input(value), code)
    await p11.call('C_SetAttributeValue', input(value), code)
  }
})
