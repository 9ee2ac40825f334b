import type { KeySpec } from '../crypto/provider.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { CryptographicAlgorithm, CryptographicUsageMask, RecommendedCurve } from '../kmip/generated/enums.ts'
import type { CmkUsage } from '../model/cmk.ts'
import { symmetricAlgorithms, asymmetricAlgorithms } from './algorithm.ts'
import type { CmkAlgorithm } from './algorithm.ts'

/** What a key spec stands for. */
export interface CmkKeySpec extends KeySpec {
  readonly name: string
  readonly kind: 'symmetric' | 'pair'
  /** The first is the default: SIGN/VERIFY where the spec can sign. */
  readonly usages: readonly CmkUsage[]
  /** The first of each usage is the default. */
  readonly algorithms: readonly CmkAlgorithm[]
  /** Bits of imported or generated symmetric material; the length of the key for pairs. */
  readonly length: number
}

/** A CMK with a usage, as one name of another vendor's may give both. */
export interface SpecChoice {
  readonly spec: CmkKeySpec
  readonly usage: CmkUsage
}

/**
 * The spec and usage that a client's words mean: the names of Alibaba Cloud, or those of Tencent Cloud, where one name
 * may give both. AES and SM4 only encrypt, elliptic curves only sign, RSA and SM2 do either; one CMK does one.
 *
 * @throws KmipError Invalid Attribute Value
 */
export function chooseSpec(
  specName: string | undefined, usageName: string | undefined, kind: CmkKeySpec['kind'],
): SpecChoice {
  const fromUsage = usageName === undefined ? undefined : tencentUsages.get(usageName)
  const fromSpec = specName === undefined ? undefined : tencentUsages.get(specName)
  const named = fromSpec?.[0] ?? specAliases.get(specName ?? '') ?? specName ?? fromUsage?.[0]
  const name = named ?? (kind === 'symmetric' ? defaultSpec : undefined)
  if (name === undefined) throw invalid('cmk-key-spec is missing: a key pair has no default key spec')
  const spec = keySpecs.get(name)
  if (spec === undefined) throw invalid(`cmk-key-spec is one of ${[...keySpecs.keys()].join(', ')}`)
  if (fromUsage !== undefined && fromUsage[0] !== name && usageName !== symmetricUsage) {
    throw invalid('cmk-usage is that of another key spec')
  }
  const usage = fromUsage?.[1] ?? usageOf(usageName) ?? fromSpec?.[1] ?? spec.usages[0]!
  if (fromSpec !== undefined && fromSpec[1] !== usage) throw invalid('cmk-usage contradicts cmk-key-spec')
  if (!spec.usages.includes(usage)) throw invalid(`a CMK of ${name} is for ${spec.usages.join(' or ')} only`)
  if (spec.kind !== kind) {
    throw invalid(`a CMK of ${name} is made by ${spec.kind === 'symmetric' ? 'Create' : 'Create Key Pair'}`)
  }
  return { spec, usage }
}

/** The spec of a CMK's record. */
export function specNamed(name: string): CmkKeySpec {
  const spec = keySpecs.get(name)
  if (spec === undefined) throw new Error(`a CMK has the key spec ${name}, which is none`)
  return spec
}

/** The key spec of KMIP's algorithm, length and curve, or undefined. */
export function specOf({ algorithm, length, curve }: KeySpec): CmkKeySpec | undefined {
  const wanted = algorithm === CryptographicAlgorithm.EC ? CryptographicAlgorithm.ECDSA : algorithm
  return [...keySpecs.values()].find((spec) =>
    spec.algorithm === wanted && spec.length === length && (curve === undefined || spec.curve === curve))
}

/** Usage masks of the keys of a CMK. A symmetric one also wraps keys: a data key is one. */
export function usageMasks(spec: CmkKeySpec, usage: CmkUsage): { readonly main: number; readonly publicKey: number } {
  const { Encrypt, Decrypt, WrapKey, UnwrapKey, Sign, Verify } = CryptographicUsageMask
  if (spec.kind === 'symmetric') return { main: Encrypt + Decrypt + WrapKey + UnwrapKey, publicKey: 0 }
  if (usage === 'SIGN/VERIFY') return { main: Sign, publicKey: Verify }
  return { main: Decrypt + UnwrapKey, publicKey: Encrypt + WrapKey }
}

/**
 * The algorithm that a request's parameters mean: none means the default, and what they leave out the algorithm fills.
 *
 * @throws KmipError Unsupported Cryptographic Parameters
 */
export function chooseAlgorithm(
  spec: CmkKeySpec, usage: CmkUsage, given: CryptographicParameters | undefined,
): CmkAlgorithm {
  const found = spec.algorithms.find((each) => each.usage === usage && agrees(spec, each.parameters, given ?? {}))
  if (found !== undefined) return found
  const names = spec.algorithms.filter((each) => each.usage === usage).map((each) => each.name)
  throw new KmipError('UnsupportedCryptographicParameters', `a CMK of ${spec.name} does ${names.join(', ')}`)
}

/** The parameters to use: the algorithm's, and of the request those that do not choose it (IV and tag lengths). */
export function parametersOf(
  algorithm: CmkAlgorithm, given: CryptographicParameters | undefined,
): CryptographicParameters {
  return { ...given, ...algorithm.parameters }
}

