import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { ArchiveRequest, ArchiveResponse } from '../kmip/payload/archive.ts'
import { operation } from './operation.ts'
import { checkUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.4. The object stays where it is; its material is not to be had before Recover. */
export const archive = operation({
  code: Operation.Archive,
  since: '1.0',
  request: ArchiveRequest,
  response: ArchiveResponse,
  reasons: ['ObjectArchived', 'ObjectNotFound', 'PermissionDenied'],
  async handle(request, context) {
    const object = await context.objects.load(context.batch.identifier(request.uniqueIdentifier))
    checkUnarchived(object)
    if (object.cmk !== undefined) {
      throw new KmipError(
        'PermissionDenied',
        'Rejected.UnsupportedOperation: a CMK is archived as a whole, and still decrypts then (cmk-archived = true)',
      )
    }
    if (object.attributes.destroyDate !== undefined) {
      throw new KmipError('PermissionDenied', 'the object is destroyed: there is nothing to archive')
    }
    context.objects.save({ ...object, archived: true, attributes: { ...object.attributes, archiveDate: context.now } })
    return { uniqueIdentifier: object.uniqueIdentifier }
  },
})
