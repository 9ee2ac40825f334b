import { decodeKeyBlock } from '../crypto/key-format.ts'
import type { PlainKey } from '../crypto/provider.ts'
import { SharingError, isSharingPrime, joinSecret, sharedBytesMax } from '../crypto/split-key.ts'
import type { Share } from '../crypto/split-key.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { KeyFormatType, ObjectType, Operation, SplitKeyMethod } from '../kmip/generated/enums.ts'
import type { Identifier } from '../kmip/identifier.ts'
import type { ManagedObjectValue } from '../kmip/object.ts'
import { JoinSplitKeyRequest, JoinSplitKeyResponse } from '../kmip/payload/join-split-key.ts'
import { Secret } from '../kmip/secret.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { checkStorageMasks } from '../model/protection-storage.ts'
import { creationReasons } from './creation-reasons.ts'
import { keyParts } from './key-parts.ts'
import { givenAttributes, newObject } from './new-object.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { keyKindOf } from './stored-key.ts'
import { checkUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.27 Join Split Key. */
export const joinSplitKey = operation({
  code: Operation.JoinSplitKey,
  since: '1.2',
  request: JoinSplitKeyRequest,
  response: JoinSplitKeyResponse,
  reasons: [
    ...creationReasons, 'CryptographicFailure', 'InvalidObjectType', 'KeyValueNotPresent', 'ObjectDestroyed',
    'ObjectNotFound', 'ProtectionStorageUnavailable',
  ],
  async handle(request, context) {
    const kind = kindOf(request.objectType)
    if (request.uniqueIdentifier.length === 0) throw new KmipError('InvalidField', 'there are no parts to join')
    if (request.uniqueIdentifier.length > partsMax) {
      throw new KmipError('ServerLimitExceeded', `at most ${partsMax} parts are joined`)
    }
    if (request.secretDataType !== undefined && kind !== 'SecretData') {
      throw new KmipError('InvalidField', 'a Secret Data Type is only for Secret Data')
    }
    const parts: ManagedObject[] = []
    for (const reference of request.uniqueIdentifier) parts.push(await loadPart(context, reference))
    const asked = await givenAttributes(context, kind, request.attributes, 'registered')
    checkStorageMasks(request.protectionStorageMasks)
    const given = { ...asked, ...keptBack(parts) }
    const stored = await context.provider.importKey(await joined(parts, kind, given))
    const made = keyParts(context.provider, stored, kind, given, context.version)
    const { uniqueIdentifier } = newObject(context, {
      kind, origin: 'registered', given, ...made, value: withType(made.value, request.secretDataType),
    })
    context.batch.produced(uniqueIdentifier, 'JoinSplitKey')
    return { uniqueIdentifier }
  },
})

async function loadPart(context: Context, reference: Identifier): Promise<ManagedObject> {
  const part = await context.objects.loadExisting(context.batch.identifier(reference))
  if (part.kind !== 'SplitKey') throw new KmipError('InvalidObjectType', 'only split keys are joined')
  checkUnarchived(part)
  return part
}

/** @throws KmipError Cryptographic Failure for parts that do not make a key, and as `decodeKeyBlock` */
async function joined(parts: readonly ManagedObject[], kind: JoinedKind, given: AttributeSet): Promise<PlainKey> {
  const [first] = parts.map(({ attributes }) => attributes)
  const algorithm = given.cryptographicAlgorithm ?? first!.cryptographicAlgorithm
  const length = given.cryptographicLength ?? first!.cryptographicLength
  const secret = await joinParts(parts, kind === 'SymmetricKey' && length !== undefined ? Math.ceil(length / 8) : undefined)
  const isPrivate = kind === 'PrivateKey'
  return decodeKeyBlock({
    keyFormatType: isPrivate ? KeyFormatType.PKCS_8 : KeyFormatType.Raw,
    keyValue: { keyMaterial: new Secret(isPrivate ? withoutZeros(secret) : secret) },
    ...(!isPrivate && { cryptographicAlgorithm: algorithm }),
    ...(kind === 'SymmetricKey' && { cryptographicLength: length }),
  }, keyKindOf(kind))
}

async function joinParts(parts: readonly ManagedObject[], length: number | undefined): Promise<Buffer> {
  // Registered parts have no mark of their split; but what they tell of the whole key has to be the same.
  const tellApart = [
    ({ splitId }: ManagedObject) => splitId,
    ({ attributes }: ManagedObject) => attributes.cryptographicAlgorithm,
    ({ attributes }: ManagedObject) => attributes.cryptographicLength,
  ]
  if (tellApart.some((tell) => new Set(parts.flatMap((part) => tell(part) ?? [])).size > 1)) {
    throw new KmipError('CryptographicFailure', 'the parts are of different keys')
  }
  const [first, ...others] = parts.map(splitOf)
  const { splitKeyMethod, splitKeyParts, splitKeyThreshold, primeFieldSize } = first!
  const isOther = others.some((other) => other.splitKeyMethod !== splitKeyMethod ||
    other.splitKeyParts !== splitKeyParts || other.splitKeyThreshold !== splitKeyThreshold ||
    other.primeFieldSize !== primeFieldSize)
  if (isOther) throw new KmipError('CryptographicFailure', 'the parts are of different keys')
  const sharing = {
    method: splitKeyMethod, parts: splitKeyParts, threshold: splitKeyThreshold, prime: primeFieldSize,
  }
  const isPrime = splitKeyMethod === SplitKeyMethod.PolynomialSharingPrimeField
  // What a client has registered may be no prime at all.
  if (isPrime && primeFieldSize !== undefined && !await isSharingPrime(primeFieldSize, 0)) {
    throw new KmipError('CryptographicFailure', 'the Prime Field Size is no prime, or too large')
  }
  const shares = [first!, ...others].map(shareOf)
  if (shares.some(({ bytes }) => bytes.length > sharedBytesMax)) {
    throw new KmipError('ServerLimitExceeded', `parts of at most ${sharedBytesMax} bytes are joined`)
  }
  try {
    return await joinSecret(shares, sharing, isPrime ? length : undefined)
  } catch (error) {
    if (error instanceof SharingError) throw new KmipError('CryptographicFailure', error.message)
    throw error
  }
}

type Split = Extract<ManagedObjectValue, { kind: 'SplitKey' }>['value']

function splitOf({ value }: ManagedObject): Split {
  if (value?.kind !== 'SplitKey') throw new KmipError('KeyValueNotPresent', 'the part is not on the server')
  return value.value
}

function shareOf({ keyPartIdentifier, keyBlock: { keyValue } }: Split): Share {
  if (keyValue === undefined) throw new KmipError('KeyValueNotPresent', 'the part is not on the server')
  if ('wrapped' in keyValue || !(keyValue.keyMaterial instanceof Secret)) {
    throw new KmipError('CryptographicFailure', 'a part is not in the clear')
  }
  return { identifier: keyPartIdentifier, bytes: keyValue.keyMaterial.reveal() }
}

/** What none of its parts may leave the server as, the whole may not either. */
function keptBack(parts: readonly ManagedObject[]): AttributeSet {
  const sensitive = parts.some(({ attributes }) => attributes.sensitive === true)
  const extractable = !parts.some(({ attributes }) => attributes.extractable === false)
  return { ...(sensitive && { sensitive }), ...(!extractable && { extractable }) }
}

/** A number of a prime field has lost how many zeros it began with; a PKCS#8 structure begins with none. */
function withoutZeros(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0)
  return start <= 0 ? bytes : bytes.subarray(start)
}

function withType(value: ManagedObjectValue | undefined, secretDataType: number | undefined): typeof value {
  if (value?.kind !== 'SecretData' || secretDataType === undefined) return value
  return { kind: 'SecretData', value: { ...value.value, secretDataType } }
}

type JoinedKind = 'SymmetricKey' | 'PrivateKey' | 'SecretData'

function kindOf(objectType: number): JoinedKind {
  if (objectType === ObjectType.SymmetricKey) return 'SymmetricKey'
  if (objectType === ObjectType.PrivateKey) return 'PrivateKey'
  if (objectType === ObjectType.SecretData) return 'SecretData'
  throw new KmipError('InvalidObjectType', 'split keys form symmetric keys, private keys and secret data')
}

/** As many as Create Split Key makes. */
const partsMax = 100
