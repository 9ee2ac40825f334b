import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { badParameters, invalid } from './failure.ts'
import type { SoftwareKey } from './key.ts'
import type { DecryptInput } from './provider.ts'

/**
 * Encrypts, or decrypts, with a one-time pad: the first bytes of the pad, each added to one of the data (modulo 2).
 * A pad takes neither a mode nor an IV, and the message has no place for how much of it is used up: that no part is
 * used twice is the client's to see to, with a pad for each message.
 *
 * @throws KmipError when the pad is shorter than the data
 */
export function applyOneTimePad(
  { material }: SoftwareKey, parameters: CryptographicParameters, { data, iv, additionalData, tag }: DecryptInput,
): Buffer {
  const { blockCipherMode: mode, paddingMethod: padding } = parameters
  if ([mode, padding, iv, additionalData, tag].some((each) => each !== undefined)) {
    throw badParameters('a one-time pad takes neither mode nor padding nor IV')
  }
  const pad = material.reveal()
  if (data.length > pad.length) throw invalid('the one-time pad is shorter than the data')
  return Buffer.from(data.map((byte, index) => byte ^ pad[index]!))
}
