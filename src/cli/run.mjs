// The door of every npm script. Plain JavaScript for Node 20: it brings what the rest needs, then runs the rest.
//   run.mjs FILE.ts [argument...]     installs when needed, runs the file under Node 24
//   run.mjs --tool NAME [argument...] the same for a development tool (tsc, oxlint)
//   run.mjs --test [argument...]      brings what the tests need too, runs vitest
//   run.mjs --install                 only installs
//   run.mjs --pkcs11                  installs and builds the PKCS#11 binding, for a server with an HSM
import { join } from 'node:path'
import {
  BootstrapError, buildPkcs11, fail, findNode, install, installDebianPackages, root, runScript, spawnForwarding,
} from './bootstrap.mjs'

const [first, ...rest] = process.argv.slice(2)

const tools = { tsc: 'typescript/bin/tsc', oxlint: 'oxlint/bin/oxlint' }

async function main() {
  if (first === '--test') return runTests()
  if (first === '--tool') return runTool(rest[0], rest.slice(1))
  await install({ development: false })
  if (first === '--install') return
  if (first === '--pkcs11') return buildPkcs11()
  if (first === undefined || first.startsWith('-')) throw new BootstrapError('run.mjs: which script?')
  await runScript(first, rest)
}

async function runTests() {
  await install({ development: true })
  installDebianPackages()
  buildPkcs11()
  spawnForwarding(findNode(), [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...rest])
}

async function runTool(name, parameters) {
  const path = tools[name]
  if (path === undefined) throw new BootstrapError(`run.mjs --tool: one of ${Object.keys(tools).join(', ')}`)
  await install({ development: true })
  spawnForwarding(findNode(), [join(root, 'node_modules', path), ...parameters])
}

main().catch(fail)
