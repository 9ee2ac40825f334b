import { isEncryptedPrivateKey } from '../crypto/key-format.ts'
import type { PlainKey } from '../crypto/provider.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { LinkType, SplitKeyMethod } from '../kmip/generated/enums.ts'
import { keyBlockOf, withKeyBlock } from '../kmip/object.ts'
import type { KeyBlock, ManagedObjectValue } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import { parseVersion } from '../kmip/version.ts'
import { symmetricLength } from '../model/key-length.ts'
import type { NewObject } from '../model/managed-object.ts'
import { remainsOf } from '../model/remains.ts'
import { certificateAttributes } from './certificate-attributes.ts'
import { factsOfValue } from './digest.ts'
import { digestsOf, readableKey } from './key-parts.ts'
import { unwrapKeyBlock } from './key-unwrapping.ts'
import type { Draft } from './new-object.ts'
import type { Context } from './operation.ts'
import { keyKindOf } from './stored-key.ts'

/** What to do with a wrapped key: keep what comes out if the wrapping key is at hand, insist on it, or leave it. */
export type Unwrapping = 'try' | 'must' | 'never'

type Incoming = Pick<Draft, 'facts' | 'links' | 'value' | 'asRegistered'>

/**
 * Takes in an object that a client brings (Register, Import): unwraps and checks it, and finds what it says of itself.
 *
 * @param given the client's attributes, which may name what the object leaves out
 * @throws KmipError Invalid Field for material that is not what it says it is; for wrapped keys as `unwrapKeyBlock`
 */
export async function takeIn(
  context: Context, object: ManagedObjectValue, given: AttributeSet, unwrapping: Unwrapping,
): Promise<Incoming> {
  if (object.kind === 'SplitKey') checkPart(object.value)
  const keyBlock = keyBlockOf(object)
  if (keyBlock === undefined) return { value: object, facts: factsOf(object) }
  if (keyBlock.keyWrappingData === undefined) {
    if (keyBlock.keyValue !== undefined && 'wrapped' in keyBlock.keyValue) {
      throw new KmipError('InvalidField', 'the Key Value is wrapped, but Key Wrapping Data is missing')
    }
    return { value: object, facts: await keyFacts(context, object, keyBlock, given) }
  }
  const links = await wrappingLinks(context, keyBlock)
  const plain = unwrapping === 'never' ? undefined : await unwrapped(context, keyBlock, unwrapping === 'must')
  if (plain === undefined) return { value: object, links, facts: toldFacts(keyBlock, given) }
  const value = withKeyBlock(object, plain)
  const facts = await keyFacts(context, value, plain, given)
  return unwrapping === 'must' ? { value, facts } : { value, asRegistered: object, links, facts }
}

/** Of an object that comes destroyed nothing is taken in but its structure, and what that tells. */
export function takeInDestroyed(
  object: ManagedObjectValue, given: AttributeSet,
): Pick<Draft, 'facts'> & Pick<NewObject, 'remains'> {
  const keyBlock = keyBlockOf(object)
  return { remains: remainsOf(object), facts: keyBlock === undefined ? {} : toldFacts(keyBlock, given) }
}

/** Objects without a key block. */
function factsOf(object: ManagedObjectValue): AttributeSet {
  const common = factsOfValue(object)
  switch (object.kind) {
    case 'Certificate': {
      return { ...certificateAttributes(object.value.certificateType, object.value.certificateValue), ...common }
    }
    case 'OpaqueObject': return { opaqueDataType: object.value.opaqueDataType, ...common }
    default: return common
  }
}

/** Objects with a key block in the clear, or without a key value. */
async function keyFacts(
  context: Context, object: ManagedObjectValue, keyBlock: KeyBlock, given: AttributeSet,
): Promise<AttributeSet> {
  const told = toldFacts(keyBlock, given)
  if (keyBlock.keyValue === undefined && context.version < v1_2) {
    throw new KmipError('InvalidMessage', 'the Key Value is missing')
  }
  if (keyBlock.keyValue === undefined) return { ...told, keyValuePresent: false }
  const plain = await soundKey(context, object, {
    ...keyBlock,
    cryptographicAlgorithm: told.cryptographicAlgorithm,
    cryptographicLength: told.cryptographicLength,
  })
  const facts = { ...told, digest: digestsOf(keyBlock, plain, context.version) }
  const length = plain?.length ?? told.cryptographicLength ?? lengthOf(keyBlock, told.cryptographicAlgorithm)
  if (length !== undefined) facts.cryptographicLength = length
  const algorithm = plain?.kind === 'secret' ? undefined : plain?.algorithm
  return algorithm === undefined ? facts : { ...facts, cryptographicAlgorithm: algorithm }
}

