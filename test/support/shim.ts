import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestToken } from './token.ts'

/** A token whose module has faults when it is told to, and counts calls (`test/crypto/shim.c`). */
export interface ShimmedToken extends TestToken {
  /** From now on; none: no more. */
  setFault(fault?: 'crash' | 'dies' | 'full' | 'hang' | 'locked' | 'lost' | 'mute' | 'slow'): Promise<void>
  /** How often what the letter stands for has been called. */
  calls(letter: string): number
}

export function behindShim(token: TestToken): ShimmedToken {
  const [module, fault, calls] = ['shim.so', 'fault', 'calls'].map((name) => join(token.directory, name)) as Paths
  const source = new URL('../crypto/shim.c', import.meta.url).pathname
  execFileSync('gcc', ['-shared', '-fPIC', '-o', module, source, '-ldl'])
  return {
    ...token, module,
    environment: { ...token.environment, SHIM_MODULE: token.module, SHIM_FAULT: fault, SHIM_CALLS: calls },
    setFault: (name) => (name === undefined ? rm(fault, { force: true }) : writeFile(fault, name)),
    calls: (letter) => (existsSync(calls) ? readFileSync(calls, 'utf8').split(letter).length - 1 : 0),
  }
}

type Paths = [string, string, string]
