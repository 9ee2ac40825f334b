import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** They hold something to a time, or to what happens while they wait: nothing else runs beside them. */
const timed = [
  'test/client/key-manager', 'test/crypto/heavy-work', 'test/crypto/pkcs11-faults', 'test/operation/find',
  'test/operation/iv-length', 'test/operation/locate-match', 'test/server/batch', 'test/server/connection',
  'test/server/external', 'test/server/hostile', 'test/server/hsm-slow', 'test/server/https', 'test/server/jobs',
  'test/server/kill', 'test/server/long-locate', 'test/server/no-hang', 'test/server/power-loss', 'test/server/root-key',
  'test/server/workers', 'test/store/crash',
].map((name) => `${name}.test.ts`)

export default defineConfig({
  test: {
    // Servers are started some hundred times, and half of a start is to compile them.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.compile-cache') },
    // Real clients, a server and a store share two cores with each other: a slow test is not a wrong one.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'any', include: ['test/**/*.test.ts'], exclude: timed, maxWorkers: '100%', sequence: { groupOrder: 1 } },
      },
      { extends: true, test: { name: 'timed', include: timed, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
})
