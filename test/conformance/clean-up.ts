import { Operation, RevocationReasonCode } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { childrenOf } from './history.ts'
import type { Transport } from './transport.ts'

/**
 * Revokes and destroys what a failed conversation has left, so that the next one does not find it.
 * Whether the server can do so does not matter.
 *
 * @param request one of the conversation's, for its protocol version
 */
export async function destroyAll(transport: Transport, identifiers: Iterable<string>, request: Item): Promise<void> {
  const version = childrenOf(childrenOf(request, Tag.RequestHeader)[0]!, Tag.ProtocolVersion)
  for (const identifier of identifiers) {
    const uniqueIdentifier: Item = { tag: Tag.UniqueIdentifier, type: ItemType.TextString, value: identifier }
    try {
      await transport.exchange(message(version, Operation.Revoke, [uniqueIdentifier, unspecified]))
      await transport.exchange(message(version, Operation.Destroy, [uniqueIdentifier]))
    } catch {
      return
    }
  }
}

function message(version: readonly Item[], operation: number, payload: readonly Item[]): Item {
  const batchCount: Item = { tag: Tag.BatchCount, type: ItemType.Integer, value: 1 }
  const code: Item = { tag: Tag.Operation, type: ItemType.Enumeration, value: operation }
  return structure(Tag.RequestMessage, [
    structure(Tag.RequestHeader, [...version, batchCount]),
    structure(Tag.BatchItem, [code, structure(Tag.RequestPayload, payload)]),
  ])
}

function structure(tag: number, value: readonly Item[]): Item {
  return { tag, type: ItemType.Structure, value }
}

const unspecified = structure(Tag.RevocationReason, [
  { tag: Tag.RevocationReasonCode, type: ItemType.Enumeration, value: RevocationReasonCode.Unspecified },
])
