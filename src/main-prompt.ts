import type { ReadStream } from 'node:tty'
import { Secret } from './kmip/secret.ts'

/**
 * Asks for a secret on the terminal. What is typed is not shown, and ends with Enter; Ctrl-C ends the process.
 *
 * @param what is asked for, in one line
 * @returns undefined where there is no terminal
 */
export async function promptSecret(what: string): Promise<Secret | undefined> {
  const { stdin, stderr } = process
  if (!stdin.isTTY || !stderr.isTTY) return undefined
  // First, so that whoever sees the question types unseen, however fast.
  stdin.setRawMode(true)
  try {
    stderr.write(`${what}: `)
    return await readLine(stdin)
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

/** In raw mode the terminal leaves it to the program what keys mean. */
function readLine(terminal: ReadStream): Promise<Secret> {
  return new Promise((resolve) => {
    let typed: Buffer = Buffer.alloc(0)
    const take = (chunk: Buffer): void => {
      for (const byte of chunk) {
        if (byte === keys.interrupt) process.kill(process.pid, 'SIGINT')
        else if (byte === keys.erase || byte === keys.backspace) typed = withoutLast(typed)
        else if (byte === keys.enter || byte === keys.lineFeed) {
          terminal.off('data', take)
          resolve(new Secret(typed))
          return
        } else typed = Buffer.concat([typed, Buffer.from([byte])])
      }
    }
    terminal.on('data', take)
  })
}

/** A character in UTF-8 may be several octets, of which all but the first are from 0x80 to 0xbf. */
function withoutLast(typed: Buffer): Buffer {
  let end = typed.length - 1
  while (end > 0 && typed[end]! >= 0x80 && typed[end]! < 0xc0) end -= 1
  return typed.subarray(0, Math.max(end, 0))
}

const keys = { interrupt: 3, backspace: 8, lineFeed: 10, enter: 13, erase: 127 } as const
