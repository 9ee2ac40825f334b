import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm, MaskGenerator, PaddingMethod,
} from '../kmip/generated/enums.ts'
import { Ckm } from '../kmip/pkcs11-constants.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'
import { hashes, masks, noParameter, oaep, readParameter } from './pkcs-11-parameter.ts'

/** A mechanism of PKCS#11 in KMIP's terms; for a MAC, signing is MAC. */
export interface Mechanism {
  readonly kinds: readonly ('encrypt' | 'sign' | 'mac' | 'digest')[]
  /** @throws Pkcs11Failure Mechanism Param Invalid, for a parameter that is none of the mechanism's */
  readonly read: (parameter: Buffer) => MechanismUse
  /** Whether its signatures are two numbers, which KMIP and PKCS#11 write each in its own way. */
  readonly isEcdsa?: boolean
  /** Whether what is signed is a digest already. */
  readonly signsDigest?: boolean
}

/** Fields of KMIP's requests. */
export interface MechanismUse {
  readonly cryptographicParameters: CryptographicParameters
  readonly ivCounterNonce?: Buffer
  readonly authenticatedEncryptionAdditionalData?: Buffer
}

export const mechanisms: ReadonlyMap<number, Mechanism> = new Map<number, Mechanism>([
  [Ckm.AES_ECB, cipher(fixed(aes(BlockCipherMode.ECB, PaddingMethod.None)))],
  [Ckm.AES_CBC, cipher(withIv(aes(BlockCipherMode.CBC, PaddingMethod.None)))],
  [Ckm.AES_CBC_PAD, cipher(withIv(aes(BlockCipherMode.CBC, PaddingMethod.PKCS5)))],
  [Ckm.AES_CTR, cipher(counter)],
  [Ckm.AES_GCM, cipher(gcm)],
  [Ckm.RSA_PKCS_OAEP, cipher((parameter) => ({ cryptographicParameters: oaep(parameter) }))],
  [Ckm.RSA_PKCS, { kinds: ['encrypt', 'sign'], read: fixed({ paddingMethod: PaddingMethod.PKCS1V1_5 }), signsDigest: true }],
  ...signatures([
    [Ckm.SHA1_RSA_PKCS, DigitalSignatureAlgorithm.SHA_1WithRSAEncryption],
    [Ckm.SHA224_RSA_PKCS, DigitalSignatureAlgorithm.SHA_224WithRSAEncryption],
    [Ckm.SHA256_RSA_PKCS, DigitalSignatureAlgorithm.SHA_256WithRSAEncryption],
    [Ckm.SHA384_RSA_PKCS, DigitalSignatureAlgorithm.SHA_384WithRSAEncryption],
    [Ckm.SHA512_RSA_PKCS, DigitalSignatureAlgorithm.SHA_512WithRSAEncryption],
  ]),
  [Ckm.RSA_PKCS_PSS, { ...signature(pss), signsDigest: true }],
  [Ckm.SHA256_RSA_PKCS_PSS, signature((parameter) => pss(parameter, HashingAlgorithm.SHA_256))],
  [Ckm.SHA384_RSA_PKCS_PSS, signature((parameter) => pss(parameter, HashingAlgorithm.SHA_384))],
  [Ckm.SHA512_RSA_PKCS_PSS, signature((parameter) => pss(parameter, HashingAlgorithm.SHA_512))],
  [Ckm.ECDSA, {
    ...signature(fixed({ cryptographicAlgorithm: CryptographicAlgorithm.ECDSA })), isEcdsa: true, signsDigest: true,
  }],
  ...signatures([
    [Ckm.ECDSA_SHA1, DigitalSignatureAlgorithm.ECDSAWithSHA_1],
    [Ckm.ECDSA_SHA224, DigitalSignatureAlgorithm.ECDSAWithSHA224],
    [Ckm.ECDSA_SHA256, DigitalSignatureAlgorithm.ECDSAWithSHA256],
    [Ckm.ECDSA_SHA384, DigitalSignatureAlgorithm.ECDSAWithSHA384],
    [Ckm.ECDSA_SHA512, DigitalSignatureAlgorithm.ECDSAWithSHA512],
  ], { isEcdsa: true }),
  [Ckm.SHA_1_HMAC, mac({ cryptographicAlgorithm: CryptographicAlgorithm.HMAC_SHA1 })],
  [Ckm.SHA224_HMAC, mac({ cryptographicAlgorithm: CryptographicAlgorithm.HMAC_SHA224 })],
  [Ckm.SHA256_HMAC, mac({ cryptographicAlgorithm: CryptographicAlgorithm.HMAC_SHA256 })],
  [Ckm.SHA384_HMAC, mac({ cryptographicAlgorithm: CryptographicAlgorithm.HMAC_SHA384 })],
  [Ckm.SHA512_HMAC, mac({ cryptographicAlgorithm: CryptographicAlgorithm.HMAC_SHA512 })],
  [Ckm.AES_CMAC, mac(aes(BlockCipherMode.CMAC))],
  ...[Ckm.SHA_1, Ckm.SHA224, Ckm.SHA256, Ckm.SHA384, Ckm.SHA512].map((type): [number, Mechanism] => (
    [type, { kinds: ['digest'], read: fixed({ hashingAlgorithm: hashes.get(type)! }) }])),
])

