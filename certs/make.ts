// Makes the throw-away PKI: `node src/cli/run.mjs certs/make.ts [directory]`, by default into this folder.
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makePki } from '../src/server/pki.ts'

const directory = resolve(process.argv[2] ?? dirname(fileURLToPath(import.meta.url)))
try {
  await makePki(directory, Date.now())
  process.stdout.write(`${directory}: ca.pem, server.pem, server.key, alice.pem, alice.key, bob.pem, bob.key\n`)
} catch (error) {
  process.stderr.write(`keyward: certificates: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
