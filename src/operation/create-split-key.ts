import { randomUUID } from 'node:crypto'
import type { PlainKey, StoredKey } from '../crypto/provider.ts'
import { SharingError, isSharingPrime, primeBitsMax, primeFor, sharedBytesMax, splitSecret } from '../crypto/split-key.ts'
import type { Share, Sharing } from '../crypto/split-key.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { KeyFormatType, ObjectType, Operation, SplitKeyMethod } from '../kmip/generated/enums.ts'
import { CreateSplitKeyRequest, CreateSplitKeyResponse } from '../kmip/payload/create-split-key.ts'
import { Secret } from '../kmip/secret.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { checkStorageMasks } from '../model/protection-storage.ts'
import { symmetricKey } from './symmetric-key.ts'
import { creationReasons } from './creation-reasons.ts'
import { digestOfMaterial } from './digest.ts'
import { givenAttributes, newObject } from './new-object.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { storedKeyOf } from './stored-key.ts'
import { supplied } from './supplied.ts'
import { checkUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.10 Create Split Key, of a key that there is or of a new symmetric one. */
export const createSplitKey = operation({
  code: Operation.CreateSplitKey,
  since: '1.2',
  request: CreateSplitKeyRequest,
  response: CreateSplitKeyResponse,
  reasons: [
    ...creationReasons, 'BadCryptographicParameters', 'InvalidObjectType', 'ObjectDestroyed', 'ObjectNotFound',
    'PermissionDenied', 'ProtectionStorageUnavailable', 'UnsupportedCryptographicParameters',
  ],
  async handle(request, context) {
    if (request.objectType !== ObjectType.SplitKey) {
      throw new KmipError('InvalidObjectType', 'Create Split Key makes split keys')
    }
    if (request.splitKeyParts > partsMax) {
      throw new KmipError('ServerLimitExceeded', `a key has at most ${partsMax} parts`)
    }
    const told = await givenAttributes(context, 'SplitKey', request.attributes, 'made')
    const given = request.uniqueIdentifier === undefined ? await supplied(context, 'SplitKey', told) : told
    if (given.name !== undefined && request.splitKeyParts > 1) {
      throw new KmipError('NonUniqueNameAttribute', 'a Name cannot be that of several parts')
    }
    checkStorageMasks(request.protectionStorageMasks)
    const source = request.uniqueIdentifier === undefined
      ? undefined
      : await context.objects.loadExisting(context.batch.identifier(request.uniqueIdentifier))
    const key = source === undefined ? inTheClear(await symmetricKey(context, given)) : keyToSplit(source)
    const shared = await share(key, request, context)
    const split = { ...shared, key, splitId: randomUUID() }
    const identifiers = shared.shares.map((part) =>
      makePart(part, split, { ...given, ...inherited(source, key) }, context))
    context.batch.produced(identifiers[0])
    context.batch.named('CreateSplitKey', identifiers.length === 1 ? identifiers[0] : undefined)
    return { uniqueIdentifier: identifiers }
  },
})

/**
 * The material of a key that may leave the server: whoever has enough parts has the key.
 *
 * @throws KmipError Invalid Object Type, Permission Denied, Object Archived and as `storedKeyOf`
 */
function keyToSplit(source: ManagedObject): PlainKey {
  if (!splitKinds.has(source.kind)) throw new KmipError('InvalidObjectType', 'such an object cannot be split')
  checkUnarchived(source)
  const { sensitive, extractable } = source.attributes
  if (sensitive === true || extractable === false) {
    throw new KmipError('PermissionDenied', 'the key is sensitive or not extractable')
  }
  return inTheClear(storedKeyOf(source))
}

function inTheClear(key: StoredKey): PlainKey {
  if ('reference' in key) throw new KmipError('PermissionDenied', 'the key does not leave its protection storage')
  return key
}

async function share(
  { bytes }: PlainKey, request: Requested, context: Context,
): Promise<{ sharing: Sharing; shares: Share[] }> {
  const secret = bytes.reveal()
  if (secret.length > sharedBytesMax) {
    throw new KmipError('ServerLimitExceeded', `at most ${sharedBytesMax} bytes are split`)
  }
  const sharing = {
    method: request.splitKeyMethod,
    parts: request.splitKeyParts,
    threshold: request.splitKeyThreshold,
    prime: await primeOf(request, secret.length * 8),
  }
  try {
    return { sharing, shares: await splitSecret(secret, sharing, (length) => context.provider.random(length)) }
  } catch (error) {
    if (error instanceof SharingError) throw new KmipError('BadCryptographicParameters', error.message)
    throw error
  }
}

/** The client's prime or, where it gives none, one of ours. */
async function primeOf({ splitKeyMethod, primeFieldSize }: Requested, bits: number): Promise<bigint | undefined> {
  if (splitKeyMethod !== SplitKeyMethod.PolynomialSharingPrimeField) return undefined
  if (bits >= primeBitsMax) {
    throw new KmipError('UnsupportedCryptographicParameters', `a prime field holds less than ${primeBitsMax} bits`)
  }
  if (primeFieldSize === undefined) return primeFor(bits)
  if (await isSharingPrime(primeFieldSize, bits)) return primeFieldSize
  throw new KmipError('BadCryptographicParameters', 'the Prime Field Size is no prime above every key of this length')
}

interface Split {
  readonly key: PlainKey
  readonly sharing: Sharing
  /** Which no client sees: it tells the parts from those of other splits. */
  readonly splitId: string
}

function makePart(part: Share, { key, sharing, splitId }: Split, given: AttributeSet, context: Context): string {
  const keyMaterial = new Secret(part.bytes)
  const isKey = key.kind !== 'secret'
  const { uniqueIdentifier } = newObject(context, {
    kind: 'SplitKey',
    origin: 'made',
    given,
    splitId,
    facts: {
      ...(isKey && { cryptographicAlgorithm: key.algorithm }),
      cryptographicLength: key.length,
      digest: [digestOfMaterial(keyMaterial, KeyFormatType.Raw)],
    },
    value: {
      kind: 'SplitKey',
      value: {
        splitKeyParts: sharing.parts,
        keyPartIdentifier: part.identifier,
        splitKeyThreshold: sharing.threshold,
        splitKeyMethod: sharing.method,
        primeFieldSize: sharing.prime,
        keyBlock: {
          keyFormatType: KeyFormatType.Raw,
          keyValue: { keyMaterial },
          ...(isKey && { cryptographicAlgorithm: key.algorithm, cryptographicLength: key.length }),
        },
      },
    },
  })
  return uniqueIdentifier
}

/** The attributes of a key that is split precede those of the request. */
function inherited(source: ManagedObject | undefined, { algorithm, length, kind }: PlainKey): AttributeSet {
  if (source === undefined) return {}
  const { cryptographicUsageMask, cryptographicDomainParameters } = source.attributes
  return {
    ...(kind !== 'secret' && { cryptographicAlgorithm: algorithm }),
    cryptographicLength: length,
    ...(cryptographicUsageMask !== undefined && { cryptographicUsageMask }),
    ...(cryptographicDomainParameters !== undefined && { cryptographicDomainParameters }),
  }
}

interface Requested {
  readonly splitKeyParts: number
  readonly splitKeyThreshold: number
  readonly splitKeyMethod: number
  readonly primeFieldSize?: bigint | undefined
}

const splitKinds: ReadonlySet<string> = new Set(['SymmetricKey', 'PrivateKey', 'SecretData'])
/** Every part is an object of its own, and its holder a person or a place. */
const partsMax = 100
