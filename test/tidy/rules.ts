import type { Import, Source } from './source.ts'

/** A rule of style: what breaks it, and what to do instead, so that the failure teaches. */
export interface Rule {
  readonly name: string
  readonly instead: string
  /** `path:line what` of each place that breaks it. */
  readonly check: (source: Source) => string[]
  /** A piece of code that breaks it: the rule must find it. */
  readonly sample: { readonly path: string, readonly text: string }
}

/** Where values really are masks, or octets that are moved by bits. */
const maskFiles = new RegExp(`^(test|spec)/|^src/(${[
  'crypto/cmac', 'crypto/der', 'crypto/generate', 'crypto/generate-from', 'crypto/name-constraints', 'crypto/one-time-pad',
  'crypto/padding', 'crypto/random-source', 'crypto/rsa-padding', 'crypto/sm2', 'crypto/sm4-gcm', 'crypto/split-key',
  'kmip/schema', 'kmip/text-value', 'model/usage', 'store/root-key',
].join('|')})\\.ts$`)

export const rules: readonly Rule[] = [
  {
    name: 'imports go one way',
    instead: 'move the thing to the layer that both may see (design, section 2)',
    check: source => placesOf(source, entry => !isAllowed(source.path, entry)),
    sample: { path: 'src/kmip/sample.ts', text: 'import { apply } from \'../store/store.ts\'' },
  },
  {
    name: 'a package has one door',
    instead: 'import the file of ours that wraps the package, or enter it in test/tidy/rules.ts with a reason',
    check: source => placesOf(source, entry => !isKnownPackage(source.path, entry)),
    sample: { path: 'src/operation/sample.ts', text: 'import { open } from \'lmdb\'' },
  },
  {
    name: 'the core does no I/O',
    instead: 'take what is needed as an argument',
    check: source => (/^src\/(ttlv|kmip|model)\//.test(source.path)
      ? placesOf(source, entry => /^node:(?!crypto$|buffer$|util$)/.test(entry.specifier))
      : []),
    sample: { path: 'src/model/sample.ts', text: 'import { readFileSync } from \'node:fs\'' },
  },
  {
    name: 'a line has at most 128 columns',
    instead: 'break it, or name a part of it',
    check: source => (isGenerated(source) ? [] : source.lines.flatMap((line, index) => (
      line.length > 128 ? [`${source.path}:${index + 1} ${line.length} columns`] : []))),
    sample: { path: 'src/sample.ts', text: `// ${'x'.repeat(126)}` },
  },
  {
    name: 'a file has at most 400 lines',
    instead: 'split it by what its parts do',
    check: source => {
      const count = source.lines.length - 1
      return isGenerated(source) || count <= 400 ? [] : [`${source.path} ${count} lines`]
    },
    sample: { path: 'src/sample.ts', text: '\n'.repeat(401) },
  },
  {
    name: 'a function has at most 70 lines',
    instead: 'give its steps names; the list of exceptions may only shrink',
    check: source => (isGenerated(source) ? [] : source.functions
      .filter(span => span.lineCount > linesMax(source.path, span.name))
      .map(span => `${source.path}:${span.line} ${span.name} ${span.lineCount} lines`)),
    sample: { path: 'src/sample.ts', text: `function long() {${'\n'.repeat(70)}}` },
  },
  banned('enum', 'a literal `as const` and the union of its values', 'enum Colour { Red }'),
  banned('namespace', 'a module', 'namespace A { export const b = 1 }'),
  banned('parameter property', 'a field', 'class A { constructor(private b: string) {} }'),
  banned('decorator', 'a plain call', '@a class B {}'),
  // A map of fields of every type needs it once; inference restores the types.
  banned('any', 'unknown, and a check', 'let a: any', /^src\/kmip\/schema\.ts$/),
  banned('default export', 'a named export', 'export default 1', /^vitest\.config\.ts$/),
  banned('export all', 'name what is exported, or import it where it is', 'export * from \'./a.ts\''),
  banned('re-export', 'import it from where it is: a barrel hides dependencies', 'export { a } from \'./b.ts\''),
  banned('console', 'the logger; the CLI writes to process.stdout', 'console.log(1)', /^(src\/cli|test|spec)\//),
  banned('clock', 'take the time as an argument', 'Date.now()', /^(src\/cli|test|spec|certs)\/|^src\/main\.ts$/),
  banned('random', 'node:crypto', 'Math.random()', /^test\//),
  banned('environment', 'take a value; config.ts reads the environment', 'process.env.A',
    /^(src\/cli|test|spec)\/|^src\/main[a-z-]*\.ts$/),
  banned('whole buffer', 'give byteOffset and byteLength too: pools are shared', 'Buffer.from(a.buffer)'),
  banned('only', 'run one file: npm test -- test/x.test.ts', 'test.only(\'a\', () => {})'),
  banned('bitwise', 'arithmetic: these operators cut to 32 bits; for masks, see maskFiles', 'a & b', maskFiles),
  {
    name: 'no note to self in a comment',
    instead: 'do it, or open an issue',
    check: source => source.comments.filter(comment => noteToSelf.test(comment.text))
      .map(comment => `${source.path}:${comment.line} ${comment.text.trim().slice(0, 60)}`),
    sample: { path: 'src/sample.ts', text: `// ${'TO' + 'DO'}: later` },
  },
  {
    name: 'a lint or type rule is switched off only with a reason',
    instead: '`// oxlint-disable-next-line rule -- reason`',
    check: source => source.comments
      .filter(comment => /@ts-(ignore|nocheck)|(eslint|oxlint)-disable(?!.* -- \S)/.test(comment.text))
      .map(comment => `${source.path}:${comment.line} ${comment.text.trim().slice(0, 60)}`),
    sample: { path: 'src/sample.ts', text: `// @ts-${'ignore'}` },
  },
  {
    name: 'relative imports name the file',
    instead: 'write the .ts ending: Node runs the files as they are',
    check: source => placesOf(source, entry => entry.target !== undefined && !/\.(ts|mjs|json)$/.test(entry.specifier)),
    sample: { path: 'src/sample.ts', text: 'import { a } from \'./b\'' },
  },
]

/** Chains of files that import each other for values; types alone do no harm. */
export function findCycles(sources: readonly Source[]): string[] {
  const edges = new Map(sources.map(source => [source.path, source.imports
    .flatMap(entry => (entry.isTypeOnly || entry.target === undefined ? [] : [entry.target]))]))
  const done = new Set<string>()
  const cycles: string[] = []
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' -> '))
    if (start >= 0 || done.has(path)) return
    for (const target of edges.get(path) ?? []) walk(target, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) walk(path, [])
  return cycles
}

