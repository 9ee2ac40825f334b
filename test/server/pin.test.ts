import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { configured, hsmSettings } from '../support/hsm.ts'
import { startServer } from '../support/server.ts'
import { behindShim } from '../support/shim.ts'
import { makeSoftToken, tokenMissing } from '../support/token.ts'
import type { TestToken } from '../support/token.ts'

const missing = await tokenMissing()
const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  while (cleanUp.length > 0) await cleanUp.pop()!()
})

describe.skipIf(missing !== undefined)('a PIN in the environment', () => {
  it('opens the token, and is in no other process, nor in a command line or the log', async () => {
    const token = await makeSoftToken()
    cleanUp.push(() => token.remove())
    const server = await startServer({ ...await inEnvironment(token), VAULT_PIN: token.pin, KEYWARD_LOG_LEVEL: 'debug' })
    cleanUp.push(() => server.stop())
    expect(server.log()).toContain('the token is connected')
    expect(server.log()).not.toContain(token.pin)
    expect(told(server.pid, 'cmdline')).not.toContain(token.pin)
    const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ')
    expect(children.length).toBe(1)
    for (const child of children) {
      expect(told(Number(child), 'environ')).toContain('SOFTHSM2_CONF')
      for (const what of ['environ', 'cmdline']) expect(told(Number(child), what)).not.toContain(token.pin)
    }
  })

  it('is missed by name, and the server starts without the token', async () => {
    const token = await makeSoftToken()
    cleanUp.push(() => token.remove())
    const server = await startServer(await inEnvironment(token))
    cleanUp.push(() => server.stop())
    expect(server.log()).toContain('the environment has no VAULT_PIN')
  })

  it('is tried once when it is wrong, for all threads and instances of the token', async () => {
    const token = behindShim(await makeSoftToken())
    cleanUp.push(() => token.remove())
    const server = await startServer({
      ...await inEnvironment(token, { archive: 'encryptedDatabase' }), VAULT_PIN: 'not the PIN', KEYWARD_WORKERS: '3',
    })
    cleanUp.push(() => server.stop())
    await expect.poll(() => server.log().match(/cannot be connected/g)?.length, { timeout: 10_000 }).toBe(6)
    expect(token.calls('l')).toBe(1)
    expect(server.log()).not.toContain('not the PIN')
  }, 60_000)

  async function inEnvironment(token: TestToken, others: object = {}): Promise<{ KEYWARD_CONFIG: string }> {
    const hsms = await Promise.all(Object.entries({ vault: 'internal', ...others }).map(async ([name, storage]) => [
      name, { ...await hsmSettings(token, String(storage)), pinFile: undefined, pinEnvironment: 'VAULT_PIN' },
    ]))
    return configured(token, { hsms: Object.fromEntries(hsms) as object })
  }
})

function told(pid: number, what: string): string {
  return readFileSync(`/proc/${pid}/${what}`, 'utf8')
}

describe.skipIf(missing !== undefined)('a PIN that is asked for at the start', () => {
  it('is typed unseen on the terminal, opens the token, and is told to nobody', async () => {
    const token = await makeSoftToken()
    const home = await mkdtemp(join(tmpdir(), 'keyward-pin-'))
    const environment = await configured(token, {
      hsms: { vault: { ...await hsmSettings(token), pinFile: undefined, pinPrompt: true } },
    })
    // Python's pty gives the server a terminal, and is its keyboard: a wrong letter is taken back.
    const script = `
import os, pty, sys, termios
answer = sys.argv[1].encode()
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = b''
while b'the token is connected' not in seen and b'cannot be connected' not in seen:
    data = os.read(terminal, 65536)
    if b'PIN of the token vault: ' in data:
        data += b'echo %d' % (termios.tcgetattr(terminal)[3] & termios.ECHO)
        os.write(terminal, b'\\xc3\\xa9x\\x7f\\x7f' + answer + b'\\r')
    seen += data
line = open('/proc/%d/cmdline' % pid).read() + open('/proc/%d/environ' % pid).read()
os.kill(pid, 15)
sys.stdout.buffer.write(seen + b'command line ' + line.encode())
`
    const child = spawn('python3', ['-c', script, token.pin, process.execPath, main], {
      cwd: home, stdio: ['ignore', 'pipe', 'inherit'], env: {
        ...process.env, ...environment, KEYWARD_PORT: '0', KEYWARD_DATA_DIR: join(home, 'data'),
        KEYWARD_CERTS_DIR: join(home, 'certs'),
      },
    })
    let output = ''
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) output += chunk.toString()
    expect(output).toContain('PIN of the token vault: echo 0')
    expect(output).toContain('the token is connected')
    expect(output).not.toContain(token.pin)
    await rm(home, { recursive: true, force: true })
    await token.remove()
  }, 60_000)

  it('is missed in one line where there is no terminal', async () => {
    const token = await makeSoftToken()
    const environment = await configured(token, {
      hsms: { vault: { ...await hsmSettings(token), pinFile: undefined, pinPrompt: true } },
    })
    await expect(startServer(environment)).rejects.toThrow('there is no terminal to ask for the PIN on')
    await token.remove()
  })
})

const main = new URL('../../src/main.ts', import.meta.url).pathname
