import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import {
  BlockCipherMode, DigitalSignatureAlgorithm, HashingAlgorithm, MaskGenerator, PaddingMethod,
} from '../kmip/generated/enums.ts'
import { HashingExtension, PaddingExtension, SignatureExtension } from '../kmip/extension.ts'
import type { CmkUsage } from '../model/cmk.ts'

/** One algorithm of a CMK, under the cloud's name and as KMIP's parameters. */
export interface CmkAlgorithm {
  readonly name: string
  readonly usage: CmkUsage
  readonly parameters: CryptographicParameters
  /** Whether the wrong key is noticed, so that the version that made the data can be found by trying. */
  readonly tellsVersion: boolean
  /** Bytes that can be encrypted at once with a key of so many bits (facts 3.4). */
  bytesMax(bits: number): number
}

/** GCM, the default, then what hardware keys do too, and CTR. */
export function symmetricAlgorithms(family: 'AES' | 'SM4'): readonly CmkAlgorithm[] {
  const { GCM, CBC, ECB, CTR } = BlockCipherMode
  const { PKCS5, None } = PaddingMethod
  const modes = [
    ['GCM', { blockCipherMode: GCM }],
    ['CBC_PKCS7_PADDING', { blockCipherMode: CBC, paddingMethod: PKCS5 }],
    ['CBC_NO_PADDING', { blockCipherMode: CBC, paddingMethod: None }],
    ['ECB_PKCS7_PADDING', { blockCipherMode: ECB, paddingMethod: PKCS5 }],
    ['ECB_NO_PADDING', { blockCipherMode: ECB, paddingMethod: None }],
    ['CTR', { blockCipherMode: CTR }],
  ] as const
  return modes.map(([mode, parameters]) => ({
    name: `${family}_${mode}`,
    usage: 'ENCRYPT/DECRYPT',
    parameters,
    tellsVersion: !isTagless(parameters),
    bytesMax: () => symmetricBytesMax,
  }))
}

/**
 * Whether a mode authenticates nothing. A key that does such a mode can make the key stream of GCM, and so read what GCM
 * protects without its tag and its additional data: the two never share a key.
 */
export function isTagless({ blockCipherMode }: CryptographicParameters): boolean {
  return taglessModes.has(blockCipherMode)
}

function oaep(name: string, hash: number, hashBytes: number): CmkAlgorithm {
  return {
    name,
    usage: 'ENCRYPT/DECRYPT',
    parameters: {
      paddingMethod: PaddingMethod.OAEP, hashingAlgorithm: hash,
      maskGenerator: MaskGenerator.MGF1, maskGeneratorHashingAlgorithm: hash,
    },
    tellsVersion: true,
    bytesMax: (bits) => bits / 8 - 2 * hashBytes - 2,
  }
}

function signature(name: string, parameters: CryptographicParameters): CmkAlgorithm {
  return { name, usage: 'SIGN/VERIFY', parameters, tellsVersion: true, bytesMax: () => Infinity }
}

const { SHA_1, SHA_256, SHA_384 } = HashingAlgorithm
const s = DigitalSignatureAlgorithm

const taglessModes: ReadonlySet<number | undefined> = new Set([
  BlockCipherMode.CBC, BlockCipherMode.ECB, BlockCipherMode.CTR,
])
/** Plaintext of one Encrypt. */
const symmetricBytesMax = 6_144
const sm2BytesMax = 6_047

export const asymmetricAlgorithms = {
  rsa: [
    oaep('RSAES_OAEP_SHA_256', SHA_256, 32),
    oaep('RSAES_OAEP_SHA_1', SHA_1, 20),
    signature('RSA_PSS_SHA_256', {
      digitalSignatureAlgorithm: s.RSASSA_PSS, paddingMethod: PaddingMethod.PSS, hashingAlgorithm: SHA_256,
      maskGenerator: MaskGenerator.MGF1, maskGeneratorHashingAlgorithm: SHA_256, saltLength: 32,
    }),
    signature('RSA_PKCS1_SHA_256', {
      digitalSignatureAlgorithm: s.SHA_256WithRSAEncryption, paddingMethod: PaddingMethod.PKCS1V1_5,
      hashingAlgorithm: SHA_256,
    }),
  ],
  p256: [signature('ECDSA_SHA_256', { digitalSignatureAlgorithm: s.ECDSAWithSHA256, hashingAlgorithm: SHA_256 })],
  p384: [signature('ECDSA_SHA_384', { digitalSignatureAlgorithm: s.ECDSAWithSHA384, hashingAlgorithm: SHA_384 })],
  sm2: [
    {
      name: 'SM2PKE', usage: 'ENCRYPT/DECRYPT', parameters: {}, tellsVersion: true, bytesMax: () => sm2BytesMax,
    },
    {
      name: 'SM2_C1C3C2_ASN1', usage: 'ENCRYPT/DECRYPT', parameters: { paddingMethod: PaddingExtension.SM2ASN1 },
      tellsVersion: true, bytesMax: () => sm2BytesMax,
    },
    signature('SM2DSA', {
      digitalSignatureAlgorithm: SignatureExtension.SM2WithSM3, hashingAlgorithm: HashingExtension.SM3,
    }),
  ],
} as const satisfies Record<string, readonly CmkAlgorithm[]>
