import { KmipError } from '../kmip/error.ts'
import type { ResultReasonName } from '../kmip/error.ts'
import { ObjectType, Operation } from '../kmip/generated/enums.ts'
import { GetRequest, GetResponse } from '../kmip/payload/get.ts'
import { after } from '../model/awaitable.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { servedObject } from './served-object.ts'

/** What Get and Export refuse. */
export const servingReasons: readonly ResultReasonName[] = [
  'BadCryptographicParameters', 'BadPassword', 'EncodingOptionError', 'FeatureNotSupported',
  'IllegalOperation', 'IncompatibleCryptographicUsageMask', 'InvalidField', 'InvalidObjectType', 'ItemNotFound',
  'KeyCompressionTypeNotSupported', 'KeyFormatTypeNotSupported', 'KeyValueNotPresent', 'KeyWrapTypeNotSupported',
  'NotExtractable', 'ObjectNotFound', 'PermissionDenied', 'Sensitive', 'WrappingObjectArchived', 'WrappingObjectDestroyed',
  'WrappingObjectNotFound', 'WrongKeyLifecycleState',
]

/** KMIP 2.1 6.1.19 Get. */
export const get = operation({
  code: Operation.Get,
  since: '1.0',
  request: GetRequest,
  response: GetResponse,
  reasons: [...servingReasons, 'ObjectArchived', 'ObjectDestroyed'],
  handle(request, context) {
    return after(context.objects.loadPublic(context.batch.identifier(request.uniqueIdentifier)), (stored) => {
      if (stored.archived === true) throw new KmipError('ObjectArchived', 'the object is archived')
      return after(servedObject(context, stored, request), (object) => {
        tellServed(context, stored)
        return { objectType: ObjectType[stored.kind], uniqueIdentifier: stored.uniqueIdentifier, object }
      })
    })
  },
})

/** Notes that a client has been given the object: it is fresh no more. */
export function tellServed({ objects }: Context, object: ManagedObject): void {
  if (object.attributes.fresh === true) objects.save({ ...object, attributes: { ...object.attributes, fresh: false } })
}
