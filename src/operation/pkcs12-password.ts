import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { LinkType, SecretDataType } from '../kmip/generated/enums.ts'
import type { Secret } from '../kmip/secret.ts'
import { parseVersion } from '../kmip/version.ts'
import { stateAt } from '../model/lifecycle.ts'
import type { Context } from './operation.ts'
import { plainKeyOf } from './stored-key.ts'

/**
 * The password of a PKCS#12 container: the Secret Data that the one PKCS#12 Password Link names, which has to be
 * Active (KMIP 2.1 6.1.19, TC-PKCS12-2).
 *
 * @throws KmipError Bad Password (1.x: Invalid Field) for no link, several, or one to anything else; Wrong Key
 *   Lifecycle State
 */
export async function pkcs12Password(context: Context, { link = [] }: AttributeSet): Promise<Secret> {
  const links = link.filter(({ linkType }) => linkType === LinkType.PKCS_12PasswordLink)
  const reason = context.version < v2 ? 'InvalidField' : 'BadPassword'
  if (links.length !== 1) throw new KmipError(reason, 'a PKCS#12 container takes one PKCS#12 Password Link')
  const object = await context.objects.peek(context.batch.identifier(links[0]!.linkedObjectIdentifier))
  const { value } = object ?? {}
  if (object === undefined || value?.kind !== 'SecretData' || value.value.secretDataType !== SecretDataType.Password) {
    throw new KmipError(reason, 'the PKCS#12 Password Link does not name a password')
  }
  const state = stateAt(object.attributes, context.now)
  if (state !== 'Active') throw new KmipError('WrongKeyLifecycleState', `the password is ${state}, not Active`)
  return plainKeyOf(value, object.attributes).bytes
}

const v2 = parseVersion('2.0')
