import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isSlow, loadCase } from './case-file.ts'
import type { Case } from './case-file.ts'
import { endpointFor } from './own-server.ts'
import { openServers } from './servers.ts'
import type { GivenServer } from './servers.ts'
import { isGood, records, summary, tapLines } from './report.ts'
import type { Result } from './report.ts'
import { runWithCompanions } from './run-case.ts'
import type { Run } from './run-case.ts'
import { ServerRole } from './server-role.ts'
import { isHttpsEncoding, openTransport } from './transport.ts'
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
    .filter(({ version }) => options.version === undefined ? !laterVersions.test(version) : version === options.version)
    .filter(({ folder, name }) => new RegExp(options.only ?? '').test(`${folder}/${name}`))
  if (cases.length === 0) throw new Error('there are no such cases')
  const skipped = JSON.parse(readFileSync(options.skipped ?? skippedFile, 'utf8')) as Record<string, string>

  const { over } = options
  if (over !== undefined && !isHttpsEncoding(over)) throw new Error('--over is binary, xml or json')

  const servers = await openServers(givenServer(options), cases)
  try {
    const open = (one: Case) => openTransport(one, servers.endpointFor(one), over)
    const reverse = (one: Case) => ServerRole.open(servers.endpointFor(one), one.version)
    const results = await runAll(cases, { open, reverse, generated: new Set() }, skipped, (text) => {
      if (options.summary !== true) process.stdout.write(text)
    })
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(records(results), null, 1)}\n`)
    const out = options.summary === true ? process.stdout : process.stderr
    out.write(summary(results))
    return results.every((result) => isGood(result)) ? 0 : 1
  } finally {
    await servers.stop()
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

/** The published cases, where they are beside this checkout, and our own. */
function defaultFolders(): string[] {
  const folders = [sharedFolder, ownFolder].filter((folder) => existsSync(folder))
  if (folders.length === 0) throw new Error('name a folder with cases')
  return folders
}

type Options = ReturnType<typeof parseArgs<{ options: typeof optionTypes }>>['values']

function givenServer(options: Options): GivenServer | undefined {
  const { host, port, certs, 'suiteb192-port': suiteB192Port, 'suiteb192-certs': suiteB192Certs } = options
  if (host === undefined) return undefined
  if (port === undefined) throw new Error('--host needs --port')
  const server = { host, port: Number(port), ...(options['https-port'] && { httpsPort: Number(options['https-port']) }) }
  const suiteB192 = suiteB192Port === undefined || suiteB192Certs === undefined
    ? undefined
    : endpointFor('alice', { host, port: Number(suiteB192Port) }, suiteB192Certs)
  const endpointOf = certs === undefined
    ? endpointsOf(server, options)
    : (name: string) => (existsSync(join(certs, `${name}.pem`)) ? endpointFor(name, server, certs) : undefined)
  return { endpointOf, ...(suiteB192 && { suiteB192 }) }
}

/** Without another identity the cases that expect few objects see those of the others. */
function endpointsOf(
  server: Pick<Endpoint, 'host' | 'port' | 'httpsPort'>, { ca, cert, key, cert2, key2 }: Options,
): GivenServer['endpointOf'] {
  if (ca === undefined || cert === undefined || key === undefined) {
    throw new Error('--host needs --certs, or --ca, --cert and --key')
  }
  const endpoint = { ...server, ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) }
  const other = cert2 === undefined || key2 === undefined
    ? endpoint
    : { ...endpoint, cert: readFileSync(cert2), key: readFileSync(key2) }
  return (name) => ({ alice: endpoint, bob: other })[name]
}

const optionTypes = {
  host: { type: 'string' },
  port: { type: 'string' },
  'https-port': { type: 'string' },
  certs: { type: 'string' },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  over: { type: 'string' },
  'suiteb192-port': { type: 'string' },
  'suiteb192-certs': { type: 'string' },
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

Runs every conversation (*.xml) below the folders; without any, the published OASIS cases
when they are beside this checkout, and our own. Without --host our own server is started for it;
one started by hand needs KEYWARD_HTTPS_PORT, and the client profiles of test/conformance/presupposed.ts with
clients of these names, to pass all that it can.

  --host H --port P        the KMIP server to test
  --https-port P           where the server speaks the HTTPS profile
  --over ENCODING          all cases over HTTPS, as binary, xml or json
  --certs DIR              ca.pem, alice.pem, alice.key, bob.pem and bob.key, as our server makes them, and those of
                           client profiles; or each file:
  --ca --cert --key FILE   PEM files: authorities of the server, our certificate and its key
  --cert2 --key2 FILE      another identity, without objects, for the cases that expect few
  --suiteb192-port P       where the server has a certificate on P-384, for the cases of Suite B's 192-bit level,
  --suiteb192-certs DIR    and its certificates
  --only PATTERN           cases whose folder/name matches the regular expression
  --version V              cases of this protocol version; without it, those up to 2.1
  --skipped FILE           {case: reason}, instead of spec/skipped.json
  --json FILE              write the results there
  --summary                the counts on the standard output in place of TAP
`

/** Not spoken by the server, and not decodable as 2.1 (a draft). */
const laterVersions = /^3\./
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
