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

/** Whoever runs the server issues certificates to clients. */
export const registrationMethods: readonly number[] = [ClientRegistrationMethod.ServerPreGenerated]
