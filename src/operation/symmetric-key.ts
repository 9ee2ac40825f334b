import type { StoredKey } from '../crypto/provider.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { defaultLength } from '../model/key-length.ts'
import type { Context } from './operation.ts'

/** @throws KmipError Invalid Field when the request leaves out what the server cannot choose */
export async function symmetricKey(context: Context, given: AttributeSet): Promise<StoredKey> {
  const { cryptographicAlgorithm: algorithm } = given
  if (algorithm === undefined) throw new KmipError('InvalidField', 'the Cryptographic Algorithm is missing')
  const length = given.cryptographicLength ?? defaultLength(algorithm)
  if (length === undefined) throw new KmipError('InvalidField', 'the Cryptographic Length is missing')
  const { provider, objects } = context
  return provider.generateKey({ algorithm, length }, objects.keptKeys.announceAt(provider))
}
