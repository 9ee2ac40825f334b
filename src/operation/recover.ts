import { Operation } from '../kmip/generated/enums.ts'
import { RecoverRequest, RecoverResponse } from '../kmip/payload/recover.ts'
import { withDeleted } from '../model/attribute-list.ts'
import { operation } from './operation.ts'

/** KMIP 2.1 6.1.42. An object that is not archived is recovered already. */
export const recover = operation({
  code: Operation.Recover,
  since: '1.0',
  request: RecoverRequest,
  response: RecoverResponse,
  reasons: ['ObjectNotFound'],
  async handle(request, context) {
    const object = await context.objects.load(context.batch.identifier(request.uniqueIdentifier))
    if (object.archived === true) {
      const attributes = withDeleted(object.attributes, [{ name: 'archiveDate', value: object.attributes.archiveDate }])
      context.objects.save({ ...object, archived: undefined, attributes })
    }
    // What was recovered is what later batch items mean (KMIP 2.1 6.1).
    context.batch.produced(object.uniqueIdentifier)
    return { uniqueIdentifier: object.uniqueIdentifier }
  },
})
