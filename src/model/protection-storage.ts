import { KmipError } from '../kmip/error.ts'
import type { ResultReasonName } from '../kmip/error.ts'
import { ProtectionStorageMask } from '../kmip/generated/enums.ts'
import type { ProtectionStorageMasks } from '../kmip/protection-storage-masks.ts'

/** Where keys of the software provider lie. */
export const softwareStorage = ProtectionStorageMask.Software

/**
 * Picks the first of the storage masks that the client permits that the storage satisfies (KMIP 2.1 7.33).
 *
 * @param available what the storage is; a permitted mask may ask for no other bit
 * @param reason of the refusal: key pairs have reasons of their own
 * @throws KmipError Protection Storage Unavailable, or `reason`
 */
export function checkStorageMasks(
  permitted: ProtectionStorageMasks | undefined,
  available: number = softwareStorage, reason: ResultReasonName = 'ProtectionStorageUnavailable',
): void {
  const masks = permitted?.protectionStorageMask ?? []
  if (masks.length > 0 && !masks.includes(available)) {
    throw new KmipError(reason, 'none of the permitted protection storages is available')
  }
}
