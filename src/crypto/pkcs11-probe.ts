import { Cka, Ckm, Cko, Mgf1, ParameterType } from '../kmip/pkcs11-constants.ts'
import { nativeMechanism, nativeTemplate } from './pkcs11-crypt.ts'
import type { OaepFacts } from './pkcs11-protocol.ts'
import type { Token } from './pkcs11-token.ts'

/** Tries OAEP with a key pair of the session's own: what a token takes, and what it only seems to take. */
export async function oaepFacts({ module, sessions }: Token): Promise<OaepFacts> {
  const session = await sessions.take()
  try {
    const pair = await module.C_GenerateKeyPairAsync(
      session, { mechanism: Ckm.RSA_PKCS_KEY_PAIR_GEN }, publicTemplate, privateTemplate,
    )
    const decrypts = async (parameter: Parameter, other: Parameter): Promise<boolean> => {
      const own = await sessions.take()
      try {
        module.C_EncryptInit(own, oaep(parameter), pair.publicKey)
        const hidden = module.C_Encrypt(own, Buffer.from('test'), Buffer.alloc(256))
        module.C_DecryptInit(own, oaep(other), pair.privateKey)
        return module.C_Decrypt(own, hidden, Buffer.alloc(256)).toString() === 'test'
      } catch {
        return false
      } finally {
        sessions.drop(own)
      }
    }
    const hashes: number[] = []
    for (const [hashAlg, mgf] of candidates) {
      if (await decrypts({ hashAlg, mgf }, { hashAlg, mgf })) hashes.push(hashAlg)
    }
    const same = { hashAlg: Ckm.SHA_1, mgf: Mgf1.SHA_1 }
    const mixed = { hashAlg: Ckm.SHA_1, mgf: Mgf1.SHA256 }
    const [one, other] = [Buffer.from('one'), Buffer.from('other')]
    return {
      hashes,
      mixed: await decrypts(mixed, mixed) && !await decrypts(mixed, same),
      labels: await decrypts({ ...same, sourceData: one }, { ...same, sourceData: one }) &&
        !await decrypts({ ...same, sourceData: one }, { ...same, sourceData: other }),
    }
  } finally {
    // With the session its key pair goes.
    sessions.drop(session)
  }
}

interface Parameter {
  readonly hashAlg: number
  readonly mgf: number
  readonly sourceData?: Buffer
}

function oaep(parameter: Parameter): ReturnType<typeof nativeMechanism> {
  return nativeMechanism({
    mechanism: Ckm.RSA_PKCS_OAEP, parameter: { type: ParameterType.OAEP, source: 1, ...parameter },
  })
}

const publicTemplate = nativeTemplate([
  { type: Cka.TOKEN, value: false }, { type: Cka.ENCRYPT, value: true }, { type: Cka.MODULUS_BITS, value: 2048 },
  { type: Cka.PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
])
const privateTemplate = nativeTemplate([
  { type: Cka.CLASS, value: Cko.PRIVATE_KEY }, { type: Cka.TOKEN, value: false }, { type: Cka.PRIVATE, value: true },
  { type: Cka.DECRYPT, value: true }, { type: Cka.SENSITIVE, value: true },
])
const candidates = [
  [Ckm.SHA_1, Mgf1.SHA_1], [Ckm.SHA224, Mgf1.SHA224], [Ckm.SHA256, Mgf1.SHA256], [Ckm.SHA384, Mgf1.SHA384],
  [Ckm.SHA512, Mgf1.SHA512],
] as const
