import { Socket } from 'node:net'
import { Cka } from '../kmip/pkcs11-constants.ts'
import { Crypt, nativeMechanism, nativeTemplate } from './pkcs11-crypt.ts'
import type { EarlyError } from './pkcs11-crypt.ts'
import type { Answer, Failure, Job, Template } from './pkcs11-protocol.ts'
import { decodeJob, encodeAnswer, recordReader } from './pkcs11-wire.ts'
import { oaepFacts } from './pkcs11-probe.ts'
import { Busy } from './pkcs11-sessions.ts'
import { KeyMissing, Token, unwrapKey } from './pkcs11-token.ts'
import { unwrapFacts, unwrapInto } from './pkcs11-unwrap.ts'
import { secretTemplate } from './pkcs11-template.ts'

/**
 * The process that holds one PKCS#11 module: what the module keeps in its memory, and what it does to its process, is
 * not the server's. Jobs come in on standard input, answers go out on file descriptor 3; it ends with the server.
 */
let token: Token | undefined
let crypt: Crypt | undefined

function run(job: Job): unknown {
  if (job.op === 'connect') {
    token = new Token(job.options, job.pin)
    crypt = new Crypt(token)
    return token.facts
  }
  if (token === undefined || crypt === undefined) throw new Error('not connected')
  switch (job.op) {
    case 'crypt': return crypt.run(job)
    case 'generate': return generate(token, job)
    case 'generatePair': return generatePair(token, job)
    case 'create': return create(token, job)
    case 'unwrapInto': return unwrapInto(token, job)
    case 'wrapBytes': return wrapBytes(token, job)
    case 'unwrapBytes': return unwrapBytes(token, job)
    case 'destroy': return token.destroy(job.key)
    case 'check': return token.check()
    case 'unwrapFacts': return unwrapFacts(token)
    default: return oaepFacts(token)
  }
}

type Of<O extends Job['op']> = Extract<Job, { op: O }>

async function generate(owner: Token, { mechanism, template, place }: Of<'generate'>): Promise<unknown> {
  const { module } = owner
  const whole = nativeTemplate(owner.templateFor(place, template))
  const handle = await owner.make((session) => module.C_GenerateKeyAsync(session, nativeMechanism(mechanism), whole))
  return owner.settle(place, handle, withoutLength(template))
}

async function generatePair(owner: Token, job: Of<'generatePair'>): Promise<unknown> {
  const { module } = owner
  const { mechanism, publicTemplate, template, place, publicValues } = job
  const pair = await owner.make((session) => module.C_GenerateKeyPairAsync(
    session, nativeMechanism(mechanism), nativeTemplate(publicTemplate),
    nativeTemplate(owner.templateFor(place, template)),
  ))
  return owner.make((session) => {
    const values = module.C_GetAttributeValue(session, pair.publicKey, publicValues.map((type) => ({ type })))
    module.C_DestroyObject(session, pair.publicKey)
    return {
      values: values.map(({ value }) => Buffer.from(value)),
      wrapped: owner.settle(place, pair.privateKey, template),
    }
  })
}

function create(owner: Token, { template, place }: Of<'create'>): unknown {
  const whole = nativeTemplate(owner.templateFor(place, template))
  const handle = owner.make((session) => owner.module.C_CreateObject(session, whole))
  return owner.settle(place, handle, template.filter(({ type }) => !materialAttributes.has(type)))
}

/** Wraps bytes that are not a key of the token: they become one for the moment. */
function wrapBytes(owner: Token, { key, mechanism, bytes }: Of<'wrapBytes'>): Buffer {
  const { module } = owner
  return owner.make((session) => {
    const handle = module.C_CreateObject(session, nativeTemplate([
      ...secretTemplate(0), ...passing, { type: Cka.VALUE, value: bytes },
    ]))
    try {
      const room = Buffer.alloc(bytes.length + wrapGrowthMax)
      return Buffer.from(module.C_WrapKey(session, nativeMechanism(mechanism), owner.handleOf(key), handle, room))
    } finally {
      module.C_DestroyObject(session, handle)
    }
  })
}

function unwrapBytes(owner: Token, { key, mechanism, wrapped }: Of<'unwrapBytes'>): Buffer {
  const { module } = owner
  return owner.make((session) => {
    const open = secretTemplate(0).map((each) => (each.type === Cka.SENSITIVE ? { ...each, value: false } : each))
    const handle = unwrapKey(
      module, session, { mechanism: mechanism.mechanism, wrappingKey: owner.handleOf(key) }, wrapped,
      [...open, ...passing],
    )
    try {
      return module.C_GetAttributeValue(session, handle, [{ type: Cka.VALUE }])[0]!.value
    } finally {
      module.C_DestroyObject(session, handle)
    }
  })
}

function withoutLength(template: Template): Template {
  return template.filter(({ type }) => type !== Cka.VALUE_LEN)
}

function failureOf(error: unknown): Failure {
  if (error instanceof KeyMissing) return { kind: 'keyMissing', code: 0, name: 'key missing', early: true }
  if (error instanceof Busy) return { kind: 'busy', code: 0, name: 'busy', early: true }
  const { code, message, early = false } = error as EarlyError & { code?: unknown }
  // The binding's message is the name of the code, or what the loader says of the module: never data.
  return typeof code === 'number' && code > 0
    ? { kind: 'pkcs11', code, name: message.slice(0, 200), early }
    : { kind: 'module', code: 0, name: String(message).slice(0, 200), early }
}

function serve(): void {
  const output = new Socket({ fd: 3, readable: false, writable: true })
  let answers: Buffer[] = []
  const flush = (): void => {
    if (answers.length > 0) output.write(Buffer.concat(answers))
    answers = []
  }
  const answer = (one: Answer): void => {
    answers.push(encodeAnswer(one))
    // Some at a time, so that the other side works on them while the next are made.
    if (answers.length === batchMax) flush()
    else if (answers.length === 1) setImmediate(flush)
  }
  let underWay = 0
  let isEnding = false
  const fail = (id: number) => (error: unknown) => answer({ id, failure: failureOf(error) })
  const read = recordReader((record) => {
    const { id, job } = decodeJob(record)
    try {
      const result = run(job)
      if (!(result instanceof Promise)) return answer({ id, result })
      underWay += 1
      result.then((done: unknown) => answer({ id, result: done }), fail(id)).finally(() => {
        underWay -= 1
        if (isEnding && underWay === 0) process.exit(0)
      })
    } catch (error) {
      fail(id)(error)
    }
  })
  const input = new Socket({ fd: 0, readable: true, writable: false })
  input.on('data', read)
  // What is under way has a moment to leave nothing half done. A module that hangs has no more: an exit would wait for it.
  const end = (): void => {
    if (underWay === 0) process.exit(0)
    isEnding = true
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), endMsMax)
  }
  input.on('end', end)
  input.on('error', end)
  output.on('error', end)
}

const passing: Template = [{ type: Cka.TOKEN, value: false }, { type: Cka.EXTRACTABLE, value: true }]
const wrapGrowthMax = 32
const batchMax = 16
/** Less than the next server waits before it destroys what this one was making. */
const endMsMax = 2000
const materialAttributes: ReadonlySet<number> = new Set([
  Cka.VALUE, Cka.MODULUS, Cka.PUBLIC_EXPONENT, Cka.PRIVATE_EXPONENT, Cka.PRIME_1, Cka.PRIME_2, Cka.EXPONENT_1,
  Cka.EXPONENT_2, Cka.COEFFICIENT, Cka.EC_PARAMS,
])
serve()
