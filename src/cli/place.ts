import type { Client } from '../client/client.ts'
import { query } from '../client/operations.ts'
import { QueryFunction } from '../kmip/generated/enums.ts'
import { protectionIn } from '../kmip/protection-information.ts'
import type { ProtectionInformation } from '../kmip/protection-information.ts'

/** Where the server keeps keys of a key spec; nothing from a server that has one place only. */
export async function placesOf(client: Client, keySpec: string): Promise<ProtectionInformation[]> {
  const { serverInformation } = await client.request(query, { queryFunction: [QueryFunction.QueryServerInformation] })
  return protectionIn(serverInformation?.vendorSpecific ?? []).filter((place) => place.keySpec.includes(keySpec))
}

/** `vault (HSM, HsmInternal, up)` */
export function placeName(
  { name, protectionLevel, keyStorageMechanism, state }: Omit<ProtectionInformation, 'keySpec'>,
): string {
  return `${name} (${[protectionLevel, keyStorageMechanism, state].filter((word) => word !== undefined).join(', ')})`
}
