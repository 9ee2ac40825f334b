import { KmipError } from '../kmip/error.ts'
import type { Cmk, CmkTag } from '../model/cmk.ts'
import { specNamed } from './key-spec.ts'

/** The rules of facts 9: aliases, tags, descriptions; and what else is chosen freely. */

/** @throws KmipError Invalid Field, also for the names that the server gives to default and service keys */
export function checkAliasName(name: string): void {
  if (!aliasForm.test(name)) {
    throw new KmipError('InvalidField', 'InvalidParameter: an alias is alias/ and 1 to 255 letters, digits, _, / and -')
  }
  if (name.startsWith(reservedPrefix)) {
    throw new KmipError('InvalidField', 'InvalidParameter: names under alias/acs are the server\'s, and stay where they are')
  }
}

export function serviceAlias(service: string): string {
  return `${reservedPrefix}/${service}`
}

/** @throws KmipError Server Limit Exceeded */
export function withAlias(cmk: Cmk, name: string): Cmk {
  if (cmk.aliases.includes(name)) return cmk
  if (cmk.aliases.length >= aliasesMax) {
    throw new KmipError('ServerLimitExceeded', `Rejected.LimitExceeded: a CMK has at most ${aliasesMax} aliases`)
  }
  return { ...cmk, aliases: [...cmk.aliases, name] }
}

export function withoutAlias(cmk: Cmk, name: string): Cmk {
  return { ...cmk, aliases: cmk.aliases.filter((each) => each !== name) }
}

/** @throws KmipError Invalid Field, Server Limit Exceeded */
export function withTag(cmk: Cmk, { key, value }: CmkTag): Cmk {
  if (!tagForm.test(key) || !tagForm.test(value)) {
    throw new KmipError('InvalidField', 'InvalidParameter: a tag has 1 to 128 letters, digits and / \\ _ . + = : @ -')
  }
  if (reservedTag.test(key)) {
    throw new KmipError('InvalidField', 'InvalidParameter: keys of tags that begin with aliyun or acs: are reserved')
  }
  const others = cmk.tags.filter((tag) => tag.key !== key)
  if (others.length >= tagsMax) {
    throw new KmipError('ServerLimitExceeded', `Rejected.LimitExceeded: a CMK has at most ${tagsMax} tags`)
  }
  return { ...cmk, tags: [...others, { key, value }] }
}

/** @throws KmipError Attribute Not Found */
export function withoutTag(cmk: Cmk, key: string): Cmk {
  if (!cmk.tags.some((tag) => tag.key === key)) throw new KmipError('AttributeNotFound', 'the CMK has no such tag')
  return { ...cmk, tags: cmk.tags.filter((tag) => tag.key !== key) }
}

/** @throws KmipError Invalid Field */
export function withDescription(cmk: Cmk, description: string | undefined): Cmk {
  if ((description?.length ?? 0) > descriptionMax) {
    throw new KmipError('InvalidField', `InvalidParameter: a description has at most ${descriptionMax} characters`)
  }
  return { ...cmk, description }
}

/** @throws KmipError Illegal Operation for CMKs that make no blobs, Invalid Field */
export function withCiphertextFormat(cmk: Cmk, format: string | undefined): Cmk {
  if (format !== undefined && format !== 'blob') {
    throw new KmipError('InvalidField', 'InvalidParameter: cmk-ciphertext-format is blob, or not there')
  }
  if (format === 'blob' && specNamed(cmk.keySpec).kind !== 'symmetric') {
    throw new KmipError(
      'IllegalOperation', 'Rejected.UnsupportedOperation: only symmetric CMKs make ciphertext that describes itself',
    )
  }
  return { ...cmk, ciphertextFormat: format }
}

export const aliasPrefix = 'alias/'
/** The default CMK of an account, which has no service's name. */
export const defaultKeyAlias = 'alias/acs/default'
/** Characters. */
export const descriptionMax = 8_192

const aliasForm = /^alias\/[A-Za-z0-9_/-]{1,255}$/
const reservedPrefix = 'alias/acs'
const tagForm = /^[A-Za-z0-9/\\_.+=:@-]{1,128}$/
const reservedTag = /^(aliyun|acs:)/
/** As many as CreateKey takes. */
const tagsMax = 20
/** All of them are read with the CMK; an account of the cloud has 300 in all. */
const aliasesMax = 100
