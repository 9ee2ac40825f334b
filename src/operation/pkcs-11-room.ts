import { Pkcs11Writer } from '../kmip/pkcs11-codec.ts'
import type { Pkcs11Reader } from '../kmip/pkcs11-codec.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'

/** Bytes that the client has room for; undefined when it asks for the length. */
export function roomIn(input: Pkcs11Reader): number | undefined {
  if (input.done) return Infinity
  return input.isPresent() ? (input.done ? Infinity : input.count()) : undefined
}

/**
 * The result, or its length where that is asked for (PKCS#11 5.2).
 *
 * @throws Pkcs11Failure Buffer Too Small, with the length, where there is no room for it
 */
export function withinRoom(result: Buffer, room: number | undefined): Pkcs11Writer {
  if (room !== undefined && room >= result.length) return new Pkcs11Writer().bytes(result)
  const length = new Pkcs11Writer().count(result.length)
  if (room === undefined) return length
  throw new Pkcs11Failure('BUFFER_TOO_SMALL', length.take())
}
