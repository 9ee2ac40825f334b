import {
  BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, HashingAlgorithm, NameType, ObjectType, Operation,
  PaddingMethod, RecommendedCurve,
} from '../../src/kmip/generated/enums.ts'
import type { AttributeSet } from '../../src/kmip/attribute.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { RequestMessage, outgoing } from '../../src/kmip/message.ts'
import type { OutgoingPayload } from '../../src/kmip/message.ts'
import { ActivateRequest } from '../../src/kmip/payload/activate.ts'
import { CreateKeyPairRequest } from '../../src/kmip/payload/create-key-pair.ts'
import { CreateRequest } from '../../src/kmip/payload/create.ts'
import { EncryptRequest } from '../../src/kmip/payload/encrypt.ts'
import { GetRequest } from '../../src/kmip/payload/get.ts'
import { LocateRequest } from '../../src/kmip/payload/locate.ts'
import { SignRequest } from '../../src/kmip/payload/sign.ts'
import { TtlvWriter } from '../../src/ttlv/writer.ts'

/** The requests of the benchmark as bytes, at 1.4 unless PyKMIP's server, which ends at 1.2 for them, is to read them. */
export function requests(version: number) {
  const encode = (operation: number, payload: OutgoingPayload) => message(version, operation, payload)
  const mask = (...names: (keyof typeof CryptographicUsageMask)[]) =>
    names.reduce((sum, name) => sum + CryptographicUsageMask[name], 0)
  const active: AttributeSet = version >= 104 ? { activationDate: 1 } : {}
  return {
    createAes: encode(Operation.Create, outgoing(CreateRequest, {
      objectType: ObjectType.SymmetricKey,
      attributes: {
        cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength: 256,
        cryptographicUsageMask: mask('Encrypt', 'Decrypt'), ...active,
      },
    })),
    createRsa: encode(Operation.CreateKeyPair, outgoing(CreateKeyPairRequest, {
      commonAttributes: { cryptographicAlgorithm: CryptographicAlgorithm.RSA, cryptographicLength: 2048, ...active },
      privateKeyAttributes: { cryptographicUsageMask: mask('Sign') },
      publicKeyAttributes: { cryptographicUsageMask: mask('Verify') },
    })),
    createEc: encode(Operation.CreateKeyPair, outgoing(CreateKeyPairRequest, {
      commonAttributes: {
        cryptographicAlgorithm: CryptographicAlgorithm.ECDSA, cryptographicLength: 256,
        cryptographicDomainParameters: { recommendedCurve: RecommendedCurve.P_256 }, ...active,
      },
      privateKeyAttributes: { cryptographicUsageMask: mask('Sign') },
      publicKeyAttributes: { cryptographicUsageMask: mask('Verify') },
    })),
    activate: (uniqueIdentifier: string) => encode(Operation.Activate, outgoing(ActivateRequest, { uniqueIdentifier })),
    get: (uniqueIdentifier: string) => encode(Operation.Get, outgoing(GetRequest, { uniqueIdentifier })),
    encryptGcm: (uniqueIdentifier: string) => encode(Operation.Encrypt, outgoing(EncryptRequest, {
      uniqueIdentifier, data: Buffer.alloc(64, 7),
      cryptographicParameters: { blockCipherMode: BlockCipherMode.GCM, randomIV: true, tagLength: 16 },
    })),
    encryptCbc: (uniqueIdentifier: string) => encode(Operation.Encrypt, outgoing(EncryptRequest, {
      uniqueIdentifier, data: Buffer.alloc(64, 7), ivCounterNonce: Buffer.alloc(16, 3),
      cryptographicParameters: {
        blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.PKCS5,
        cryptographicAlgorithm: CryptographicAlgorithm.AES,
      },
    })),
    signRsa: (uniqueIdentifier: string) => encode(Operation.Sign, outgoing(SignRequest, {
      uniqueIdentifier, data: Buffer.alloc(64, 7),
      cryptographicParameters: {
        paddingMethod: PaddingMethod.PKCS1V1_5, hashingAlgorithm: HashingAlgorithm.SHA_256,
        cryptographicAlgorithm: CryptographicAlgorithm.RSA,
      },
    })),
    signEc: (uniqueIdentifier: string) => encode(Operation.Sign, outgoing(SignRequest, {
      uniqueIdentifier, data: Buffer.alloc(64, 7),
      cryptographicParameters: { hashingAlgorithm: HashingAlgorithm.SHA_256 },
    })),
    locate: (name: string) => encode(Operation.Locate, outgoing(LocateRequest, {
      attributes: [{
        name: 'name', value: { nameValue: name, nameType: NameType.UninterpretedTextString },
      }],
    })),
  }
}

function message(version: number, operation: number, payload: OutgoingPayload): Buffer {
  const writer = new TtlvWriter()
  RequestMessage.encode(writer, Tag.RequestMessage, {
    requestHeader: { protocolVersion: version, batchCount: 1, attestationType: [] },
    batchItem: [{ operation, requestPayload: payload, messageExtension: [] }],
  }, { version })
  return writer.take()
}
