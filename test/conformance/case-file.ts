import { readFileSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { parseElements } from '../../src/kmip/xml-element.ts'
import type { XmlElement } from '../../src/kmip/xml-element.ts'

/** One conversation: requests and the answers that are listed for them. */
export interface Case {
  readonly path: string
  /** Name without folder and ending: `SKLC-M-1-14`. */
  readonly name: string
  /** Folder below the one that was given, which names version and kind: `1.4/mandatory`. */
  readonly folder: string
  /** What the folder or the name says: `1.4`. */
  readonly version: string
  /** The name without numbers and version: `SKLC-M`. */
  readonly profile: string
  readonly steps: readonly Step[]
}

export interface Step {
  /** Each client has a connection of its own. */
  readonly client: string
  /** Whether the client asks or the server does. */
  readonly direction: 'toServer' | 'toClient'
  /** Whether the request is sent again until the listed answer comes. */
  readonly isRepeated: boolean
  readonly request: XmlElement
  readonly response: XmlElement
}

/** Text before the message of an index. */
interface Mark {
  readonly text: string
  readonly index: number
}

/** @throws Error for a file that is no conversation */
export function loadCase(path: string, root: string): Case {
  const marks: Mark[] = []
  const limits = { lengthMax: 64 * 1024 * 1024, depthMax: 40 }
  const document = parseElements(readFileSync(path, 'utf8'), limits, (text, index) => marks.push({ text, index }))
  const name = basename(path, '.xml')
  const folder = relative(root, dirname(path))
  const version = /(?:^|\/)(\d\.\d)(?:\/|$)/.exec(folder)?.[1] ?? versionOfName(name)
  const profile = name.replace(/-\d\d$/, '').replace(/(-\d+)+$/, '')
  return { path, name, folder, version, profile, steps: stepsOf(document.children.map(normalised), marks, name) }
}

/** Whether it waits for a date to come. */
export function isSlow({ steps }: Case): boolean {
  return steps.some(({ isRepeated, request }) => isRepeated && operationsOf(request).includes('GetAttributes'))
}

function stepsOf(messages: readonly XmlElement[], marks: readonly Mark[], name: string): Step[] {
  if (messages.length === 0 || messages.length % 2 !== 0) throw new Error(`${name}: not pairs of messages`)
  const steps: Step[] = []
  let client = 'A'
  let repeatedBefore = false
  for (let index = 0; index < messages.length; index += 2) {
    const [request, response] = [messages[index]!, messages[index + 1]!]
    if (request.name !== 'RequestMessage' || response.name !== 'ResponseMessage') {
      throw new Error(`${name}: message ${index} is not followed by its answer`)
    }
    const mark = marks.filter((candidate) => candidate.index === index).map(({ text }) => text).join('\n')
    client = /\[Client-([A-Z])\]/.exec(mark)?.[1] ?? client
    const direction = isServersRequest(request, mark, name) ? 'toClient' : 'toServer'
    // One case has the mark a step too early, so it counts for two.
    const isMarked = mark.includes('[REPEAT]')
    const isRepeated = isMarked || repeatedBefore || operationsOf(request).includes('Poll')
    repeatedBefore = isMarked
    steps.push({ client, direction, isRepeated, request, response })
  }
  return steps
}

/** Marked in the oldest cases; else Notify and Put, which only servers send, and the cases of that name. */
function isServersRequest(request: XmlElement, mark: string, name: string): boolean {
  if (/\[Server-to-Client\]/.test(mark) || name.startsWith('TC-Q-S2C-')) return true
  return operationsOf(request).some((operation) => ['Notify', 'Put'].includes(operation))
}

/** Names of the operations that a listed message asks for. */
export function operationsOf(request: XmlElement): string[] {
  return request.children.flatMap(({ children }) => children.filter(({ name }) => name === 'Operation'))
    .map(({ attributes }) => attributes['value'] ?? '')
}

/** The files made from the HTML documents have the line breaks of their tables as runs of spaces. */
function normalised(element: XmlElement): XmlElement {
  const { type, value } = element.attributes
  const children = element.children.map(normalised)
  if (type !== 'TextString' || value === undefined) return { ...element, children }
  return { ...element, children, attributes: { ...element.attributes, value: value.replace(/\s{2,}/g, ' ') } }
}

function versionOfName(name: string): string {
  const digits = /-(\d)(\d)$/.exec(name)
  return digits === null ? 'own' : `${digits[1]}.${digits[2]}`
}
