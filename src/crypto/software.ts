import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { after } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import { softwareCapabilities } from './capabilities.ts'
import { decryptSymmetric, encryptSymmetric, openSymmetric } from './cipher.ts'
import { derive } from './derive.ts'
import { signEcdsa, verifyEcdsa } from './ecdsa.ts'
import { signEddsa, verifyEddsa } from './eddsa.ts'
import { invalid, notSupported } from './failure.ts'
import { generatePair, generateSymmetric } from './generate.ts'
import { openDigest } from './hash.ts'
import { checkMaterial } from './key-check.ts'
import { checkKind } from './key.ts'
import type { SoftwareKey } from './key.ts'
import { loadSoftware } from './load.ts'
import { mac, openMac } from './mac.ts'
import { applyOneTimePad } from './one-time-pad.ts'
import type { Key, KeyKind, Provider, Signable } from './provider.ts'
import { openSslSource } from './random-source.ts'
import type { RandomSource } from './random-source.ts'
import { decryptRsa, encryptRsa, signRsa, verifyRsa } from './rsa.ts'
import { decryptSm2, encryptSm2, signSm2, sm2FormOf, verifySm2 } from './sm2.ts'
import { unwrap, wrap } from './wrap.ts'

/**
 * The provider whose keys live in this process: OpenSSL through node:crypto, and what that lacks.
 *
 * @param source of the random numbers in keys, and for clients; what else is random (nonces, salts) is OpenSSL's
 */
export function softwareProvider(source: RandomSource = openSslSource): Provider {
  return {
    name: 'software',
    randomNumberGenerator: source.generator,
    capabilities: softwareCapabilities(),
    generateKey: (spec) => generateSymmetric(spec, source),
    generateKeyPair: (spec) => generatePair(spec, source),
    importKey(material) {
      return after(checkMaterial(material), () => material)
    },
    load: loadSoftware,
    destroy() {
      // Nothing of a key is kept here.
    },
    encrypt(key, parameters, input) {
      if (key.algorithm === c.OneTimePad) return { data: applyOneTimePad(own(key), parameters, input) }
      if (key.kind === 'symmetric') return encryptSymmetric(own(key), parameters, input)
      refuseSymmetricInput(input)
      if (key.algorithm === CryptographicAlgorithm.SM2) return { data: sm2Encrypt(own(key), parameters, input.data) }
      checkRsa(key, 'public')
      return { data: encryptRsa(own(key), parameters, input.data) }
    },
    decrypt(key, parameters, input) {
      if (key.algorithm === c.OneTimePad) return applyOneTimePad(own(key), parameters, input)
      if (key.kind === 'symmetric') return decryptSymmetric(own(key), parameters, input)
      refuseSymmetricInput(input)
      if (key.algorithm === CryptographicAlgorithm.SM2) return sm2Decrypt(own(key), parameters, input.data)
      checkRsa(key, 'private')
      return decryptRsa(own(key), parameters, input.data)
    },
    openCipher: (key, parameters, input) => openSymmetric(own(key), parameters, input),
    sign: (key, parameters, input) => sign(own(key), parameters, input),
    verify: (key, parameters, input, signature) => verify(own(key), parameters, input, signature),
    mac: (key, parameters, data) => mac(own(key), parameters, data),
    openDigest,
    openMac: (key, parameters) => openMac(own(key), parameters),
    wrap: (key, parameters, bytes) => wrap(own(key), parameters, bytes),
    unwrap: (key, parameters, wrapped, options) => unwrap(own(key), parameters, wrapped, options),
    derive: (key, request) => derive(own(key), request),
    random(length) {
      if (!Number.isInteger(length) || length < 1 || length > randomMax) throw invalid('too many random bytes')
      return source.bytes(length)
    },
    ...(source.seed !== undefined && { seed: source.seed }),
  }
}

function sign(key: SoftwareKey, parameters: CryptographicParameters, input: Signable): Awaitable<Buffer> {
  checkKind(key, 'private')
  switch (key.algorithm) {
    case c.RSA: return signRsa(key, parameters, input)
    case c.DSA: return signEcdsa(key, 'dsa', parameters, input)
    case c.SM2: return signSm2(key, parameters, input)
    default: return isEdwards(key)
      ? signEddsa(key, parameters, input)
      : signEcdsa(onCurve(key), 'ecdsa', parameters, input)
  }
}

function verify(
  key: SoftwareKey, parameters: CryptographicParameters, input: Signable, signature: Buffer,
): Awaitable<boolean> {
  checkKind(key, 'public')
  switch (key.algorithm) {
    case c.RSA: return verifyRsa(key, parameters, input, signature)
    case c.DSA: return verifyEcdsa(key, 'dsa', parameters, input, signature)
    case c.SM2: return verifySm2(key, parameters, input, signature)
    default: return isEdwards(key)
      ? verifyEddsa(key, input, signature)
      : verifyEcdsa(onCurve(key), 'ecdsa', parameters, input, signature)
  }
}

function sm2Encrypt(key: SoftwareKey, parameters: CryptographicParameters, data: Buffer): Buffer {
  checkKind(key, 'public')
  return encryptSm2(key, data, sm2FormOf(parameters))
}

function sm2Decrypt(key: SoftwareKey, parameters: CryptographicParameters, data: Buffer): Buffer {
  checkKind(key, 'private')
  sm2FormOf(parameters)
  return decryptSm2(key, data)
}

function isEdwards({ object }: SoftwareKey): boolean {
  return object.asymmetricKeyType === 'ed25519' || object.asymmetricKeyType === 'ed448'
}

function onCurve(key: SoftwareKey): SoftwareKey {
  const signs = key.algorithm === c.EC || key.algorithm === c.ECDSA
  if (key.object.asymmetricKeyType !== 'ec' || !signs) throw notSupported('the key does not sign')
  return key
}

function checkRsa({ kind, algorithm }: Key, needed: KeyKind): void {
  checkKind({ kind }, needed)
  if (algorithm !== c.RSA) throw notSupported('the algorithm does not encrypt')
}

function refuseSymmetricInput({ iv, additionalData, tag }: {
  readonly iv?: Buffer | undefined; readonly additionalData?: Buffer | undefined; readonly tag?: Buffer | undefined
}): void {
  if (iv !== undefined || additionalData !== undefined || tag !== undefined) {
    throw invalid('the algorithm takes no IV, additional data or tag')
  }
}

/** Keys come back from the callers of `load` as they were given out. */
function own(key: Key): SoftwareKey {
  return key as SoftwareKey
}

const c = CryptographicAlgorithm
/** Bytes. */
const randomMax = 0x10_0000
