import { readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { RemoteKeyManager } from '../../src/client/key-manager.ts'
import { activate, register } from '../../src/client/operations.ts'
import { Breaker } from '../../src/crypto/breaker.ts'
import { externalProvider } from '../../src/crypto/external.ts'
import type { PlainKey, Provider } from '../../src/crypto/provider.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { invalid } from '../../src/crypto/failure.ts'
import { CryptographicUsageMask, KeyFormatType, ObjectType } from '../../src/kmip/generated/enums.ts'
import type { Version } from '../../src/kmip/version.ts'
import { ensurePackages } from '../support/debian.ts'
import { openClient } from '../support/client.ts'
import { startPykmip } from '../support/pykmip-server.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { providerSuite } from './suite.ts'

type Manager = Pick<RunningServer, 'host' | 'port' | 'certificates' | 'stop'>

managerSuite('external, at Keyward', 104, () => startServer(), () => undefined)
const missing = await ensurePackages(['python3-pykmip'])
if (missing === undefined) managerSuite('external, at PyKMIP', 102, startPykmip, pykmipSkips)
else describe('external, at PyKMIP', () => it.skip(missing))

function managerSuite(
  name: string, version: Version, start: () => Promise<Manager>, skip: (title: string) => string | undefined,
): void {
  let close = async (): Promise<void> => {}
  providerSuite(name, async () => {
    const manager = await start()
    const client = await openClient(manager as RunningServer, 'alice', version)
    const { ca, alice } = manager.certificates
    const remote = new RemoteKeyManager({
      host: manager.host, port: manager.port, version, timeoutMs: 5000,
      ca: readFileSync(ca), cert: readFileSync(alice.cert), key: readFileSync(alice.key),
    })
    close = async () => {
      client.close()
      remote.close()
      await manager.stop()
    }
    const breaker = new Breaker({ nowMs: () => performance.now(), onChange() {} })
    const provider = externalProvider({ name: 'ekm', manager: remote, breaker, software: softwareProvider() })
    return withKeysThere(provider, client)
  }, { imports: ['symmetric'], skip, close: () => close() })
}

/** A provider makes no key at a key manager: the suite's keys are registered there by a client of its own. */
function withKeysThere(provider: Provider, client: Client): Provider {
  const software = softwareProvider()
  const importKey = async (material: PlainKey) => {
    const { algorithm, length } = material
    const { Encrypt, Decrypt } = CryptographicUsageMask
    const { uniqueIdentifier } = await client.request(register, {
      objectType: ObjectType.SymmetricKey,
      attributes: {
        cryptographicAlgorithm: algorithm, cryptographicLength: length, cryptographicUsageMask: Encrypt + Decrypt,
      },
      object: {
        kind: 'SymmetricKey',
        value: {
          keyBlock: {
            keyFormatType: KeyFormatType.Raw, cryptographicAlgorithm: algorithm, cryptographicLength: length,
            keyValue: { keyMaterial: material.bytes, attributes: undefined },
          },
        },
      },
    })
    await client.request(activate, { uniqueIdentifier })
    return provider.adopt!(uniqueIdentifier, { algorithm, length })
  }
  return {
    ...provider, importKey,
    get capabilities() {
      return provider.capabilities
    },
    async generateKey(spec) {
      const made = await software.generateKey(spec)
      if ('reference' in made) throw invalid('not a software key')
      return importKey(made)
    },
  }
}

function pykmipSkips(title: string): string | undefined {
  if (/ GCM|IV|tag|AEAD/.test(title)) return 'KMIP 1.2 has no field for the tag of GCM'
  if (/ (ECB|CBC): (NIST|zero)/.test(title)) return 'PyKMIP always pads, by PKCS#5 or X9.23'
  return title === 'what it does not list is not supported' ? 'PyKMIP has reasons of its own' : undefined
}
