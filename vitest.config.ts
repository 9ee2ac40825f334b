import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    // Real clients, a server and a store share two cores with each other: a slow test is not a wrong one.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
