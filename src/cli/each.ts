import type { Client } from '../client/client.ts'
import { payloadOf } from '../client/client.ts'
import type { OperationShape } from '../client/client.ts'
import { KmipError } from '../kmip/error.ts'
import { BatchErrorContinuationOption } from '../kmip/generated/enums.ts'
import { outgoing } from '../kmip/message.ts'
import type { FieldMap, InferFields } from '../kmip/schema.ts'

export type Each<R> = { readonly uniqueIdentifier: string } & ({ readonly value: R } | { readonly error: KmipError })

/**
 * One operation on several objects: in batches, going on after a failure.
 *
 * @throws KmipError when the server refuses a message as a whole
 * @throws ConnectionError
 */
export async function onEach<Q extends FieldMap, R extends FieldMap>(
  client: Client, shape: OperationShape<Q, R>, ids: readonly string[], payload: (id: string) => InferFields<Q>,
): Promise<Each<InferFields<R>>[]> {
  const results: Each<InferFields<R>>[] = []
  for (let start = 0; start < ids.length; start += batchItemsMax) {
    const part = ids.slice(start, start + batchItemsMax)
    const batch = part.map((id) => ({ operation: shape.code, payload: outgoing(shape.request, payload(id)) }))
    const header = part.length > 1 ? { batchErrorContinuationOption: BatchErrorContinuationOption.Continue } : {}
    const items = await client.send(batch, header)
    results.push(...part.map((uniqueIdentifier, at) => {
      try {
        return { uniqueIdentifier, value: payloadOf(items[at], shape.response, client.version) }
      } catch (error) {
        if (error instanceof KmipError) return { uniqueIdentifier, error }
        throw error
      }
    }))
  }
  return results
}

/** Under the bound that servers usually set to one message. */
const batchItemsMax = 50
