import { KmipError } from '../kmip/error.ts'
import { LinkType } from '../kmip/generated/enums.ts'
import { stateAt } from '../model/lifecycle.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { linkedIdentifier } from './certificate-object.ts'
import type { Context } from './operation.ts'

/**
 * A certificate says that a key can be relied on: none is issued for a key, or at the request of an object, that is over,
 * nor for a public key whose private key is in other hands.
 *
 * @throws KmipError Permission Denied
 */
export async function checkCertifiable(object: ManagedObject, context: Context): Promise<void> {
  const state = stateAt(object.attributes, context.now)
  if (state !== 'PreActive' && state !== 'Active') {
    throw new KmipError('PermissionDenied', `the object is ${state}: nothing is certified for it`)
  }
  const linked = object.kind === 'PublicKey' ? linkedIdentifier(object.attributes, LinkType.PrivateKeyLink) : undefined
  const privateKey = linked === undefined ? undefined : await context.objects.peek(linked)
  if (privateKey !== undefined && isCompromised(privateKey, context)) {
    throw new KmipError('PermissionDenied', 'the private key is compromised: nothing is certified for it')
  }
}

/** A certificate that was compromised is not renewed; one that has ended is, as that is what renewal is for. */
export function checkRenewable(certificate: ManagedObject, context: Context): void {
  if (isCompromised(certificate, context)) {
    throw new KmipError('PermissionDenied', 'the certificate is compromised, and is not renewed')
  }
}

function isCompromised({ attributes }: ManagedObject, { now }: Context): boolean {
  const state = stateAt(attributes, now)
  return state === 'Compromised' || state === 'DestroyedCompromised'
}
