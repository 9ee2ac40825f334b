import { aliasPrefix } from './name.ts'

/** How a request can name a CMK, beside the Unique Identifier of one version (design decision 2). */
export type CmkAddress =
  | { readonly kind: 'alias'; readonly name: string }
  | { readonly kind: 'key'; readonly id: string }

/**
 * `alias/<name>`, `key/<id>`, or either of them in an ARN.
 *
 * @returns undefined for a text that is none, or an ARN of another region or account: those do not exist here
 */
export function parseAddress(text: string, region: string, account: string): CmkAddress | undefined {
  const prefix = arnPrefix(region, account)
  const local = text.startsWith(prefix) ? text.slice(prefix.length) : text
  if (local.startsWith(aliasPrefix)) return { kind: 'alias', name: local }
  if (local.startsWith(keyPrefix)) return { kind: 'key', id: local.slice(keyPrefix.length) }
  return undefined
}

export function keyArn(region: string, account: string, id: string): string {
  return `${arnPrefix(region, account)}${keyPrefix}${id}`
}

/** What to say of an identifier that means nothing: it tells what was asked for, and nothing of what there is. */
export function missingText(text: string): string {
  const [, kind] = /^(?:acs:kms:[^:]*:[^:]*:)?(alias|key)\//.exec(text) ?? []
  if (kind === 'alias') return 'Forbidden.AliasNotFound: there is no such alias'
  return kind === 'key' ? 'Forbidden.KeyNotFound: there is no such CMK' : 'no object has this Unique Identifier'
}

function arnPrefix(region: string, account: string): string {
  return `acs:kms:${region}:${account}:`
}

const keyPrefix = 'key/'
