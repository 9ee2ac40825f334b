import { expect } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { Pkcs11Reader, Pkcs11Writer } from '../../src/kmip/pkcs11-codec.ts'
import { pkcs11Functions, pkcs11ReturnCodes } from '../../src/kmip/pkcs11-names.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from './client-endpoint.ts'
import { alice, testEngine } from './engine.ts'
import { item, request } from './xml.ts'

/** A client of the PKCS#11 operation: functions, and their parameters as KMIP carries them. */

export const w = (): Pkcs11Writer => new Pkcs11Writer()

type Engines = ReturnType<typeof testEngine>

export async function initialized(engines: Engines = testEngine(), caller = alice): Promise<Pkcs11Client> {
  const client = new Pkcs11Client(engines, caller)
  await client.initialize()
  return client
}

export class Pkcs11Client {
  readonly engines: Engines
  readonly #caller: typeof alice
  #correlationValue = ''

  constructor(engines: Engines, caller: typeof alice) {
    this.engines = engines
    this.#caller = caller
  }

  async initialize(): Promise<void> {
    const answer = await this.send(item('PKCS_11', '<PKCS_11Function type="Enumeration" value="C_Initialize"/>' +
      '<PKCS_11InputParameters type="ByteString" value="01"/>'))
    this.#correlationValue = (find(answer, Tag.CorrelationValue)!.value as Buffer).toString('hex')
  }

  /** @param then a function that is called where `name` is to succeed and this one is to fail */
  async call(name: string, input = w(), code = 'OK', then?: string, session?: number): Promise<Buffer> {
    let answer = await this.send(this.#item(name, input.take()))
    if (then !== undefined) {
      answer = await this.send(this.#item(then, w().ulong(session!).bytes(Buffer.from('x')).take()))
    }
    expect(find(answer, Tag.PKCS_11ReturnCode)?.value, printItem(answer)).toBe(pkcs11ReturnCodes[code])
    return (find(answer, Tag.PKCS_11OutputParameters)?.value as Buffer | undefined) ?? Buffer.alloc(0)
  }

  async raw(name: string, input: Buffer, caller = this.#caller): Promise<string> {
    return printItem(await this.send(this.#item(name, input), caller))
  }

  async open(flags = 6): Promise<number> {
    return new Pkcs11Reader(await this.call('C_OpenSession', w().ulong(0).ulong(flags))).ulong()
  }

  async find(session: number, template: Pkcs11Writer): Promise<number[]> {
    const input = Buffer.concat([w().ulong(session).take(), template.take()])
    await this.raw('C_FindObjectsInit', input)
    const found = new Pkcs11Reader(await this.call('C_FindObjects', w().ulong(session).count(10)))
    const handles = Array.from({ length: found.count() }, () => found.ulong())
    await this.call('C_FindObjectsFinal', w().ulong(session))
    return handles
  }

  /** The handle that a function gives. */
  async handle(name: string, input: Pkcs11Writer, attributes: Attributes): Promise<number> {
    return new Pkcs11Reader(await this.call(name, append(input, attributes))).ulong()
  }

  /** Handles of a public and a private key. */
  async pair(input: Pkcs11Writer, ofPublic: Attributes, ofPrivate: Attributes): Promise<[number, number]> {
    const answer = new Pkcs11Reader(await this.call('C_GenerateKeyPair', append(append(input, ofPublic), ofPrivate)))
    return [answer.ulong(), answer.ulong()]
  }

  async attribute(session: number, handle: number, type: number): Promise<Buffer> {
    const input = w().ulong(session).ulong(handle).count(1).ulong(type).byte(0)
    const answer = new Pkcs11Reader(await this.call('C_GetAttributeValue', input))
    expect([answer.count(), answer.ulong(), answer.byte()]).toEqual([1, type, 1])
    return answer.bytes()
  }

  async create(mask: string, name: string, algorithm = 'AES', length = 128): Promise<string> {
    const answer = await this.send(item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
      <CryptographicAlgorithm type="Enumeration" value="${algorithm}"/>
      <CryptographicLength type="Integer" value="${length}"/>
      <CryptographicUsageMask type="Integer" value="${mask}"/>
      <Name><NameValue type="TextString" value="${name}"/>
      <NameType type="Enumeration" value="UninterpretedTextString"/></Name></Attributes>`))
    return String(find(answer, Tag.UniqueIdentifier)!.value)
  }

  async activate(id: string): Promise<void> {
    await this.send(item('Activate', `<UniqueIdentifier type="TextString" value="${id}"/>`))
  }

  async send(batchItem: string, caller = this.#caller): Promise<Item> {
    const { bytes } = await this.engines.engine.process(encodeItem(request('2.1', batchItem)), caller)
    return decodeItem(bytes)
  }

  #item(name: string, input: Buffer): string {
    expect(pkcs11Functions[name]).toBeDefined()
    const parameters = `<PKCS_11InputParameters type="ByteString" value="${input.toString('hex')}"/>`
    return item('PKCS_11', `<PKCS_11Function type="Enumeration" value="${name}"/>
      <CorrelationValue type="ByteString" value="${this.#correlationValue}"/>${input.length > 0 ? parameters : ''}`)
  }
}

export type Attributes = readonly (readonly [number, Buffer])[]

export function template(attributes: Attributes): Pkcs11Writer {
  return append(w(), attributes)
}

export function append(input: Pkcs11Writer, attributes: Attributes): Pkcs11Writer {
  input.count(attributes.length)
  for (const [type, value] of attributes) input.ulong(type).byte(1).bytes(value)
  return input
}

export function text(value: string): Buffer {
  return Buffer.from(value)
}

export function number(value: number): Buffer {
  return w().ulong(value).take()
}
