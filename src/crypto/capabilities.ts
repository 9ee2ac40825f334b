import { BlockCipherMode, CryptographicAlgorithm, PaddingMethod } from '../kmip/generated/enums.ts'
import { byteCurves, curves } from './curve.ts'
import { methods } from './derive.ts'
import { dsaDivisors, rsaLengths } from './generate.ts'
import { hashes } from './hash.ts'
import { hmacHashes } from './mac.ts'
import type { Capabilities, KeyCapability } from './provider.ts'
import { signatureAlgorithms } from './signature.ts'
import type { SignatureKind } from './signature.ts'
import { noMode, symmetricFamilies } from './symmetric.ts'
import type { SymmetricFamily } from './symmetric.ts'

/** What the software provider can do, from the tables that its code dispatches on. */
export function softwareCapabilities(): Capabilities {
  return {
    keys: [...[...symmetricFamilies()].map(symmetric), ...asymmetric()],
    hashes: [...hashes.keys()],
    derivations: [...methods.keys()],
  }
}

function symmetric(family: SymmetricFamily): KeyCapability {
  const modes = new Set(family.lengths.flatMap((bits) => [...family.modes(family.materialLength(bits)).keys()]))
  const hasCbc = modes.has(BlockCipherMode.CBC)
  const isPad = family.algorithm === CryptographicAlgorithm.OneTimePad
  const encrypt = isPad ? [noMode] : [...modes]
  return {
    algorithm: family.algorithm,
    lengths: family.lengths,
    generate: true,
    encrypt,
    sign: [],
    mac: hasCbc || hmacHashes.has(family.algorithm),
    wrap: encrypt.filter((mode) => mode !== noMode || (!isPad && family.algorithm !== CryptographicAlgorithm.ChaCha20)),
  }
}

function asymmetric(): KeyCapability[] {
  const none = { generate: true, encrypt: [], sign: [], mac: false, wrap: [] }
  const rsaPaddings = [PaddingMethod.OAEP, PaddingMethod.PKCS1V1_5]
  const ids = curves.map((curve) => curve.id!)
  const agreeing = byteCurves.filter(({ use }) => use === 'agree').map(({ id }) => id)
  const lengths = [...new Set(curves.map((curve) => curve.bits))]
  const { RSA, DSA, DH, EC, ECDSA, ECDH, ECMQV, SM2, Ed25519, Ed448 } = CryptographicAlgorithm
  return [
    {
      ...none, algorithm: RSA, lengths: rsaLengths, encrypt: rsaPaddings, wrap: rsaPaddings,
      sign: signing('rsa', 'pss'),
    },
    { ...none, algorithm: EC, lengths, curves: [...ids, ...agreeing], sign: signing('ecdsa') },
    { ...none, algorithm: ECDSA, lengths, curves: ids, sign: signing('ecdsa') },
    { ...none, algorithm: ECDH, lengths, curves: [...ids, ...agreeing] },
    { ...none, algorithm: ECMQV, lengths, curves: ids, generate: false },
    ...byteCurves.filter(({ use }) => use === 'sign').map(({ name, id, bits }) => (
      { ...none, algorithm: name === 'ed25519' ? Ed25519 : Ed448, lengths: [bits], curves: [id] }
    )),
    { ...none, algorithm: DSA, lengths: [...dsaDivisors.keys()], sign: signing('dsa') },
    { ...none, algorithm: DH, lengths: [], generate: false },
    { ...none, algorithm: SM2, lengths: [256], encrypt: [noMode], wrap: [noMode], sign: signing('sm2') },
  ]
}

function signing(...kinds: readonly SignatureKind[]): number[] {
  return [...signatureAlgorithms].filter(([, { kind }]) => kinds.includes(kind)).map(([algorithm]) => algorithm)
}
