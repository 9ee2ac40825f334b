import { readFileSync } from 'node:fs'
import {
  BlockCipherMode, CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm, MaskGenerator, PaddingMethod,
} from '../../src/kmip/generated/enums.ts'
import type { DerivationMethod, RecommendedCurve } from '../../src/kmip/generated/enums.ts'
import type { CryptographicParameters } from '../../src/kmip/attribute-value.ts'
import { HashingExtension } from '../../src/kmip/extension.ts'

/** Known answers in fixtures/crypto: names of KMIP's enumerations, bytes in hex. */
export function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../fixtures/crypto/${name}.json`, import.meta.url), 'utf8')) as T
}

export type NamedParameters = Readonly<Record<string, string | number>>

export interface CipherVector {
  source: string
  algorithm: keyof typeof CryptographicAlgorithm
  length: number
  key: string
  parameters: NamedParameters
  iv?: string
  additionalData?: string
  plaintext: string
  ciphertext: string
  tag?: string
}
export interface MacVector {
  source: string
  algorithm: keyof typeof CryptographicAlgorithm
  key: string
  parameters: NamedParameters
  data: string
  mac: string
}
export interface SignatureVector {
  source: string
  algorithm: keyof typeof CryptographicAlgorithm
  length: number
  curve?: keyof typeof RecommendedCurve
  publicKey: string
  parameters: NamedParameters
  data?: string
  digest?: string
  signature: string
}
export interface DeriveVector {
  source: string
  kind: 'symmetric' | 'secret'
  algorithm: keyof typeof CryptographicAlgorithm | null
  key: string
  method: keyof typeof DerivationMethod
  length: number
  request: {
    parameters?: NamedParameters
    salt?: string
    iterationCount?: number
    derivationData?: string
    derivationParts?: string[]
    initializationVector?: string
  }
  derived: string
}
export interface RsaVectors {
  privateKey: string
  publicKey: string
  cases: { source: string, parameters: NamedParameters, ciphertext: string, plaintext: string }[]
}
export interface AgreementVector {
  source: string
  algorithm: keyof typeof CryptographicAlgorithm
  length: number
  curve?: keyof typeof RecommendedCurve
  privateKey: string
  peer: string
  secret: string
}
export interface HashVector { source: string, hash: string, data: string, digest: string }

export function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

export function optionalHex(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : hex(text)
}

/** Cryptographic Parameters from names. */
export function parametersOf(named: NamedParameters = {}): CryptographicParameters {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => {
    if (name === 'pSource') return [name, hex(String(value))]
    return [name, typeof value === 'number' ? value : valueOf(tables[name]!, value)]
  }))
}

export function hashNumber(name: string): number {
  return valueOf(hashTable, name)
}

function valueOf(table: Readonly<Record<string, number>>, name: string): number {
  const value = table[name]
  if (value === undefined) throw new Error(`no enumeration value ${name}`)
  return value
}

const hashTable = { ...HashingAlgorithm, ...HashingExtension }
const tables: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  blockCipherMode: BlockCipherMode,
  paddingMethod: PaddingMethod,
  hashingAlgorithm: hashTable,
  maskGeneratorHashingAlgorithm: hashTable,
  maskGenerator: MaskGenerator,
  digitalSignatureAlgorithm: DigitalSignatureAlgorithm,
  cryptographicAlgorithm: CryptographicAlgorithm,
}
