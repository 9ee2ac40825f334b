import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '../../src/client/client.ts'
import { createKeyPair } from '../../src/client/operations.ts'
import {
  CryptographicAlgorithm, CryptographicUsageMask, ObjectType, ProtectionStorageMask, RecommendedCurve,
} from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import { shapes } from './client.ts'
import type { TestToken } from './token.ts'

/** The settings of a token, as `hsms` in the configuration has them; its PIN in a file beside it. */
export async function hsmSettings(token: TestToken, storage = 'internal', others: object = {}): Promise<object> {
  const pinFile = join(token.directory, 'pin')
  await writeFile(pinFile, `${token.pin}\n`, { mode: 0o600 })
  const { PATH: _ours, ...environment } = token.environment
  const { module, label, slot, parameters } = token
  return { module, token: label, slot, parameters, pinFile, storage, environment, ...others }
}

/** @returns the environment of a server that has these settings */
export async function configured(
  { directory }: TestToken, settings: object,
): Promise<{ KEYWARD_CONFIG: string }> {
  const path = join(directory, 'keyward.json')
  await writeFile(path, JSON.stringify(settings))
  return { KEYWARD_CONFIG: path }
}

/** @returns the Unique Identifier of a new AES-256 key in the first token, Active */
export async function createInToken(client: Client, mask: number = encryptDecrypt): Promise<string> {
  const { uniqueIdentifier } = await client.request(shapes.create, {
    objectType: ObjectType.SymmetricKey,
    attributes: {
      cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength: 256, cryptographicUsageMask: mask,
      activationDate: 1,
    },
    protectionStorageMasks: hardware,
  })
  return uniqueIdentifier
}

/** The same of a key pair that signs: RSA of so many bits, or one on P-256. */
export async function createPairInToken(
  client: Client, bits?: number,
): Promise<{ privateKey: string; publicKey: string }> {
  const { RSA, EC } = CryptographicAlgorithm
  const { privateKeyUniqueIdentifier, publicKeyUniqueIdentifier } = await client.request(createKeyPair, {
    commonAttributes: {
      activationDate: 1,
      ...(bits === undefined
        ? {
            cryptographicAlgorithm: EC, cryptographicLength: 256,
            cryptographicDomainParameters: { recommendedCurve: RecommendedCurve.P_256 },
          }
        : { cryptographicAlgorithm: RSA, cryptographicLength: bits }),
    },
    privateKeyAttributes: { cryptographicUsageMask: CryptographicUsageMask.Sign },
    publicKeyAttributes: { cryptographicUsageMask: CryptographicUsageMask.Verify },
    privateProtectionStorageMasks: hardware,
  })
  return { privateKey: privateKeyUniqueIdentifier, publicKey: publicKeyUniqueIdentifier }
}

/** A vendor attribute of ours, as text. */
export function cmkAttribute(attributeName: string, value: string) {
  return {
    vendorIdentification: 'Keyward', attributeName,
    attributeValue: { tag: Tag.AttributeValue, type: ItemType.TextString, value } as const,
  }
}

const encryptDecrypt = CryptographicUsageMask.Encrypt + CryptographicUsageMask.Decrypt
const hardware = { protectionStorageMask: [ProtectionStorageMask.Hardware] }
