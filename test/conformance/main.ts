import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isSlow, loadCase } from './case-file.ts'
import type { Case } from './case-file.ts'
import { startOwnServer } from './own-server.ts'
import type { OwnServer } from './own-server.ts'
import { isGood, records, summary, tapLines } from './report.ts'
import type { Result } from './report.ts'
import { runWithCompanions } from './run-case.ts'
import type { Run } from './run-case.ts'
import { openTransport } from './transport.ts'
import type { Endpoint } from './transport.ts'

/**
 * `npm run conformance`: holds conversations with a KMIP server and compares its answers strictly.
 * TAP goes to the standard output, the counts to the standard error. Exit code 1: a case failed, or
 * one that is listed as skipped passed; 2: it could not be run.
 */
async function main(): Promise<number> {
  const { values: options, positionals } = parseArgs({ allowPositionals: true, options: optionTypes })
  if (options.help === true) {
    process.stdout.write(usage)
    return 0
  }
  const cases = casesIn(positionals.length > 0 ? positionals : defaultFolders())
    .filter(({ version }) => options.version === undefined || version === options.version)
    .filter(({ folder, name }) => new RegExp(options.only ?? '').test(`${folder}/${name}`))
  if (cases.length === 0) throw new Error('there are no such cases')
  const skipped = JSON.parse(readFileSync(options.skipped ?? skippedFile, 'utf8')) as Record<string, string>

  const server = options.host === undefined ? await startOwnServer() : undefined
  const endpoint = server?.endpoint ?? endpointOf(options)
  try {
    const other = server?.otherEndpoint ?? otherEndpointOf(endpoint, options)
    const open = (one: Case) => openTransport(one, countsAllObjects.test(one.name) ? other : endpoint)
    const results = await runAll(cases, { open, generated: new Set() }, skipped, (text) => {
      if (options.summary !== true) process.stdout.write(text)
    })
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(records(results), null, 1)}\n`)
    const out = options.summary === true ? process.stdout : process.stderr
    out.write(summary(results))
    return results.every((result) => isGood(result)) ? 0 : 1
  } finally {
    await stopServer(server)
  }
}

async function runAll(
  cases: readonly Case[], run: Run, skipped: Readonly<Record<string, string>>, print: (text: string) => void,
): Promise<Result[]> {
  print(`TAP version 13\n1..${cases.length}\n`)
  const results: Result[] = []
  // Those that wait for minutes do so beside the others.
  const [slow, fast] = [cases.filter(isSlow), cases.filter((one) => !isSlow(one))]
  const waiting = new Map(slow.map((one) => [one, runWithCompanions(one, run)]))
  for (const one of [...fast, ...slow]) {
    const outcome = await (waiting.get(one) ?? runWithCompanions(one, run))
    const reason = skipped[one.name]
    const result = { case: one, outcome, ...(reason !== undefined && { skipped: reason }) }
    results.push(result)
    print(`${tapLines(result, results.length)}\n`)
  }
  return results
}

/** By number: some of them build on the one before. */
function casesIn(folders: readonly string[]): Case[] {
  return folders.flatMap((folder) => {
    const top = resolve(folder)
    const labelRoot = /^\d\.\d$/.test(basename(top)) ? dirname(top) : top
    const cases = globSync('**/*.xml', { cwd: top }).map((path) => loadCase(join(top, path), labelRoot))
    return cases.toSorted((a, b) => a.folder.localeCompare(b.folder) || collator.compare(a.name, b.name))
  })
}

/** The published cases up to 2.1, where they are beside this checkout, and our own. */
function defaultFolders(): string[] {
  const published = versions.map((version) => join(sharedFolder, version))
  const folders = [...published, ownFolder].filter((folder) => existsSync(folder))
  if (folders.length === 0) throw new Error('name a folder with cases')
  return folders
}

type Options = ReturnType<typeof parseArgs<{ options: typeof optionTypes }>>['values']

function endpointOf({ host, port, ca, cert, key, 'https-port': httpsPort }: Options): Endpoint {
  if (host === undefined || port === undefined || ca === undefined || cert === undefined || key === undefined) {
    throw new Error('--host needs --port, --ca, --cert and --key')
  }
  return {
    host, port: Number(port), ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key),
    ...(httpsPort !== undefined && { httpsPort: Number(httpsPort) }),
  }
}

/** Without another identity the cases that count all objects see those of the others. */
function otherEndpointOf(first: Endpoint, { cert2, key2 }: Options): Endpoint {
  if (cert2 === undefined || key2 === undefined) return first
  return { ...first, cert: readFileSync(cert2), key: readFileSync(key2) }
}

async function stopServer(server: OwnServer | undefined): Promise<void> {
  await server?.stop()
}

const optionTypes = {
  host: { type: 'string' },
  port: { type: 'string' },
  'https-port': { type: 'string' },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  cert2: { type: 'string' },
  key2: { type: 'string' },
  only: { type: 'string' },
  version: { type: 'string' },
  skipped: { type: 'string' },
  json: { type: 'string' },
  summary: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const usage = `usage: npm run conformance -- [options] [FOLDER...]

Runs every conversation (*.xml) below the folders; without any, the published OASIS cases of 1.0 to 2.1
when they are beside this checkout, and our own. Without --host our own server is started for it.

  --host H --port P        the KMIP server to test
  --ca --cert --key FILE   PEM files: authorities of the server, our certificate and its key
  --cert2 --key2 FILE      another identity, without objects, for the cases that count all there are
  --https-port P           where the server speaks the HTTPS profile
  --only PATTERN           cases whose folder/name matches the regular expression
  --version V              cases of this protocol version
  --skipped FILE           {case: reason}, instead of spec/skipped.json
  --json FILE              write the results there
  --summary                the counts on the standard output in place of TAP
`

/** They expect just their own objects among all of the last minute. */
const countsAllObjects = /^TC-OFFSET-/
const versions = ['1.0', '1.1', '1.2', '1.3', '1.4', '2.0', '2.1']
const root = new URL('../../', import.meta.url).pathname
const sharedFolder = join(root, '../shared/kmip-profiles')
const ownFolder = join(root, 'fixtures/conversation')
const skippedFile = join(root, 'spec/skipped.json')
const collator = new Intl.Collator('en', { numeric: true })

main().then((code) => {
  process.exitCode = code
}, (error: unknown) => {
  process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
})
