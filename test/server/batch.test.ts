import { describe, expect, it } from 'vitest'
import {
  BatchErrorContinuationOption, BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, ObjectType, Operation,
  ResultReason, ResultStatus, UsageLimitsUnit,
} from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { RequestMessage, ResponseMessage, outgoing } from '../../src/kmip/message.ts'
import type { OutgoingPayload, RequestHeader, ResponseBatchItem } from '../../src/kmip/message.ts'
import { CreateRequest } from '../../src/kmip/payload/create.ts'
import { EncryptRequest, EncryptResponse } from '../../src/kmip/payload/encrypt.ts'
import { GetAttributesRequest, GetAttributesResponse } from '../../src/kmip/payload/get-attributes.ts'
import { GetRequest } from '../../src/kmip/payload/get.ts'
import { LocateRequest, LocateResponse } from '../../src/kmip/payload/locate.ts'
import { RNGRetrieveRequest } from '../../src/kmip/payload/rng-retrieve.ts'
import type { Version } from '../../src/kmip/version.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { TtlvWriter } from '../../src/ttlv/writer.ts'
import { alice, testEngine } from '../support/engine.ts'
import { watched } from '../support/event-loop.ts'

type Ask = [operation: number, payload: OutgoingPayload]
type Case = [name: string, asks: Ask[], header: Partial<RequestHeader>]
const version = 104

