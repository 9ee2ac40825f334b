import type { Derivation, Key, StoredKey } from '../crypto/provider.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import type { CryptographicParameters, Link } from '../kmip/attribute-value.ts'
import type { DerivationParameters } from '../kmip/derivation-parameters.ts'
import { KmipError } from '../kmip/error.ts'
import { DerivationMethod, LinkType, ObjectType, Operation } from '../kmip/generated/enums.ts'
import type { Identifier } from '../kmip/identifier.ts'
import { keyBlockOf } from '../kmip/object.ts'
import { DeriveKeyRequest, DeriveKeyResponse } from '../kmip/payload/derive-key.ts'
import { withAdded } from '../model/attribute-list.ts'
import { materialLength } from '../model/key-length.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { uses } from '../model/usage.ts'
import { creationReasons } from './creation-reasons.ts'
import { checkDerivationFields } from './derivation-fields.ts'
import { keyParts } from './key-parts.ts'
import { givenAttributes, newObject } from './new-object.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { plainKeyOf } from './stored-key.ts'

/** KMIP 2.1 6.1.14 Derive Key. */
export const deriveKey = operation({
  code: Operation.DeriveKey,
  since: '1.0',
  request: DeriveKeyRequest,
  response: DeriveKeyResponse,
  reasons: [
    ...creationReasons, 'BadCryptographicParameters', 'CryptographicFailure', 'FeatureNotSupported',
    'IncompatibleCryptographicUsageMask', 'InvalidMessage', 'InvalidObjectType', 'KeyValueNotPresent', 'MissingData',
    'ObjectDestroyed', 'ObjectNotFound', 'UnsupportedCryptographicParameters', 'WrongKeyLifecycleState',
  ],
  async handle(request, context) {
    const uniqueIdentifier = await derivedObject(context, request, async () => {
      const bases = await loadBases(context, request.uniqueIdentifier)
      return { bases, ...await prepare(context, bases, request) }
    })
    context.batch.produced(uniqueIdentifier, 'DeriveKey')
    return { uniqueIdentifier }
  },
})

/**
 * Agrees with another party whose public key comes with the request, and is no object of the server.
 *
 * @param peerOf the party's public key, in the canonical form, for this private key
 * @returns the Unique Identifier of the derived key
 * @throws KmipError as Derive Key
 */
export function agreedObject(
  context: Context, base: string, peerOf: (key: Key) => StoredKey, order: DerivationOrder,
): Promise<string> {
  return derivedObject(context, order, async () => {
    const bases = await loadBases(context, [base])
    const [privateKey] = privateFirst(bases)
    const key = await baseKey(context, privateKey!)
    const peer = await context.provider.load(peerOf(key.key))
    return { bases, key, derivation: { method: DerivationMethod.AsymmetricKey, parameters: {}, peer } }
  })
}

/** What is to be derived. */
interface DerivationOrder {
  readonly objectType: number
  readonly attributes?: AttributeSet | undefined
}

async function derivedObject(
  context: Context, { objectType, attributes }: DerivationOrder,
  prepared: () => Promise<{ bases: readonly ManagedObject[]; key: BaseKey; derivation: Omit<Derivation, 'length'> }>,
): Promise<string> {
  const kind = kindOf(objectType)
  const given = await givenAttributes(context, kind, attributes, 'made')
  const spec = derivedSpec(kind, given)
  const { bases, key, derivation } = await prepared()
  const { provider } = await context.keys.of(key.object)
  const length = materialLength(spec.algorithm, spec.length)
  const bytes = await provider.derive(key.key, { ...derivation, length })
  const stored: StoredKey = { ...spec, kind: kind === 'SymmetricKey' ? 'symmetric' : 'secret', bytes }
  const { uniqueIdentifier } = newObject(context, {
    kind,
    origin: 'made',
    given,
    links: bases.map((base) => link(LinkType.DerivationBaseObjectLink, base.uniqueIdentifier)),
    ...keyParts(context.provider, stored, kind, given, context.version),
  })
  for (const base of bases) linkDerived(context, base, uniqueIdentifier)
  return uniqueIdentifier
}

interface Request {
  readonly derivationMethod: number
  readonly derivationParameters: DerivationParameters
}

interface BaseKey {
  readonly object: ManagedObject
  readonly key: Key
}

/** The ID Placeholder is not used here: the request names every base object. */
async function loadBases(context: Context, identifiers: readonly Identifier[]): Promise<ManagedObject[]> {
  if (identifiers.length === 0) throw new KmipError('MissingData', 'the base objects are missing')
  const bases: ManagedObject[] = []
  for (const reference of identifiers) {
    const base = await context.objects.loadForUse(context.batch.identifier(reference), uses.deriveKey)
    if (!baseKinds.has(base.kind)) throw new KmipError('InvalidObjectType', 'nothing is derived from such an object')
    bases.push(base)
  }
  return bases
}

/**
 * Which base is the key and what the others are: the derivation data as a Secret Data object, or the other party's
 * public key (KMIP 2.1 7.12).
 */
