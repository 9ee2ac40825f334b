import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configured, hsmSettings } from '../support/hsm.ts'
import { startServer } from '../support/server.ts'
import { makeSoftToken, tokenMissing } from '../support/token.ts'

const missing = await tokenMissing()

describe.skipIf(missing !== undefined)('a PIN that is asked for at the start', () => {
  it('is typed unseen on the terminal, opens the token, and is told to nobody', async () => {
    const token = await makeSoftToken()
    const home = await mkdtemp(join(tmpdir(), 'keyward-pin-'))
    const environment = await configured(token, {
      hsms: { vault: { ...await hsmSettings(token), pinFile: undefined, pinPrompt: true } },
    })
    // Python's pty gives the server a terminal, and is its keyboard: a wrong letter is taken back.
    const script = `
import os, pty, select, sys
answer = sys.argv[1].encode()
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = b''
while b'the token is connected' not in seen and b'cannot be connected' not in seen:
    data = os.read(terminal, 65536)
    if b'PIN of the token vault: ' in data:
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
    expect(output).toContain('PIN of the token vault: ')
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