function banned(kind: string, instead: string, text: string, where?: RegExp): Rule {
  return {
    name: `no ${kind}`,
    instead,
    check: source => (where?.test(source.path) === true || isGenerated(source) ? [] : source.marks
      .filter(mark => mark.kind === kind)
      .map(mark => `${source.path}:${mark.line} ${mark.text.split('\n')[0] ?? ''}`)),
    sample: { path: 'src/sample.ts', text },
  }
}

function placesOf(source: Source, isWrong: (entry: Import) => boolean): string[] {
  return source.imports.filter(isWrong).map(entry => `${source.path}:${entry.line} ${entry.specifier}`)
}

function isGenerated(source: Source): boolean {
  return source.path.startsWith('src/kmip/generated/')
}

function isAllowed(path: string, entry: Import): boolean {
  if (entry.target === undefined || !path.startsWith('src/')) return true
  const layer = layers.find(({ files }) => files.test(path))
  if (layer === undefined) return false
  return layer.may === 'all' || layer.files.test(entry.target) || layer.may.test(entry.target)
}

/** First match decides. `may` is besides the files of the layer itself. */
const layers: readonly { readonly files: RegExp, readonly may: RegExp | 'all' }[] = [
  { files: /^src\/ttlv\//, may: /^$/ },
  { files: /^src\/kmip\//, may: /^src\/ttlv\// },
  { files: /^src\/model\//, may: /^src\/(ttlv|kmip)\// },
  { files: /^src\/store\//, may: /^src\/(ttlv|kmip|model)\// },
  { files: /^src\/crypto\//, may: /^src\/(ttlv|kmip|model)\// },
  { files: /^src\/cmk\//, may: /^src\/(ttlv|kmip|model|store\/store\.ts|crypto\/provider\.ts)/ },
  // Of `crypto` everything that is no adapter: encodings of keys and certificates, and shares of them, are pure.
  { files: /^src\/operation\//, may: /^src\/(ttlv|kmip|model|cmk|store\/store\.ts|crypto\/(?!software|pkcs11|external))/ },
  { files: /^src\/server\//, may: /^src\/(ttlv|kmip|model|cmk|operation|store\/(store|directory)\.ts|crypto\/provider\.ts)/ },
  { files: /^src\/client\//, may: /^src\/(ttlv|kmip)\// },
  {
    files: /^src\/config[a-z-]*\.ts$/,
    may: /^src\/(server\/limits|model\/client-profile|kmip\/(version|generated\/enums))\.ts$/,
  },
  { files: /^src\/(main[a-z-]*\.ts|cli\/)/, may: 'all' },
]

function isKnownPackage(path: string, entry: Import): boolean {
  if (!path.startsWith('src/') || entry.target !== undefined || entry.specifier.startsWith('node:')) return true
  const [name] = /^(@[^/]+\/)?[^/]+/.exec(entry.specifier) ?? ['']
  return packages[name]?.test(path) ?? false
}

/** Which files may import a package, by type too. */
const packages: Readonly<Record<string, RegExp>> = {
  '@noble/curves': /^src\/crypto\//,
  '@peculiar/x509': /^src\/(server\/pki|crypto\/certificate[a-z-]*)\.ts$/,
  'lmdb': /^src\/store\/lmdb[a-z-]*\.ts$/,
  'node-forge': /^$/,
  'pino': /^src\/(main[a-z-]*|server\/log)\.ts$/,
  'pkcs11js': /^src\/crypto\/pkcs11[a-z-]*\.ts$/,
  'reflect-metadata': /^src\/(server\/pki|crypto\/certificate[a-z-]*)\.ts$/,
  'saxes': /^src\/kmip\/xml[a-z-]*\.ts$/,
}

const noteToSelf = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK', 'X'.repeat(3)].join('|')})\\b`)

/** A suite that adapters share is a function that lists tests: it is read like a file. */
function linesMax(path: string, name: string): number {
  return longFunctions[`${path} ${name}`] ?? (/^test\/.*\/suite\.ts$/.test(path) ? 300 : 70)
}

/** Functions that were longer than 70 lines when the rule came, with their length then. It may only shrink. */
const longFunctions: Readonly<Record<string, number>> = {}
