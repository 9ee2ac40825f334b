import {
  ClientRegistrationMethod, DestroyAction, ObjectType, RNGMode, ShreddingAlgorithm, UnwrapMode, enumerations,
} from '../kmip/generated/enums.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'

/** What Query tells of the server as a whole. */

/** Managed objects that exist in a version. */
export function objectTypesOf(version: Version): number[] {
  const { since = {}, removedIn = {} } = enumerations['ObjectType'] ?? {}
  return Object.entries(ObjectType)
    .filter(([name]) => parseVersion(since[name] ?? '1.0') <= version)
    .filter(([name]) => removedIn[name] === undefined || version < parseVersion(removedIn[name]))
    .map(([, type]) => type)
}

/** Material is deleted from its record; what the store's file still holds of it is sealed. */
export const capabilityInformation = {
  streamingCapability: true,
  asynchronousCapability: true,
  attestationCapability: false,
  batchUndoCapability: true,
  batchContinueCapability: true,
  unwrapMode: UnwrapMode.Unspecified,
  destroyAction: DestroyAction.KeyMaterialDeleted,
  shreddingAlgorithm: ShreddingAlgorithm.Unspecified,
  rngMode: RNGMode.SharedInstantiation,
  quantumSafeCapability: false,
}

/**
 * How clients come by what they connect with (KMIP 2.1 11.10): keys and certificates are made with the server, by
 * `keyward certificate issue`, by Re-Provision for a certificate request, or brought along with Re-Provision.
 */
export const registrationMethods: readonly number[] = [
  ClientRegistrationMethod.ServerPreGenerated, ClientRegistrationMethod.ServerOnDemand,
  ClientRegistrationMethod.ClientGenerated, ClientRegistrationMethod.ClientRegistered,
]
