import {
  ClientRegistrationMethod, DestroyAction, ObjectType, RNGMode, ShreddingAlgorithm, UnwrapMode,
} from '../kmip/generated/enums.ts'
import type { CapabilityInformation } from '../kmip/payload/query.ts'
import { isKnown } from '../kmip/value-range.ts'
import type { Version } from '../kmip/version.ts'
import type { ClientProfile } from '../model/client-profile.ts'

/** What Query tells of the server as a whole. */

/** Managed objects that exist in a version. */
export function objectTypesOf(version: Version): number[] {
  return Object.values(ObjectType).filter((type) => isKnown('ObjectType', type, version))
}

/** What there is for a client; how it is done inside is Unspecified for one that is not told. */
export function capabilitiesFor({ asynchronous, streaming, tellsImplementation }: ClientProfile): CapabilityInformation {
  const { Unspecified } = DestroyAction
  return {
    ...capabilities,
    asynchronousCapability: asynchronous,
    streamingCapability: streaming,
    ...(!tellsImplementation && { destroyAction: Unspecified, rngMode: RNGMode.Unspecified }),
  }
}

/** Material is deleted from its record; what the store's file still holds of it is sealed. */
const capabilities: CapabilityInformation = {
  streamingCapability: true,
  asynchronousCapability: true,
  attestationCapability: false,
  batchUndoCapability: true,
  batchContinueCapability: true,
  unwrapMode: UnwrapMode.Unspecified,
  destroyAction: DestroyAction.KeyMaterialDeleted,
  shreddingAlgorithm: ShreddingAlgorithm.Unspecified,
  rngMode: RNGMode.SharedInstantiation,
  // Symmetric keys of 256 bits are, and one that is asked to be and cannot is refused (KMIP 2.1 4.45).
  quantumSafeCapability: true,
}

/**
 * How clients come by what they connect with (KMIP 2.1 11.10): keys and certificates are made with the server, by
 * `keyward certificate issue`, by Re-Provision for a certificate request, or brought along with Re-Provision.
 */
export const registrationMethods: readonly number[] = [
  ClientRegistrationMethod.ServerPreGenerated, ClientRegistrationMethod.ServerOnDemand,
  ClientRegistrationMethod.ClientGenerated, ClientRegistrationMethod.ClientRegistered,
]
