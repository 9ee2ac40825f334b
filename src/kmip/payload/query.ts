import { ItemType } from '../../ttlv/item.ts'
import { RandomNumberGenerator } from '../attribute-value.ts'
import { DefaultsInformation } from '../defaults-information.ts'
import { Tag } from '../generated/tags.ts'
import { protectionStorageMasks } from '../protection-storage-masks.ts'
import {
  anyValue, boolean, enumeration, field, integer, many, nested, optional, since, structure, text, wrongType,
} from '../schema.ts'
import type { Field, Infer } from '../schema.ts'
import { ObjectGroups } from '../selection.ts'
import { ServerInformation } from '../server-information.ts'
import { parseVersion } from '../version.ts'

export const ExtensionInformation = structure('2.1 7.13', {
  extensionName: text(Tag.ExtensionName),
  extensionTag: optional(integer(Tag.ExtensionTag)),
  extensionType: optional(extensionType()),
  extensionEnumeration: since('2.0', optional(integer(Tag.ExtensionEnumeration))),
  extensionAttribute: since('2.0', optional(boolean(Tag.ExtensionAttribute))),
  extensionParentStructureTag: since('2.0', optional(integer(Tag.ExtensionParentStructureTag))),
  extensionDescription: since('2.0', optional(text(Tag.ExtensionDescription))),
})

export const ProfileVersion = structure('2.1 7.32', {
  profileVersionMajor: integer(Tag.ProfileVersionMajor),
  profileVersionMinor: integer(Tag.ProfileVersionMinor),
})

export const ProfileInformation = structure('2.1 7.31', {
  profileName: enumeration(Tag.ProfileName),
  profileVersion: since('2.0', optional(nested(Tag.ProfileVersion, ProfileVersion))),
  serverURI: optional(text(Tag.ServerURI)),
  serverPort: optional(integer(Tag.ServerPort)),
})

export const ValidationInformation = structure('2.1 7.40', {
  validationAuthorityType: enumeration(Tag.ValidationAuthorityType),
  validationAuthorityCountry: optional(text(Tag.ValidationAuthorityCountry)),
  validationAuthorityURI: optional(text(Tag.ValidationAuthorityURI)),
  validationVersionMajor: integer(Tag.ValidationVersionMajor),
  validationVersionMinor: optional(integer(Tag.ValidationVersionMinor)),
  validationType: enumeration(Tag.ValidationType),
  validationLevel: integer(Tag.ValidationLevel),
  validationCertificateIdentifier: optional(text(Tag.ValidationCertificateIdentifier)),
  validationCertificateURI: optional(text(Tag.ValidationCertificateURI)),
  validationVendorURI: optional(text(Tag.ValidationVendorURI)),
  validationProfile: many(text(Tag.ValidationProfile)),
})

export const CapabilityInformation = structure('2.1 7.5', {
  streamingCapability: optional(boolean(Tag.StreamingCapability)),
  asynchronousCapability: optional(boolean(Tag.AsynchronousCapability)),
  attestationCapability: optional(boolean(Tag.AttestationCapability)),
  batchUndoCapability: since('1.4', optional(boolean(Tag.BatchUndoCapability))),
  batchContinueCapability: since('1.4', optional(boolean(Tag.BatchContinueCapability))),
  unwrapMode: optional(enumeration(Tag.UnwrapMode)),
  destroyAction: optional(enumeration(Tag.DestroyAction)),
  shreddingAlgorithm: optional(enumeration(Tag.ShreddingAlgorithm)),
  rngMode: optional(enumeration(Tag.RNGMode)),
  quantumSafeCapability: since('2.0', optional(boolean(Tag.QuantumSafeCapability))),
})

export type CapabilityInformation = Infer<typeof CapabilityInformation>
export type ExtensionInformation = Infer<typeof ExtensionInformation>

/** Request payload (KMIP 2.1 6.1.40 Table 282; 1.4 4.25 Table 222). */
export const QueryRequest = structure('2.1 6.1.40', {
  queryFunction: many(anyValue(enumeration(Tag.QueryFunction))),
  objectGroups: since('2.1', optional(nested(Tag.ObjectGroups, ObjectGroups))),
})
export type QueryRequest = Infer<typeof QueryRequest>

/**
 * Response payload (KMIP 2.1 6.1.40 Table 283; 1.4 4.25 Table 223).
 * Table 283 requires the Protection Storage Masks; the text gives them only to who asks (Table 281).
 */
export const QueryResponse = structure('2.1 6.1.40', {
  operation: many(enumeration(Tag.Operation)),
  objectType: many(enumeration(Tag.ObjectType)),
  vendorIdentification: optional(text(Tag.VendorIdentification)),
  serverInformation: optional(nested(Tag.ServerInformation, ServerInformation)),
  applicationNamespace: many(text(Tag.ApplicationNamespace)),
  extensionInformation: since('1.1', many(nested(Tag.ExtensionInformation, ExtensionInformation))),
  attestationType: since('1.2', many(enumeration(Tag.AttestationType))),
  rngParameters: since('1.3', many(nested(Tag.RNGParameters, RandomNumberGenerator))),
  profileInformation: since('1.3', many(nested(Tag.ProfileInformation, ProfileInformation))),
  validationInformation: since('1.3', many(nested(Tag.ValidationInformation, ValidationInformation))),
  capabilityInformation: since('1.3', many(nested(Tag.CapabilityInformation, CapabilityInformation))),
  clientRegistrationMethod: since('1.3', many(enumeration(Tag.ClientRegistrationMethod))),
  defaultsInformation: since('2.0', optional(nested(Tag.DefaultsInformation, DefaultsInformation))),
  protectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.ProtectionStorageMasks))),
})
export type QueryResponse = Infer<typeof QueryResponse>

/** The Item Type code: an Integer in 1.x, an Enumeration in 2.x. */
function extensionType(): Field<number> {
  const tag = Tag.ExtensionType
  return field([tag], (item) => {
    if (item.type !== ItemType.Integer && item.type !== ItemType.Enumeration) throw wrongType(tag)
    return item.value
  }, (writer, value, coding) => {
    if (coding.version < v2) writer.integer(tag, value)
    else writer.enumeration(tag, value)
  })
}

const v2 = parseVersion('2.0')
