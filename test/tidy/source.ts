import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseSync, Visitor } from 'rolldown/utils'
import type { VisitorObject } from 'rolldown/utils'

/** A source file with what the rules ask of it. Paths are relative to the project's root, with `/`. */
export interface Source {
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
  readonly imports: readonly Import[]
  readonly functions: readonly Span[]
  readonly comments: readonly Mark[]
  /** Syntax that a rule may ban, by name: `enum`, `any`, `console`, ... */
  readonly marks: readonly Mark[]
}

export interface Import {
  readonly line: number
  /** As written: `node:fs`, `../kmip/version.ts`. */
  readonly specifier: string
  /** The file that a relative one means. */
  readonly target: string | undefined
  readonly isTypeOnly: boolean
}

export interface Span { readonly name: string, readonly line: number, readonly lineCount: number }

export interface Mark { readonly kind: string, readonly line: number, readonly text: string }

export const root = resolve(import.meta.dirname, '../..')

/** All TypeScript and JavaScript of ours. */
export function loadSources(): Source[] {
  return sourceFolders.flatMap(folder => filesIn(folder, /\.(ts|mjs)$/))
    .map(path => parseSource(path, readFileSync(join(root, path), 'utf8')))
}

/** Files below a folder whose name matches, without what npm installed or a run left. */
export function filesIn(folder: string, name: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && name.test(entry.name))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .filter(path => !path.split('/').includes('node_modules'))
    .sort()
}

export function parseSource(path: string, text: string): Source {
  const { program, comments, errors } = parseSync(path, text, { lang: 'ts' })
  const [error] = errors
  if (error !== undefined) throw new Error(`${path}: ${error.message}`)
  const lineAt = lineFinder(text)
  const imports: Import[] = []
  const marks: Mark[] = []
  const functions: Span[] = []
  const mark: Marker = (kind, node) => {
    marks.push({ kind, line: lineAt(node.start), text: text.slice(node.start, Math.min(node.end, node.start + 60)) })
  }
  // With a bigint there is no cut to 32 bits.
  const markBits = (node: Node, operator: string): void => {
    if (bitwise.has(operator) && !/\b\d+n\b/.test(text.slice(node.start, node.end))) mark('bitwise', node)
  }
  const addImport: ImportAdder = (node, specifier, isTypeOnly) => {
    const target = specifier.startsWith('.') ? join(dirname(path), specifier) : undefined
    imports.push({ line: lineAt(node.start), specifier, target, isTypeOnly })
  }
  const addFunction = (node: Node, name: string): void => {
    const line = lineAt(node.start)
    functions.push({ name, line, lineCount: lineAt(node.end) - line + 1 })
  }
  new Visitor({
    ...importVisitor(addImport, mark),
    ExportDefaultDeclaration: node => mark('default export', node),
    TSEnumDeclaration: node => mark('enum', node),
    TSModuleDeclaration: node => mark('namespace', node),
    TSParameterProperty: node => mark('parameter property', node),
    TSAnyKeyword: node => mark('any', node),
    Decorator: node => mark('decorator', node),
    BinaryExpression: node => markBits(node, node.operator),
    UnaryExpression: node => markBits(node, node.operator),
    AssignmentExpression: node => markBits(node, node.operator.slice(0, -1)),
    Identifier: node => { if (node.name === 'console') mark('console', node) },
    NewExpression: node => {
      if (/^new Date(\(\))?$/.test(text.slice(node.start, node.end))) mark('clock', node)
    },
    MemberExpression: node => {
      const kind = members[text.slice(node.start, node.end)]
      if (kind !== undefined) mark(kind, node)
    },
    CallExpression: node => {
      if (/^Buffer\.from\([\w.]+\.buffer\)/.test(text.slice(node.start, node.end))) mark('whole buffer', node)
      if (/^(test|describe|it)\.only\b/.test(text.slice(node.start, node.end))) mark('only', node)
    },
    FunctionDeclaration: node => addFunction(node, node.id?.name ?? 'function'),
    MethodDefinition: node => addFunction(node, text.slice(node.key.start, node.key.end)),
    VariableDeclarator: node => {
      const isFunction = node.init?.type === 'ArrowFunctionExpression' || node.init?.type === 'FunctionExpression'
      if (isFunction && node.id.type === 'Identifier') addFunction(node, node.id.name)
    },
    Property: node => {
      const isFunction = node.value.type === 'ArrowFunctionExpression' || node.value.type === 'FunctionExpression'
      if (isFunction) addFunction(node, text.slice(node.key.start, node.key.end))
    },
  }).visit(program)
  return {
    path, text, lines: text.split('\n'), imports, functions, marks,
    comments: comments.map(comment => ({ kind: comment.type, line: lineAt(comment.start), text: comment.value })),
  }
}

type Marker = (kind: string, node: Node) => void

type ImportAdder = (node: Node, specifier: string, isTypeOnly: boolean) => void

function importVisitor(addImport: ImportAdder, mark: Marker): VisitorObject {
  return {
    ImportDeclaration: node => addImport(node, node.source.value, node.importKind === 'type'),
    ExportNamedDeclaration: node => {
      if (node.source === null) return
      addImport(node, node.source.value, node.exportKind === 'type')
      mark('re-export', node)
    },
    ExportAllDeclaration: node => {
      addImport(node, node.source.value, node.exportKind === 'type')
      mark('export all', node)
    },
    ImportExpression: node => {
      const { source } = node
      if (source.type === 'Literal' && typeof source.value === 'string') addImport(node, source.value, false)
    },
  }
}

interface Node { readonly start: number, readonly end: number }

function lineFinder(text: string): (offset: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(match => match.index + 1)]
  return offset => {
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? Infinity) <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }
}

const sourceFolders = ['src', 'spec', 'test', 'certs']

const bitwise: ReadonlySet<string> = new Set(['|', '&', '^', '~', '<<', '>>', '>>>'])

const members: Readonly<Record<string, string>> = {
  'Date.now': 'clock',
  'Math.random': 'random',
  'process.env': 'environment',
}