function agrees(spec: CmkKeySpec, has: CryptographicParameters, given: CryptographicParameters): boolean {
  return (Object.entries(given) as [keyof CryptographicParameters, unknown][]).every(([field, value]) => {
    if (value === undefined || freeFields.has(field)) return true
    if (field === 'cryptographicAlgorithm') return specOf({ ...spec, algorithm: value as number }) === spec
    return has[field] === value || (has[field] === undefined && neutral[field] === value)
  })
}

function usageOf(name: string | undefined): CmkUsage | undefined {
  if (name === undefined) return undefined
  if (name === 'ENCRYPT/DECRYPT' || name === 'SIGN/VERIFY') return name
  throw invalid('cmk-usage is ENCRYPT/DECRYPT or SIGN/VERIFY')
}

function invalid(message: string): KmipError {
  return new KmipError('InvalidAttributeValue', message)
}

const c = CryptographicAlgorithm
const encrypts = ['ENCRYPT/DECRYPT'] as const
const signs = ['SIGN/VERIFY'] as const
const both = ['SIGN/VERIFY', 'ENCRYPT/DECRYPT'] as const
const { rsa, p256, p384, sm2 } = asymmetricAlgorithms

const symmetric = (name: string, algorithm: number, length: number): CmkKeySpec => ({
  name, kind: 'symmetric', algorithm, length, usages: encrypts,
  algorithms: symmetricAlgorithms(algorithm === c.SM4 ? 'SM4' : 'AES'),
})
const pair = (
  name: string, key: KeySpec, usages: readonly CmkUsage[], algorithms: readonly CmkAlgorithm[],
): CmkKeySpec => ({ name, kind: 'pair', ...key, usages, algorithms })

/** Facts 3.1; EC_P384 is Tencent's ECDSA384. */
export const keySpecs: ReadonlyMap<string, CmkKeySpec> = new Map([
  symmetric('Aliyun_AES_256', c.AES, 256),
  symmetric('Aliyun_AES_192', c.AES, 192),
  symmetric('Aliyun_AES_128', c.AES, 128),
  symmetric('Aliyun_SM4', c.SM4, 128),
  pair('RSA_2048', { algorithm: c.RSA, length: 2048 }, both, rsa),
  pair('RSA_3072', { algorithm: c.RSA, length: 3072 }, both, rsa),
  pair('RSA_4096', { algorithm: c.RSA, length: 4096 }, both, rsa),
  pair('EC_P256', { algorithm: c.ECDSA, length: 256, curve: RecommendedCurve.P_256 }, signs, p256),
  pair('EC_P256K', { algorithm: c.ECDSA, length: 256, curve: RecommendedCurve.SECP256K1 }, signs, p256),
  pair('EC_P384', { algorithm: c.ECDSA, length: 384, curve: RecommendedCurve.P_384 }, signs, p384),
  pair('EC_SM2', { algorithm: c.SM2, length: 256 }, both, sm2),
].map((spec) => [spec.name, spec]))

const defaultSpec = 'Aliyun_AES_256'
const symmetricUsage = 'ENCRYPT_DECRYPT'

/** Tencent's KeyUsage gives spec and usage together; without a spec its symmetric keys are AES-256 here (facts 3.5). */
const tencentUsages: ReadonlyMap<string, readonly [string, CmkUsage]> = new Map([
  [symmetricUsage, [defaultSpec, 'ENCRYPT/DECRYPT']],
  ['ASYMMETRIC_DECRYPT_RSA_2048', ['RSA_2048', 'ENCRYPT/DECRYPT']],
  ['ASYMMETRIC_DECRYPT_SM2', ['EC_SM2', 'ENCRYPT/DECRYPT']],
  ['ASYMMETRIC_SIGN_VERIFY_SM2', ['EC_SM2', 'SIGN/VERIFY']],
  ['ASYMMETRIC_SIGN_VERIFY_ECC', ['EC_P256', 'SIGN/VERIFY']],
  ['ASYMMETRIC_SIGN_VERIFY_RSA_2048', ['RSA_2048', 'SIGN/VERIFY']],
  ['ASYMMETRIC_SIGN_VERIFY_ECDSA384', ['EC_P384', 'SIGN/VERIFY']],
] as const)

/** Tencent's names of algorithms (facts 14, row 26). */
const specAliases: ReadonlyMap<string, string> = new Map([
  ['AES_256', 'Aliyun_AES_256'], ['AES256', 'Aliyun_AES_256'], ['AES_128', 'Aliyun_AES_128'], ['SM4', 'Aliyun_SM4'],
  ['RSA', 'RSA_2048'], ['SM2', 'EC_SM2'], ['ECC_P256_R1', 'EC_P256'],
])

/** They describe the IV and the tag, and choose no algorithm. */
const freeFields: ReadonlySet<keyof CryptographicParameters> = new Set<keyof CryptographicParameters>([
  'randomIV', 'ivLength', 'tagLength', 'fixedFieldLength', 'invocationFieldLength', 'counterLength',
  'initialCounterValue',
])
/** Values that say what an algorithm without the field does anyway: Padding Method None, Trailer Field 1. */
const neutral: Partial<Record<keyof CryptographicParameters, unknown>> = { paddingMethod: 1, trailerField: 1 }
