import { BlockCipherMode, CryptographicAlgorithm, PaddingMethod } from '../kmip/generated/enums.ts'
import { curves } from './curve.ts'
import type { Curve } from './curve.ts'
import { hashes } from './hash.ts'
import { hmacHashes } from './mac.ts'
import { Ckm } from '../kmip/pkcs11-constants.ts'
import type { MechanismFacts, TokenFacts } from './pkcs11-protocol.ts'
import type { Capabilities, KeyCapability } from './provider.ts'
import { signatureAlgorithms } from './signature.ts'
import type { SignatureKind } from './signature.ts'

/** What a token can do of what KMIP has names for, from its own list of mechanisms. */
export function tokenCapabilities(facts: TokenFacts | undefined): Capabilities {
  const digests = [...hashes.keys()]
  if (facts === undefined) return { keys: [], hashes: digests, derivations: [] }
  const has = (mechanism: number): boolean => mechanismOf(facts, mechanism) !== undefined
  const keys = [...aes(has), ...hmacs(has), ...rsa(facts, has), ...elliptic(facts, has)]
  return { keys, hashes: digests, derivations: [] }
}

export function mechanismOf(facts: TokenFacts, mechanism: number): MechanismFacts | undefined {
  return facts.mechanisms.find((each) => each.mechanism === mechanism)
}

/** The curves that the token makes keys on. */
export function tokenCurves(facts: TokenFacts): Curve[] {
  return curves.filter(({ oid }) => facts.curves.includes(oid))
}

/** Mechanism of each block cipher mode that a token may have for AES. */
export const aesMechanisms: ReadonlyMap<number, number> = new Map<number, number>([
  [BlockCipherMode.ECB, Ckm.AES_ECB], [BlockCipherMode.CBC, Ckm.AES_CBC], [BlockCipherMode.CTR, Ckm.AES_CTR],
  [BlockCipherMode.GCM, Ckm.AES_GCM],
])

/** By OpenSSL's name of the hash. */
export const hmacMechanisms: ReadonlyMap<string, number> = new Map<string, number>([
  ['sha1', Ckm.SHA_1_HMAC], ['sha224', Ckm.SHA224_HMAC], ['sha256', Ckm.SHA256_HMAC], ['sha384', Ckm.SHA384_HMAC],
  ['sha512', Ckm.SHA512_HMAC],
])

type Has = (mechanism: number) => boolean

function aes(has: Has): KeyCapability[] {
  if (!has(Ckm.AES_KEY_GEN)) return []
  const encrypt = [...aesMechanisms].filter(([, mechanism]) => has(mechanism)).map(([mode]) => mode)
  const wrap = has(Ckm.AES_KEY_WRAP) ? [...encrypt, BlockCipherMode.NISTKeyWrap] : encrypt
  return [{
    algorithm: CryptographicAlgorithm.AES, lengths: [128, 192, 256], generate: true, encrypt, sign: [],
    mac: has(Ckm.AES_CMAC), wrap,
  }]
}

function hmacs(has: Has): KeyCapability[] {
  if (!has(Ckm.GENERIC_SECRET_KEY_GEN)) return []
  return [...hmacHashes].flatMap(([algorithm, hash]) => {
    const mechanism = hmacMechanisms.get(hashes.get(hash)?.name ?? '')
    if (mechanism === undefined || !has(mechanism)) return []
    return [{ algorithm, lengths: [], generate: true, encrypt: [], sign: [], mac: true, wrap: [] }]
  })
}

function rsa(facts: TokenFacts, has: Has): KeyCapability[] {
  const generation = mechanismOf(facts, Ckm.RSA_PKCS_KEY_PAIR_GEN)
  if (generation === undefined) return []
  const fits = (bits: number): boolean => bits >= generation.minKeySize && bits <= generation.maxKeySize
  const paddings = [
    ...(has(Ckm.RSA_PKCS_OAEP) ? [PaddingMethod.OAEP] : []), ...(has(Ckm.RSA_PKCS) ? [PaddingMethod.PKCS1V1_5] : []),
  ]
  const kinds: SignatureKind[] = [
    ...(has(Ckm.RSA_PKCS) ? ['rsa' as const] : []), ...(has(Ckm.RSA_PKCS_PSS) ? ['pss' as const] : []),
  ]
  return [{
    algorithm: CryptographicAlgorithm.RSA, lengths: [2048, 3072, 4096].filter(fits), generate: true,
    encrypt: paddings, sign: signing(...kinds), mac: false, wrap: paddings,
  }]
}

function elliptic(facts: TokenFacts, has: Has): KeyCapability[] {
  const found = tokenCurves(facts)
  if (found.length === 0 || !has(Ckm.ECDSA)) return []
  const { EC, ECDSA } = CryptographicAlgorithm
  return [EC, ECDSA].map((algorithm) => ({
    algorithm, lengths: [...new Set(found.map(({ bits }) => bits))], curves: found.map(({ id }) => id!),
    generate: true, encrypt: [], sign: signing('ecdsa'), mac: false, wrap: [],
  }))
}

function signing(...kinds: readonly SignatureKind[]): number[] {
  return [...signatureAlgorithms].filter(([, { kind }]) => kinds.includes(kind)).map(([algorithm]) => algorithm)
}
