import { afterAll, beforeAll, describe, it } from 'vitest'
import type {
  Key, KeyCapability, KeyKind, KeySpec, PlainKey, Provider,
} from '../../src/crypto/provider.ts'
import type { Awaitable } from '../../src/model/awaitable.ts'
import { ownKeys } from './suite-keys.ts'
import { refusalsOf } from './suite-refusals.ts'
import { knownAnswers } from './suite-vectors.ts'

export interface ProviderSuiteOptions {
  /** Kinds of key whose material the provider takes in. */
  readonly imports?: readonly KeyKind[]
  /** Names of cases that the provider cannot pass, with the reason. */
  readonly skip?: (title: string) => string | undefined
  readonly close?: () => Awaitable<void>
}

export type Skip = (reason: string) => never

/** What the parts of the suite stand on. */
export interface Harness {
  test(title: string, run: (provider: Provider, skip: Skip) => Promise<void>): void
  /** The capability that covers a key, if the provider has it. */
  capability(spec: Omit<KeySpec, 'length'> & { readonly length?: number }): KeyCapability | undefined
  /** The key, taken in and loaded; skips the case where the provider takes in no such keys. */
  imported(skip: Skip, material: PlainKey): Promise<Key>
}

/**
 * What every provider has to do, as far as its capabilities go. A case that they exclude is skipped
 * and says so; that the refusals are refusals is a case too.
 */
export function providerSuite(
  name: string, factory: () => Awaitable<Provider>, options: ProviderSuiteOptions = {},
): void {
  const imports = options.imports ?? ['symmetric', 'private', 'public', 'secret']
  describe(`provider ${name}`, () => {
    let provider: Provider
    beforeAll(async () => {
      provider = await factory()
    })
    afterAll(async () => options.close?.())

    const harness: Harness = {
      test(title, run) {
        it(title, async (context) => {
          const known = options.skip?.(title)
          if (known !== undefined) context.skip(known)
          await run(provider, (reason) => context.skip(reason))
        })
      },
      capability: (spec) => provider.capabilities.keys.find((entry) => covers(entry, spec)),
      async imported(skip, material) {
        if (!imports.includes(material.kind)) skip(`takes in no ${material.kind} key`)
        return provider.load(await provider.importKey(material))
      },
    }
    describe('known answers', () => knownAnswers(harness))
    ownKeys(harness)
    refusalsOf(harness)
  })
}

function covers(entry: KeyCapability, spec: Omit<KeySpec, 'length'> & { readonly length?: number }): boolean {
  const { algorithm, lengths, curves } = entry
  return algorithm === spec.algorithm &&
    (spec.length === undefined || lengths.length === 0 || lengths.includes(spec.length)) &&
    (spec.curve === undefined || curves === undefined || curves.includes(spec.curve))
}
