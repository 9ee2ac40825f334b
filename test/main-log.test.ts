import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LogOutput } from '../src/main-log.ts'
import { Pipe } from './support/pipe.ts'

let pipe: Pipe
let child: ChildProcess | undefined

beforeEach(() => { pipe = new Pipe() })
afterEach(() => {
  child?.kill('SIGKILL')
  pipe.close()
})

describe('a log', () => {
  afterEach(() => closeSync(pipe.writing))

  test('that is slow loses nothing of what one turn of the event loop has to say', async () => {
    const output: LogOutput = new LogOutput(pipe.writing, (lost) => output.write(`lost ${lost} lines\n`))
    const lines = Array.from({ length: 10_000 }, (_, at) => line(at))
    for (const each of lines) output.write(each)
    expect(await pipe.read(lines.at(-1))).toBe(lines.join(''))
  })

  test('that is not taken waits up to 32 MiB, and tells where and how many are missing, each time', async () => {
    const output: LogOutput = new LogOutput(pipe.writing, (lost) => output.write(`lost ${lost} lines\n`))
    for (const length of [990, 1_000]) {
      const lines = Array.from({ length: 40_000 }, (_, at) => line(at, length))
      for (const each of lines) output.write(each)
      const text = await pipe.read(' lines\n')
      const lost = Number(/lost (\d+) lines\n$/.exec(text)?.[1])
      expect(text).toBe(`${lines.slice(0, -lost).join('')}lost ${lost} lines\n`)
      // The last that has been read may still count as waiting.
      expect(text.length).toBeGreaterThan(2 ** 25 - 2 ** 20)
      expect(text.length).toBeLessThan(2 ** 25 + 2_000)
    }
    output.write('last\n')
    expect(await pipe.read('last\n')).toBe('last\n')
  }, 60_000)
})

describe('when the process ends', () => {
  const write = (count: number): string => `for (let at = 0; at < ${count}; at += 1) output.write(line(at));`
  const end = `writeSync(1, 'ending'); process.exit(3)`

  test.for([
    ['what has just been said', 1, end],
    ['what is being written, but not taken', 1, `setImmediate(() => { ${end} })`],
    ['what waits behind it', 2_000, `setImmediate(() => { ${end} })`],
    ['what waits to be tried again', 2_000, `setTimeout(() => { ${end} }, 50)`],
  ] as const)('%s is written once', async ([, count, script]) => {
    fillPipe()
    child = run(write(count) + script)
    const ended = once(child, 'exit')
    await once(child.stdout!, 'data')
    // By then, what was being written has found no room: had it found some, it might be there twice.
    await setTimeout(300)
    expect(numbersOf((await pipe.read()).slice(pipeBytes))).toEqual(Array.from({ length: count }, (_, at) => at))
    expect(await ended).toEqual([3, null])
  })

  test('that lines are lost is told', async () => {
    child = run(write(150_000) + end)
    await once(child.stdout!, 'data')
    const numbers = numbersOf(await pipe.read())
    expect(numbers.length).toBeGreaterThan(100_000)
    expect(numbers).toEqual(Array.from(numbers, (_, at) => at < numbers.length - 1 ? at : -150_001 + numbers.length))
  }, 60_000)

  test('what may have been written in part is written again, not behind half a line', async () => {
    child = run(`${write(2_000)} setImmediate(() => { ${end} })`)
    await once(child.stdout!, 'data')
    const text = await pipe.read()
    // Of the first block, as much as the pipe has taken.
    const [first, again] = text.split(/\n(?=\{"at":0,)/)
    expect(first!.length).toBe(pipeBytes)
    expect(numbersOf(again!)).toEqual(Array.from({ length: 2_000 }, (_, at) => at))
  })

  test('what other threads have said is written', async () => {
    child = run(`
      const { log, portForThread } = openLog('info')
      const [port, said] = [portForThread(), new Int32Array(new SharedArrayBuffer(4))]
      new Worker(\`import(${JSON.stringify(mainLog)}).then(({ threadLogger }) => {
        const { port, said } = require('node:worker_threads').workerData
        const log = threadLogger('info', port)
        for (let at = 0; at < 3; at += 1) log.info({ at }, 'said')
        setImmediate(() => { said[0] = 1; Atomics.notify(said, 0) })
      })\`, { eval: true, execArgv: [], workerData: { port, said }, transferList: [port] })
      setTimeout(() => { Atomics.wait(said, 0, 0); log.info({ at: 3 }, 'ends'); ${end} })`)
    await once(child.stdout!, 'data')
    expect(numbersOf(await pipe.read()).toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3])
  })

  test('what other threads go on to say meanwhile is written', async () => {
    fillPipe()
    child = run(`
      const { log, portForThread } = openLog('info')
      const [port, ends] = [portForThread(), new Int32Array(new SharedArrayBuffer(4))]
      const worker = new Worker(\`import(${JSON.stringify(mainLog)}).then(({ threadLogger }) => {
        const { parentPort, workerData: { port, ends } } = require('node:worker_threads')
        const log = threadLogger('info', port)
        parentPort.postMessage('ready')
        Atomics.wait(ends, 0, 0)
        setTimeout(() => log.info({ at: 1 }, 'said'), 200)
      })\`, { eval: true, execArgv: [], workerData: { port, ends }, transferList: [port] })
      worker.once('message', () => { log.info({ at: 0 }, 'ends'); ends[0] = 1; Atomics.notify(ends, 0); ${end} })`)
    await once(child.stdout!, 'data')
    await setTimeout(600)
    expect(numbersOf((await pipe.read()).slice(pipeBytes))).toEqual([0, 1])
  })

  test('a reader that has stopped does not hold it up', async () => {
    fillPipe()
    child = run(`openLog('info').log.info('not taken'); setTimeout(() => { ${end} }, 50)`)
    expect(await once(child, 'exit')).toEqual([3, null])
  })

  test('a reader that is gone is not waited for', async () => {
    pipe.close()
    child = run(`openLog('info').log.info('not taken'); ${end}`)
    const ended = once(child, 'exit')
    await once(child.stdout!, 'data')
    const began = performance.now()
    expect(await ended).toEqual([3, null])
    expect(performance.now() - began).toBeLessThan(1_500)
  })
})

function fillPipe(): void {
  expect(writeSync(pipe.writing, 'f'.repeat(pipeBytes))).toBe(pipeBytes)
}

/** In a process of its own, which logs to the pipe. */
function run(script: string): ChildProcess {
  const started = spawn(process.execPath, ['--input-type=module', '-e', `
    import { writeSync } from 'node:fs'
    import { Worker } from 'node:worker_threads'
    import { LogOutput, openLog } from ${JSON.stringify(mainLog)}
    const output = new LogOutput(2, (lost) => output.write(JSON.stringify({ at: -lost }) + '\\n'))
    ${line.toString()}
    ${script}
  `], { stdio: ['ignore', 'pipe', pipe.writing] })
  closeSync(pipe.writing)
  return started
}

function line(at: number, length = 280) {
  return `${JSON.stringify({ at, text: 'x'.repeat(length) })}\n`
}

function numbersOf(text: string): number[] {
  return text.split('\n').filter((each) => each !== '').map((each) => (JSON.parse(each) as { at: number }).at)
}

const mainLog = new URL('../src/main-log.ts', import.meta.url).href
/** What one of Linux takes. */
const pipeBytes = 65_536
