import { KmipError } from '../kmip/error.ts'
import { CertificateType, KeyFormatType, ObjectType, Operation, SecretDataType } from '../kmip/generated/enums.ts'
import type { ManagedObjectValue } from '../kmip/object.ts'
import { ExportRequest, ExportResponse } from '../kmip/payload/export.ts'
import { Secret } from '../kmip/secret.ts'
import { inListedOrder } from '../model/attribute-order.ts'
import { attributesOf } from '../model/attributes-of.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { servingReasons } from './get.ts'
import { operation } from './operation.ts'
import { servedObject } from './served-object.ts'

/** KMIP 2.1 6.1.18 Export. It does not make an object less fresh, as Get does. */
export const exportObject = operation({
  code: Operation.Export,
  since: '1.4',
  request: ExportRequest,
  response: ExportResponse,
  reasons: [...servingReasons, 'ObjectArchived', 'ObjectDestroyed'],
  async handle(request, context) {
    const stored = await context.objects.load(context.batch.identifier(request.uniqueIdentifier))
    if (stored.archived === true) throw new KmipError('ObjectArchived', 'the object is archived')
    const isDestroyed = stored.attributes.destroyDate !== undefined
    const object = isDestroyed ? shell(stored) : await servedObject(context, stored, request)
    context.batch.produced(stored.uniqueIdentifier)
    return {
      objectType: ObjectType[stored.kind],
      uniqueIdentifier: stored.uniqueIdentifier,
      attributes: inListedOrder(attributesOf(stored, context.now)),
      object,
    }
  },
})

/** What is left of a destroyed object: its structure without the material (KMIP 2.1 6.1.18). */
function shell({ kind, attributes }: ManagedObject): ManagedObjectValue {
  const { cryptographicAlgorithm, cryptographicLength, keyFormatType = KeyFormatType.Raw } = attributes
  const keyBlock = { keyFormatType, cryptographicAlgorithm, cryptographicLength }
  switch (kind) {
    case 'SymmetricKey':
    case 'PrivateKey':
    case 'PublicKey': return { kind, value: { keyBlock } }
    case 'SecretData': return { kind, value: { secretDataType: SecretDataType.Password, keyBlock: { keyFormatType } } }
    case 'Certificate': {
      const { certificateType = CertificateType.X_509 } = attributes
      return { kind, value: { certificateType, certificateValue: Buffer.alloc(0) } }
    }
    case 'OpaqueObject': {
      return { kind, value: { opaqueDataType: attributes.opaqueDataType ?? 0, opaqueDataValue: new Secret(Buffer.alloc(0)) } }
    }
    default: throw new KmipError('ObjectDestroyed', 'nothing is left of the object that could be given out')
  }
}
