import { readFileSync } from 'node:fs'
import { connect } from '../../src/client/client.ts'
import type { Client } from '../../src/client/client.ts'
import {
  CryptographicAlgorithm, CryptographicUsageMask, ObjectType, Operation,
} from '../../src/kmip/generated/enums.ts'
import { ActivateRequest, ActivateResponse } from '../../src/kmip/payload/activate.ts'
import { CreateRequest, CreateResponse } from '../../src/kmip/payload/create.ts'
import { DestroyRequest, DestroyResponse } from '../../src/kmip/payload/destroy.ts'
import { GetAttributesRequest, GetAttributesResponse } from '../../src/kmip/payload/get-attributes.ts'
import { GetRequest, GetResponse } from '../../src/kmip/payload/get.ts'
import { RevokeRequest, RevokeResponse } from '../../src/kmip/payload/revoke.ts'
import type { RunningServer } from './server.ts'

export const shapes = {
  activate: { code: Operation.Activate, request: ActivateRequest, response: ActivateResponse },
  create: { code: Operation.Create, request: CreateRequest, response: CreateResponse },
  destroy: { code: Operation.Destroy, request: DestroyRequest, response: DestroyResponse },
  get: { code: Operation.Get, request: GetRequest, response: GetResponse },
  getAttributes: { code: Operation.GetAttributes, request: GetAttributesRequest, response: GetAttributesResponse },
  revoke: { code: Operation.Revoke, request: RevokeRequest, response: RevokeResponse },
}

export function openClient(server: RunningServer, as: 'alice' | 'bob' = 'alice', version = 104): Promise<Client> {
  const { host, port, certificates } = server
  const { cert, key } = certificates[as]
  return connect({
    host, port, version, ca: readFileSync(certificates.ca), cert: readFileSync(cert), key: readFileSync(key),
  })
}

/** @returns the Unique Identifier of a new AES-256 key */
export async function createAes(client: Client): Promise<string> {
  const { uniqueIdentifier } = await client.request(shapes.create, {
    objectType: ObjectType.SymmetricKey,
    attributes: {
      cryptographicAlgorithm: CryptographicAlgorithm.AES,
      cryptographicLength: 256,
      cryptographicUsageMask: CryptographicUsageMask.Encrypt,
    },
  })
  return uniqueIdentifier
}

/** The raw key in hexadecimal. */
export async function material(client: Client, uniqueIdentifier: string): Promise<string> {
  const { object } = await client.request(shapes.get, { uniqueIdentifier })
  const keyValue = 'keyBlock' in object.value ? object.value.keyBlock.keyValue : undefined
  if (keyValue === undefined || 'wrapped' in keyValue || 'transparent' in keyValue.keyMaterial) throw new Error('no key')
  return keyValue.keyMaterial.reveal().toString('hex')
}
