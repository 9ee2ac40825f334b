import type { AttributeSet } from '../kmip/attribute.ts'
import type { ObjectKind } from '../kmip/object.ts'
import { withPairDefaults, withServerDefaults } from '../model/server-defaults.ts'
import { loadAccountSettings } from './account-settings.ts'
import type { PairAttributes } from './key-pair.ts'
import type { Context } from './operation.ts'

/**
 * The attributes of a new key with what the server supplies where client and account say nothing (KMIP 2.1 section 4).
 * An account that has set defaults of its own, none among them, has no others: Set Defaults without any removes "all Object
 * Defaults from the server" (6.1.53).
 *
 * @param given as `givenAttributes` has them
 */
export async function supplied(context: Context, kind: ObjectKind, given: AttributeSet): Promise<AttributeSet> {
  return await hasOwnDefaults(context) ? given : withServerDefaults(kind, given, context.version)
}

/** The same for both keys of a pair. */
export async function suppliedPair(context: Context, given: PairAttributes): Promise<PairAttributes> {
  return await hasOwnDefaults(context) ? given : withPairDefaults(given, context.version)
}

async function hasOwnDefaults({ objects, caller }: Context): Promise<boolean> {
  return (await loadAccountSettings(objects, caller)).defaults !== undefined
}
