import { Ckm } from '../kmip/pkcs11-constants.ts'
import { derivationMechanisms, generationMechanisms, pairMechanisms, wrappingMechanisms } from './pkcs-11-key-mechanism.ts'
import { mechanisms } from './pkcs-11-mechanism.ts'

/** CK_MECHANISM_INFO: the key sizes in the mechanism's own unit, and what it does. */
export interface MechanismInfo {
  readonly min: number
  readonly max: number
  readonly flags: number
}

function infos(): Map<number, MechanismInfo> {
  const flags = new Map<number, number>()
  const add = (type: number, flag: number): void => void flags.set(type, (flags.get(type) ?? 0) + flag)
  for (const [type, { kinds }] of mechanisms) for (const kind of kinds) add(type, flagsOf[kind])
  for (const type of generationMechanisms.keys()) add(type, Flag.GENERATE)
  for (const type of pairMechanisms.keys()) add(type, Flag.GENERATE_KEY_PAIR)
  for (const type of wrappingMechanisms.keys()) add(type, Flag.WRAP + Flag.UNWRAP)
  for (const type of [...derivationMechanisms.keys(), Ckm.ECDH1_DERIVE]) add(type, Flag.DERIVE)
  return new Map([...flags].map(([type, sum]) => [type, { ...sizesOf(type), flags: sum }]))
}

/** AES counts bytes; RSA, curves and generic secrets count bits; digests have no key. */
function sizesOf(type: number): { min: number; max: number } {
  if (aes.has(type)) return { min: 16, max: 32 }
  if (rsa.has(type)) return { min: 1_024, max: 8_192 }
  if (elliptic.has(type)) return { min: 192, max: 521 }
  return type === Ckm.GENERIC_SECRET_KEY_GEN || macs.has(type) ? { min: 8, max: 8_192 } : { min: 0, max: 0 }
}

const Flag = {
  ENCRYPT: 0x100, DECRYPT: 0x200, DIGEST: 0x400, SIGN: 0x800, VERIFY: 0x2000, GENERATE: 0x8000,
  GENERATE_KEY_PAIR: 0x1_0000, WRAP: 0x2_0000, UNWRAP: 0x4_0000, DERIVE: 0x8_0000,
} as const
const flagsOf = {
  encrypt: Flag.ENCRYPT + Flag.DECRYPT, sign: Flag.SIGN + Flag.VERIFY, mac: Flag.SIGN + Flag.VERIFY, digest: Flag.DIGEST,
} as const
const aes: ReadonlySet<number> = new Set([
  Ckm.AES_KEY_GEN, Ckm.AES_ECB, Ckm.AES_CBC, Ckm.AES_CBC_PAD, Ckm.AES_KEY_WRAP, Ckm.AES_KEY_WRAP_KWP,
  Ckm.AES_ECB_ENCRYPT_DATA, Ckm.AES_CBC_ENCRYPT_DATA, Ckm.AES_CTR, Ckm.AES_GCM, Ckm.AES_CMAC,
])
const rsa: ReadonlySet<number> = new Set([
  Ckm.RSA_PKCS_KEY_PAIR_GEN, Ckm.RSA_PKCS, Ckm.RSA_PKCS_OAEP, Ckm.RSA_PKCS_PSS, Ckm.SHA1_RSA_PKCS, Ckm.SHA224_RSA_PKCS,
  Ckm.SHA256_RSA_PKCS, Ckm.SHA384_RSA_PKCS, Ckm.SHA512_RSA_PKCS, Ckm.SHA256_RSA_PKCS_PSS, Ckm.SHA384_RSA_PKCS_PSS,
  Ckm.SHA512_RSA_PKCS_PSS,
])
const elliptic: ReadonlySet<number> = new Set([
  Ckm.EC_KEY_PAIR_GEN, Ckm.ECDSA, Ckm.ECDSA_SHA1, Ckm.ECDSA_SHA224, Ckm.ECDSA_SHA256, Ckm.ECDSA_SHA384, Ckm.ECDSA_SHA512,
  Ckm.ECDH1_DERIVE,
])
const macs: ReadonlySet<number> = new Set([
  Ckm.SHA_1_HMAC, Ckm.SHA224_HMAC, Ckm.SHA256_HMAC, Ckm.SHA384_HMAC, Ckm.SHA512_HMAC, Ckm.HKDF_DERIVE,
])

/** Every mechanism that a function takes, from the tables by which the functions find them. */
export const mechanismInfos: ReadonlyMap<number, MechanismInfo> = infos()
