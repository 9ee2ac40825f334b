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
    keys: [...[...symmetricFamilies()].flatMap(symmetric), ...asymmetric()],
    hashes: [...hashes.keys()],
    derivations: [...methods.keys()],
  }
}

/** Keys of some lengths of an algorithm have other modes: each group of lengths is one capability. */
function symmetric(family: SymmetricFamily): KeyCapability[] {
  if (family.lengths.length === 0) return [capability(family, [], [])]
  const modesOf = (bits: number): number[] => [...family.modes(family.materialLength(bits)).keys()]
  const groups = Map.groupBy(family.lengths, (bits) => modesOf(bits).join())
  return [...groups.values()].map((lengths) => capability(family, lengths, modesOf(lengths[0]!)))
}

function capability(
  { algorithm }: SymmetricFamily, lengths: readonly number[], modes: readonly number[],
): KeyCapability {
  const isPad = algorithm === CryptographicAlgorithm.OneTimePad
  const encrypt = isPad ? [noMode] : modes
  return {
    algorithm,
    lengths,
    generate: true,
    encrypt,
    sign: [],
    mac: modes.includes(BlockCipherMode.CBC) || hmacHashes.has(algorithm),
    wrap: encrypt.filter((mode) => mode !== noMode || (!isPad && algorithm !== CryptographicAlgorithm.ChaCha20)),
  }
}

function asymmetric(): KeyCapability[] {
  const none = { generate: true, encrypt: [], sign: [], mac: false, wrap: [] }
  const rsaPaddings = [PaddingMethod.OAEP, PaddingMethod.PKCS1V1_5]
  const ids = curves.map((curve) => curve.id!)
  const agreeing = byteCurves.filter(({ use }) => use === 'agree').map(({ id }) => id)
  const agreeingLengths = [...new Set(byteCurves.filter(({ use }) => use === 'agree').map(({ bits }) => bits))]
  const lengths = [...new Set(curves.map((curve) => curve.bits))]
  const { RSA, DSA, DH, EC, ECDSA, ECDH, ECMQV, SM2, Ed25519, Ed448 } = CryptographicAlgorithm
  return [
    {
      ...none, algorithm: RSA, lengths: rsaLengths, encrypt: rsaPaddings, wrap: rsaPaddings,
      sign: signing('rsa', 'pss'),
    },
    { ...none, algorithm: EC, lengths, curves: ids, sign: signing('ecdsa'), agree: true },
    { ...none, algorithm: EC, lengths: agreeingLengths, curves: agreeing, agree: true },
    { ...none, algorithm: ECDSA, lengths, curves: ids, sign: signing('ecdsa') },
    { ...none, algorithm: ECDH, lengths, curves: ids, agree: true },
    { ...none, algorithm: ECDH, lengths: agreeingLengths, curves: agreeing, agree: true },
    { ...none, algorithm: ECMQV, lengths, curves: ids, generate: false },
    ...byteCurves.filter(({ use }) => use === 'sign').map(({ name, id, bits }) => (
      { ...none, algorithm: name === 'ed25519' ? Ed25519 : Ed448, lengths: [bits], curves: [id] }
    )),
    { ...none, algorithm: DSA, lengths: [...dsaDivisors.keys()], sign: signing('dsa') },
    { ...none, algorithm: DH, lengths: [], generate: false, agree: true },
    { ...none, algorithm: SM2, lengths: [256], encrypt: [noMode], wrap: [noMode], sign: signing('sm2') },
  ]
}

function signing(...kinds: readonly SignatureKind[]): number[] {
  return [...signatureAlgorithms].filter(([, { kind }]) => kinds.includes(kind)).map(([algorithm]) => algorithm)
}
