import type { AttributeSet } from '../kmip/attribute.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { newKeyPair } from './key-pair.ts'
import { keyParts } from './key-parts.ts'
import { newObject } from './new-object.ts'
import type { Context } from './operation.ts'
import { replaced, replacedLink, replacementAttributes } from './replacement.ts'
import { symmetricKey } from './symmetric-key.ts'

/**
 * Makes the replacement of a symmetric key, and saves the existing one without its names.
 *
 * @param offset seconds
 * @throws KmipError as `replacementAttributes` and `newObject`, and what the provider refuses
 */
export async function replaceKey(
  context: Context, existing: ManagedObject, requested: AttributeSet | undefined, offset: number | undefined,
): Promise<ManagedObject> {
  const given = await replacementAttributes(context, existing, requested, offset)
  const provider = context.keys.providerOf(existing)
  const stored = await symmetricKey({ ...context, provider }, given)
  const replacement = newObject(context, {
    kind: 'SymmetricKey',
    origin: 'made',
    given,
    links: [replacedLink(existing)],
    ...keyParts(provider, stored, 'SymmetricKey', given, context.version),
  })
  context.objects.save(replaced(existing, replacement.uniqueIdentifier, context.now))
  return replacement
}

/** Both keys of a pair. */
export interface Pair {
  readonly privateKey: ManagedObject
  readonly publicKey: ManagedObject
}

/** What a request wants of a new pair; the offset is in seconds. */
export interface PairRequested {
  readonly privateKey?: AttributeSet | undefined
  readonly publicKey?: AttributeSet | undefined
  readonly offset?: number | undefined
}

/** As `replaceKey`, of a key pair. */
export async function replacePair(context: Context, old: Pair, requested: PairRequested): Promise<Pair> {
  const { objects, now } = context
  const { offset } = requested
  const provider = context.keys.providerOf(old.privateKey)
  const made = await newKeyPair({ ...context, provider }, {
    given: {
      privateKey: await replacementAttributes(context, old.privateKey, requested.privateKey, offset),
      publicKey: await replacementAttributes(context, old.publicKey, requested.publicKey, offset),
    },
    privateLinks: [replacedLink(old.privateKey)],
    publicLinks: [replacedLink(old.publicKey)],
  })
  objects.save(replaced(old.privateKey, made.privateKey.uniqueIdentifier, now))
  objects.save(replaced(old.publicKey, made.publicKey.uniqueIdentifier, now))
  return made
}