/**
 * The key, when the server can read it. A symmetric key of a length that no cipher takes is kept all the same:
 * clients store passphrases as such keys (Rook).
 *
 * @throws KmipError Invalid Field
 */
async function soundKey(
  context: Context, object: ManagedObjectValue, keyBlock: KeyBlock,
): Promise<PlainKey | undefined> {
  if (!readableKinds.has(object.kind)) return undefined
  if (object.kind === 'PrivateKey' && isEncryptedPrivateKey(keyBlock)) return undefined
  const isSymmetric = object.kind === 'SymmetricKey'
  if (isSymmetric && keyBlock.cryptographicAlgorithm === undefined) {
    throw new KmipError('InvalidField', 'the Cryptographic Algorithm is missing')
  }
  const key = readableKey(keyBlock, keyKindOf(object.kind))
  if (key === undefined || isSymmetric) return key
  try {
    await context.provider.importKey(key)
  } catch (error) {
    if (!(error instanceof KmipError) || error.reason !== 'FeatureNotSupported') throw error
  }
  return key
}

/**
 * A threshold below the number of parts is taken with XOR too: clients that keep such parts here (PyKMIP) join them.
 *
 * @throws KmipError Invalid Field for what no part of a key has (KMIP 2.1 2.8)
 */
function checkPart(
  { splitKeyParts, keyPartIdentifier, splitKeyThreshold, splitKeyMethod, primeFieldSize }: SplitKey,
): void {
  if (keyPartIdentifier < 1 || keyPartIdentifier > splitKeyParts) {
    throw new KmipError('InvalidField', 'the Key Part Identifier is not between 1 and the Split Key Parts')
  }
  if (splitKeyThreshold < 1 || splitKeyThreshold > splitKeyParts) {
    throw new KmipError('InvalidField', 'the Split Key Threshold is not between 1 and the Split Key Parts')
  }
  if (splitKeyMethod === SplitKeyMethod.PolynomialSharingPrimeField && primeFieldSize === undefined) {
    throw new KmipError('InvalidField', 'the Prime Field Size is missing')
  }
}

type SplitKey = Extract<ManagedObjectValue, { kind: 'SplitKey' }>['value']

/** What key block and attributes say; they may not contradict each other. */
function toldFacts(keyBlock: KeyBlock, given: AttributeSet): AttributeSet {
  const cryptographicAlgorithm = keyBlock.cryptographicAlgorithm ?? given.cryptographicAlgorithm
  const cryptographicLength = keyBlock.cryptographicLength ?? given.cryptographicLength
  return {
    ...(cryptographicAlgorithm !== undefined && { cryptographicAlgorithm }),
    ...(cryptographicLength !== undefined && { cryptographicLength }),
    keyFormatType: keyBlock.keyFormatType,
  }
}

function lengthOf({ keyValue }: KeyBlock, algorithm: number | undefined): number | undefined {
  if (keyValue === undefined || 'wrapped' in keyValue || !(keyValue.keyMaterial instanceof Secret)) return undefined
  return symmetricLength(algorithm, keyValue.keyMaterial.length)
}

/** KMIP 2.1 6.1.43; the link type is one of 2.x. */
export async function wrappingLinks(context: Context, { keyWrappingData }: KeyBlock): Promise<NonNullable<Draft['links']>> {
  const information = keyWrappingData?.encryptionKeyInformation ?? keyWrappingData?.macSignatureKeyInformation
  if (information === undefined) {
    throw new KmipError('InvalidField', 'Key Wrapping Data names neither an encryption nor a MAC or signature key')
  }
  const identifier = context.batch.identifier(information.uniqueIdentifier)
  const key = await context.objects.peek(identifier)
  if (key === undefined || context.version < v2) return []
  return [{ linkType: LinkType.WrappingKeyLink, linkedObjectIdentifier: identifier }]
}

async function unwrapped(context: Context, keyBlock: KeyBlock, isRequired: boolean): Promise<KeyBlock | undefined> {
  try {
    return await unwrapKeyBlock(context, keyBlock)
  } catch (error) {
    if (!isRequired && error instanceof KmipError && notAtHand.has(error.reason)) return undefined
    throw error
  }
}

const v1_2 = parseVersion('1.2')
const v2 = parseVersion('2.0')
const readableKinds: ReadonlySet<string> = new Set(['SymmetricKey', 'PublicKey', 'PrivateKey', 'SecretData'])
/** The wrapping key is not ours, or may not unwrap now: the object is kept as it came. */
const notAtHand: ReadonlySet<string> = new Set([
  'FeatureNotSupported', 'IncompatibleCryptographicUsageMask', 'WrappingObjectArchived', 'WrappingObjectDestroyed',
  'WrappingObjectNotFound', 'WrongKeyLifecycleState',
])
