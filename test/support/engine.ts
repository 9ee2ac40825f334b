import { defaultCmkSettings } from '../../src/cmk/settings.ts'
import { ClientProfiles } from '../../src/model/client-profile.ts'
import { Keys } from '../../src/operation/keys.ts'
import { ObjectCache } from '../../src/operation/object-cache.ts'
import { storedKeyOf } from '../../src/operation/stored-key.ts'
import { Streams } from '../../src/operation/streams.ts'
import { operations } from '../../src/operation/table.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { logAudit } from '../../src/server/audit.ts'
import type { Services } from '../../src/server/batch-item.ts'
import { Engine } from '../../src/server/engine.ts'
import { defaultLimits } from '../../src/server/limits.ts'
import { memoryStore } from '../../src/store/memory.ts'

/** The real engine on the reference store, for conversations in process; what the server logs is collected. */
export function testEngine(overrides: Partial<Services> = {}): { engine: Engine; log: unknown[]; services: Services } {
  const log: unknown[] = []
  const write = (details: object, message: string) => log.push({ ...details, message })
  const provider = softwareProvider()
  const services: Services = {
    operations: new Map(operations.map((operation) => [operation.code, operation])),
    store: memoryStore(),
    cache: new ObjectCache(1_000, 60_000),
    keys: new Keys(provider, new Map(), storedKeyOf),
    provider,
    streams: new Streams(16, 60),
    settings: {
      locateItemsMax: 1_000, randomBytesMax: 65_536, serverName: 'Keyward', serverVersion: 'test',
      interop: true,
      https: true,
      cmk: defaultCmkSettings,
    },
    limits: defaultLimits,
    profiles: new ClientProfiles(),
    clock: Date.now,
    run: 'test',
    log: { error: write },
    audit: logAudit({ info: write, debug: write, isLevelEnabled: () => true }),
    ...overrides,
  }
  return { engine: new Engine(services), log, services }
}

export const alice = { account: 'alpha', principal: 'alice' }
export const bob = { account: 'beta', principal: 'bob' }
