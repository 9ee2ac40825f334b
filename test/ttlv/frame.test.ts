import { expect, it } from 'vitest'
import { Framer } from '../../src/ttlv/frame.ts'

const messageBytes = 2 ** 20
const head = Buffer.from('42007801000ffff8', 'hex')

it('a message that comes in single bytes takes little more memory than one that comes in large pieces', () => {
  const framer = new Framer(0x42_0078, messageBytes)
  framer.push(head)
  const before = process.memoryUsage().rss
  for (let sent = head.length + 1; sent < messageBytes; sent += 1) framer.push(Buffer.from(Uint8Array.of(sent)))
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 2 ** 20)
  const [message] = framer.push(Buffer.from(Uint8Array.of(0)))
  expect(message?.subarray(0, 8)).toEqual(head)
  expect(message?.findIndex((byte, at) => at >= 8 && byte !== (at + 1) % 256)).toBe(-1)
}, 30_000)