function aes(blockCipherMode: number, paddingMethod?: number): CryptographicParameters {
  return {
    cryptographicAlgorithm: CryptographicAlgorithm.AES, blockCipherMode, ...(paddingMethod !== undefined && { paddingMethod }),
  }
}

function cipher(read: Mechanism['read']): Mechanism {
  return { kinds: ['encrypt'], read }
}

function signature(read: Mechanism['read']): Mechanism {
  return { kinds: ['sign'], read }
}

function signatures(
  algorithms: readonly (readonly [number, number])[], options: { isEcdsa?: boolean } = {},
): [number, Mechanism][] {
  return algorithms.map(([type, digitalSignatureAlgorithm]) => (
    [type, { ...signature(fixed({ digitalSignatureAlgorithm })), ...options }]))
}

function mac(parameters: CryptographicParameters): Mechanism {
  return { kinds: ['mac'], read: fixed(parameters) }
}

function fixed(cryptographicParameters: CryptographicParameters): Mechanism['read'] {
  return (parameter) => {
    noParameter(parameter)
    return { cryptographicParameters }
  }
}

function withIv(cryptographicParameters: CryptographicParameters): Mechanism['read'] {
  return (ivCounterNonce) => {
    if (ivCounterNonce.length !== blockBytes) throw new Pkcs11Failure('MECHANISM_PARAM_INVALID')
    return { cryptographicParameters, ivCounterNonce }
  }
}

/** CK_AES_CTR_PARAMS: the bits of the counter, and the first counter block. */
function counter(parameter: Buffer): MechanismUse {
  return readParameter(parameter, (reader) => {
    const counterLength = reader.ulong()
    const ivCounterNonce = Buffer.from(Array.from({ length: blockBytes }, () => reader.byte()))
    return { cryptographicParameters: { ...aes(BlockCipherMode.CTR), counterLength }, ivCounterNonce }
  })
}

/** CK_GCM_PARAMS: the IV, its bits, the additional data, and the bits of the tag. */
function gcm(parameter: Buffer): MechanismUse {
  return readParameter(parameter, (reader) => {
    const ivCounterNonce = Buffer.from(reader.bytes())
    const ivBits = reader.ulong()
    const authenticatedEncryptionAdditionalData = Buffer.from(reader.bytes())
    const tagBits = reader.ulong()
    // Modules of 2.40 have no bits of the IV, and write none.
    const fits = (ivBits === 0 || ivBits === ivCounterNonce.length * 8) && tagBits % 8 === 0
    if (!fits || ivCounterNonce.length === 0) throw new Pkcs11Failure('MECHANISM_PARAM_INVALID')
    return {
      cryptographicParameters: { ...aes(BlockCipherMode.GCM), tagLength: tagBits / 8 },
      ivCounterNonce,
      ...(authenticatedEncryptionAdditionalData.length > 0 && { authenticatedEncryptionAdditionalData }),
    }
  })
}

/** CK_RSA_PKCS_PSS_PARAMS: the hash, the mask generation function, and the length of the salt. */
function pss(parameter: Buffer, hash?: number): MechanismUse {
  return readParameter(parameter, (reader) => {
    const hashingAlgorithm = hashes.get(reader.ulong())
    const maskGeneratorHashingAlgorithm = masks.get(reader.ulong())
    const saltLength = reader.ulong()
    const isKnown = hashingAlgorithm !== undefined && maskGeneratorHashingAlgorithm !== undefined
    if (!isKnown || (hash !== undefined && hash !== hashingAlgorithm)) throw new Pkcs11Failure('MECHANISM_PARAM_INVALID')
    return {
      cryptographicParameters: {
        paddingMethod: PaddingMethod.PSS, hashingAlgorithm, maskGenerator: MaskGenerator.MGF1,
        maskGeneratorHashingAlgorithm, saltLength,
      },
    }
  })
}

const blockBytes = 16