describe('what was undone or did not fit has not happened, and has given nothing', () => {
  it('an Encrypt that is undone shows no ciphertext and takes nothing off the Usage Limits', async () => {
    const server = testEngine()
    const key = await created(server, limited(5n))
    const [undone, failed] = await ask(server, [encrypt(key), get('none')], {
      batchErrorContinuationOption: BatchErrorContinuationOption.Undo,
    })
    expect(failed?.resultStatus).toBe(ResultStatus.OperationFailed)
    expect(undone?.resultStatus).toBe(ResultStatus.OperationUndone)
    expect(EncryptResponse.decode(undone!.responsePayload as Item, { version })).toEqual({ uniqueIdentifier: key })
    expect(await unitsLeft(server, key)).toBe(5n)
  })

  it.each([
    ['by itself', [create()], {}],
    ['in a batch', [create(), create()], {}],
    ['under Undo', [create(), create()], { batchErrorContinuationOption: BatchErrorContinuationOption.Undo }],
  ] as Case[])('a Create whose answer is too large makes nothing, %s', async (_name, asks, header) => {
    const server = testEngine()
    const items = await ask(server, asks, { ...header, maximumResponseSize: 150 })
    expect(items.at(-1)).toMatchObject({ resultReason: ResultReason.ResponseTooLarge })
    const [located] = await ask(server, [[Operation.Locate, outgoing(LocateRequest, {})]])
    expect(LocateResponse.decode(located!.responsePayload as Item, { version }).uniqueIdentifier).toEqual([])
  })

  it.each([104, 200, 201])('an answer as large as the client takes is sent, a larger one is not: version %i', async (of) => {
    const server = testEngine()
    const key = await created(server, create())
    const { length } = await exchange(server, [get(key)], {}, of)
    expect(await exchange(server, [get(key)], { maximumResponseSize: length }, of)).toHaveLength(length)
    const items = itemsOf(await exchange(server, [get(key)], { maximumResponseSize: length - 1 }, of), of)
    expect(items[0]).toMatchObject({ resultReason: ResultReason.ResponseTooLarge })
  })

  it('a hundred large answers are refused one by one, without being encoded again and again', async () => {
    const server = testEngine()
    const random: Ask = [Operation.RNGRetrieve, outgoing(RNGRetrieveRequest, { dataLength: 60_000 })]
    const began = performance.now()
    const items = await ask(server, Array.from({ length: 100 }, () => random), {
      maximumResponseSize: 200_000, batchErrorContinuationOption: BatchErrorContinuationOption.Continue,
    })
    expect(items.filter(({ resultStatus }) => resultStatus === ResultStatus.Success)).toHaveLength(3)
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})

describe('many clients of one key', () => {
  it('all have their turn: 256 uses at once of a limited key are counted, and none is refused', async () => {
    const server = testEngine()
    const key = await created(server, limited(300n))
    const answers = await Promise.all(Array.from({ length: 256 }, () => ask(server, [encrypt(key)])))
    expect(answers.filter(([item]) => item?.resultStatus !== ResultStatus.Success)).toEqual([])
    expect(await unitsLeft(server, key)).toBe(300n - 256n)
  })
})

describe('a batch that takes long', () => {
  const options = [BatchErrorContinuationOption.Stop, BatchErrorContinuationOption.Undo]
  it.each(options)('lets others in: option %i', async (option) => {
    const server = testEngine()
    const key = await created(server, tripleDes())
    const work = Array.from({ length: 100 }, () => encrypt(key, Buffer.alloc(9_000)))
    const { value: items, turns } = await watched(() => ask(server, work, { batchErrorContinuationOption: option }))
    expect(items.filter(({ resultStatus }) => resultStatus === ResultStatus.Success)).toHaveLength(100)
    expect(turns).toBeGreaterThan(2)
  })
})

type Server = ReturnType<typeof testEngine>

async function ask(server: Server, asks: Ask[], header: Partial<RequestHeader> = {}): Promise<ResponseBatchItem[]> {
  return itemsOf(await exchange(server, asks, header, version), version)
}

function itemsOf(response: Buffer, version: Version): ResponseBatchItem[] {
  return ResponseMessage.decode(decodeItem(response), { version }).batchItem
}

async function exchange(server: Server, asks: Ask[], header: Partial<RequestHeader>, version: Version): Promise<Buffer> {
  const writer = new TtlvWriter()
  RequestMessage.encode(writer, Tag.RequestMessage, {
    requestHeader: { attestationType: [], ...header, protocolVersion: version, batchCount: asks.length },
    batchItem: asks.map(([operation, requestPayload], index) => ({
      operation, requestPayload, uniqueBatchItemID: Buffer.of(index), messageExtension: [],
    })),
  }, { version })
  return (await server.engine.process(writer.take(), alice)).bytes
}

async function created(server: Server, ask_: Ask): Promise<string> {
  const [item] = await ask(server, [ask_])
  const fields = (item!.responsePayload as Item).value as readonly Item[]
  return fields.find(({ tag }) => tag === Tag.UniqueIdentifier)!.value as string
}

async function unitsLeft(server: Server, uniqueIdentifier: string): Promise<bigint | undefined> {
  const [item] = await ask(server, [[Operation.GetAttributes, outgoing(GetAttributesRequest, {
    uniqueIdentifier, attributeReference: [{ name: 'usageLimits' }],
  })]])
  const { attributes } = GetAttributesResponse.decode(item!.responsePayload as Item, { version })
  return attributes?.usageLimits?.usageLimitsCount
}

function create(): Ask {
  return [Operation.Create, outgoing(CreateRequest, {
    objectType: ObjectType.SymmetricKey,
    attributes: {
      cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength: 256,
      cryptographicUsageMask: CryptographicUsageMask.Encrypt,
    },
  })]
}

function limited(total: bigint): Ask {
  return [Operation.Create, outgoing(CreateRequest, {
    objectType: ObjectType.SymmetricKey,
    attributes: {
      cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength: 256,
      cryptographicUsageMask: CryptographicUsageMask.Encrypt, activationDate: 1,
      usageLimits: { usageLimitsTotal: total, usageLimitsCount: total, usageLimitsUnit: UsageLimitsUnit.Object },
    },
  })]
}

function tripleDes(): Ask {
  return [Operation.Create, outgoing(CreateRequest, {
    objectType: ObjectType.SymmetricKey,
    attributes: {
      cryptographicAlgorithm: CryptographicAlgorithm.DES3, cryptographicLength: 168,
      cryptographicUsageMask: CryptographicUsageMask.Encrypt, activationDate: 1,
    },
  })]
}

function encrypt(uniqueIdentifier: string, data = Buffer.alloc(16)): Ask {
  return [Operation.Encrypt, outgoing(EncryptRequest, {
    uniqueIdentifier, data, cryptographicParameters: { blockCipherMode: BlockCipherMode.ECB },
  })]
}

function get(uniqueIdentifier: string): Ask {
  return [Operation.Get, outgoing(GetRequest, { uniqueIdentifier })]
}