async function prepare(
  context: Context, bases: readonly ManagedObject[], { derivationMethod: method, derivationParameters }: Request,
): Promise<{ key: BaseKey; derivation: Omit<Derivation, 'length'> }> {
  const { initializationVector, salt, iterationCount, derivationData: parts } = derivationParameters
  const [base, ...others] = method === DerivationMethod.AsymmetricKey ? privateFirst(bases) : keyFirst(bases)
  const key = await baseKey(context, base!)
  const parameters = parametersFor(context, base!, method, derivationParameters.cryptographicParameters)
  const common = { method, parameters, initializationVector, salt, iterationCount }
  if (method === DerivationMethod.AsymmetricKey) {
    if (others.length !== 1) throw new KmipError('InvalidField', 'key agreement takes a private and a public key')
    checkDerivationFields(method, { ...derivationParameters, derivationData: joined(parts) })
    return { key, derivation: { ...common, peer: (await baseKey(context, others[0]!)).key } }
  }
  if (others.length > 1 || others.some(({ kind }) => kind !== 'SecretData')) {
    throw new KmipError('InvalidObjectType', 'the objects after the first are the derivation data, as Secret Data')
  }
  if (others.length > 0 && parts.length > 0) {
    throw new KmipError('InvalidMessage', 'derivation data is given twice, as bytes and as an object')
  }
  const derivationData = others[0] === undefined ? joined(parts) : secretBytes(others[0])
  checkDerivationFields(method, { ...derivationParameters, derivationData })
  return { key, derivation: { ...common, derivationData, derivationParts: parts } }
}

async function baseKey(context: Context, object: ManagedObject): Promise<BaseKey> {
  if (object.attributes.keyValuePresent === false) {
    throw new KmipError('KeyValueNotPresent', 'the key material is not on the server')
  }
  return { object, key: (await context.keys.of(object)).key }
}

function joined(parts: readonly Buffer[]): Buffer | undefined {
  return parts.length === 0 ? undefined : Buffer.concat(parts)
}

function keyFirst(bases: readonly ManagedObject[]): readonly ManagedObject[] {
  const at = bases.findIndex(({ kind }) => kind !== 'SecretData')
  return at <= 0 ? bases : [bases[at]!, ...bases.slice(0, at), ...bases.slice(at + 1)]
}

function privateFirst(bases: readonly ManagedObject[]): readonly ManagedObject[] {
  const [first, ...rest] = bases.toSorted((one, other) => agreementRank(one) - agreementRank(other))
  if (first?.kind !== 'PrivateKey' || rest.some(({ kind }) => kind !== 'PublicKey')) {
    throw new KmipError('InvalidObjectType', 'key agreement takes a private and a public key')
  }
  return [first, ...rest]
}

function agreementRank({ kind }: ManagedObject): number {
  return kind === 'PrivateKey' ? 0 : 1
}

function secretBytes(object: ManagedObject): Buffer {
  if (object.value === undefined || keyBlockOf(object.value)?.keyValue === undefined) {
    throw new KmipError('KeyValueNotPresent', 'the secret is not on the server')
  }
  return plainKeyOf(object.value, object.attributes).bytes.reveal()
}

/**
 * Parameters of the request, or the first of the key; 1.x refuses those that are none of a key that has some, and the
 * HMAC method ignores them (KMIP 1.4 4.6).
 */
function parametersFor(
  context: Context, { attributes }: ManagedObject, method: number, requested: CryptographicParameters | undefined,
): CryptographicParameters {
  const own = attributes.cryptographicParameters ?? []
  if (requested === undefined) return own[0] ?? {}
  const mustMatch = method === DerivationMethod.ENCRYPT && own.length > 0 && context.version < 200
  if (mustMatch && !own.some(({ blockCipherMode }) => blockCipherMode === requested.blockCipherMode)) {
    throw new KmipError('BadCryptographicParameters', 'the key has no such Cryptographic Parameters')
  }
  return requested
}

/** The length need not be one that a cipher takes, as for keys that are registered: PyKMIP derives AES of 160 bits. */
function derivedSpec(kind: 'SymmetricKey' | 'SecretData', given: AttributeSet): { algorithm: number; length: number } {
  const { cryptographicAlgorithm: algorithm, cryptographicLength: length } = given
  if (length === undefined) throw new KmipError('InvalidField', 'the Cryptographic Length is missing')
  if (length <= 0 || length % 8 !== 0) {
    throw new KmipError('InvalidAttributeValue', 'the Cryptographic Length is a whole number of bytes')
  }
  if (kind === 'SymmetricKey' && algorithm === undefined) {
    throw new KmipError('InvalidField', 'the Cryptographic Algorithm is missing')
  }
  return { algorithm: algorithm ?? 0, length }
}

function kindOf(objectType: number): 'SymmetricKey' | 'SecretData' {
  if (objectType === ObjectType.SymmetricKey) return 'SymmetricKey'
  if (objectType === ObjectType.SecretData) return 'SecretData'
  throw new KmipError('InvalidObjectType', 'symmetric keys and secret data can be derived')
}

function linkDerived(context: Context, base: ManagedObject, derived: string): void {
  const { set } = withAdded(base.attributes, { name: 'link', value: link(LinkType.DerivedKeyLink, derived) })
  context.objects.save({ ...base, attributes: set })
}

function link(linkType: number, linkedObjectIdentifier: string): Link {
  return { linkType, linkedObjectIdentifier }
}

const baseKinds: ReadonlySet<string> = new Set(['SymmetricKey', 'SecretData', 'PrivateKey', 'PublicKey'])
