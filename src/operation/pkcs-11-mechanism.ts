import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm, PaddingMethod,
} from '../kmip/generated/enums.ts'
import { Ckm } from '../kmip/pkcs11-constants.ts'

/** A mechanism of PKCS#11 in KMIP's terms; for a MAC, signing is MAC. */
export interface Mechanism {
  readonly kinds: readonly ('encrypt' | 'sign' | 'mac' | 'digest')[]
  readonly parameters: CryptographicParameters
  /** Whether its signatures are two numbers, which KMIP and PKCS#11 write each in its own way. */
  readonly isEcdsa?: boolean
}

export const mechanisms: ReadonlyMap<number, Mechanism> = new Map<number, Mechanism>([
  [Ckm.AES_ECB, cipher({ blockCipherMode: BlockCipherMode.ECB, paddingMethod: PaddingMethod.None })],
  [Ckm.AES_CBC, cipher({ blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.None })],
  [Ckm.AES_CBC_PAD, cipher({ blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.PKCS5 })],
  [0x40, signature({ digitalSignatureAlgorithm: DigitalSignatureAlgorithm.SHA_256WithRSAEncryption })],
  [0x41, signature({ digitalSignatureAlgorithm: DigitalSignatureAlgorithm.SHA_384WithRSAEncryption })],
  [0x42, signature({ digitalSignatureAlgorithm: DigitalSignatureAlgorithm.SHA_512WithRSAEncryption })],
  [0x1044, ecdsa(DigitalSignatureAlgorithm.ECDSAWithSHA256)],
  [0x1045, ecdsa(DigitalSignatureAlgorithm.ECDSAWithSHA384)],
  [0x1046, ecdsa(DigitalSignatureAlgorithm.ECDSAWithSHA512)],
  [Ckm.SHA256_HMAC, mac(CryptographicAlgorithm.HMAC_SHA256)],
  [Ckm.SHA384_HMAC, mac(CryptographicAlgorithm.HMAC_SHA384)],
  [Ckm.SHA512_HMAC, mac(CryptographicAlgorithm.HMAC_SHA512)],
  [Ckm.SHA256, digest(HashingAlgorithm.SHA_256)],
  [Ckm.SHA384, digest(HashingAlgorithm.SHA_384)],
  [Ckm.SHA512, digest(HashingAlgorithm.SHA_512)],
])

function cipher(parameters: CryptographicParameters): Mechanism {
  return { kinds: ['encrypt'], parameters: { cryptographicAlgorithm: CryptographicAlgorithm.AES, ...parameters } }
}

function signature(parameters: CryptographicParameters): Mechanism {
  return { kinds: ['sign'], parameters }
}

function ecdsa(digitalSignatureAlgorithm: number): Mechanism {
  return { ...signature({ digitalSignatureAlgorithm }), isEcdsa: true }
}

function mac(cryptographicAlgorithm: number): Mechanism {
  return { kinds: ['mac'], parameters: { cryptographicAlgorithm } }
}

function digest(hashingAlgorithm: number): Mechanism {
  return { kinds: ['digest'], parameters: { hashingAlgorithm } }
}
