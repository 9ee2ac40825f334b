import { constants, createCipheriv, generateKeyPair, publicEncrypt, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { Cka, Ckk, Ckm, Mgf1, ParameterType } from '../kmip/pkcs11-constants.ts'
import { asBuffer, nativeMechanism, nativeTemplate } from './pkcs11-crypt.ts'
import { materialTemplate } from './pkcs11-import.ts'
import type { Mechanism, Template, UnwrapFacts, UnwrapIntoJob, UnwrappedInto } from './pkcs11-protocol.ts'
import { ecPrivateTemplate, rsaPrivateTemplate, secretTemplate } from './pkcs11-template.ts'
import type { Token } from './pkcs11-token.ts'
import { Secret } from '../kmip/secret.ts'

/** Takes a key from its wrapped form into its place: it is in the clear in the token only. */
export async function unwrapInto(owner: Token, job: UnwrapIntoJob): Promise<UnwrappedInto> {
  const { mechanism, wrapped, transport, template, place, values } = job
  const made: Buffer[] = []
  try {
    let by = owner.handleOf(job.key)
    if (transport !== undefined) {
      by = await unwrap(owner, transport.mechanism, by, transport.wrapped, transportTemplate)
      made.push(by)
    }
    const isPrivate = template.some(({ type, value }) => type === Cka.KEY_TYPE && (value === Ckk.RSA || value === Ckk.EC))
    const measured = isPrivate ? undefined : await lengthOf(owner, mechanism, by, wrapped, template)
    const handle = await unwrap(owner, mechanism, by, wrapped, owner.templateFor(place, template))
    made.push(handle)
    const told = owner.make((session) => (
      owner.module.C_GetAttributeValue(session, handle, values.map((type) => ({ type })))))
    made.pop()
    return {
      wrapped: owner.settle(place, handle, template), values: told.map(({ value }) => Buffer.from(value)),
      length: measured?.length, isRounded: measured?.isRounded ?? false,
    }
  } finally {
    for (const handle of made) destroy(owner, handle)
  }
}

/**
 * Finds out what the token unwraps, with keys of the moment: of each kind one is wrapped here, unwrapped there, and used.
 */
export async function unwrapFacts(owner: Token): Promise<UnwrapFacts> {
  const bytes = randomBytes(32)
  const rsa = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const opener = create(owner, rsa.privateKey, CryptographicAlgorithm.RSA)
  const takes = async (mechanism: Mechanism, padding: object): Promise<boolean> => {
    const wrapped = publicEncrypt({ key: rsa.publicKey, ...padding }, bytes)
    return works(owner, () => unwrap(owner, mechanism, opener, wrapped, transportTemplate))
  }
  try {
    const pkcs1 = await takes({ mechanism: Ckm.RSA_PKCS }, { padding: constants.RSA_PKCS1_PADDING })
    const oaep: number[] = []
    for (const [name, hashAlg, mgf] of hashes) {
      const parameter = { type: ParameterType.OAEP, hashAlg, mgf, source: 1 }
      if (await takes({ mechanism: Ckm.RSA_PKCS_OAEP, parameter }, { oaepHash: name })) oaep.push(hashAlg)
    }
    return { pkcs1, oaep, privateKeys: await privateKeyFacts(owner, bytes, rsa.privateKey) }
  } finally {
    destroy(owner, opener)
  }
}

async function privateKeyFacts(owner: Token, bytes: Buffer, rsa: KeyObject): Promise<number[]> {
  const ec = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const wrapper = owner.make((session) => owner.module.C_CreateObject(session, nativeTemplate([
    ...transportTemplate, { type: Cka.VALUE, value: bytes },
  ])))
  try {
    const found: number[] = []
    for (const [type, key, template] of [
      [Ckk.RSA, rsa, rsaPrivateTemplate()], [Ckk.EC, ec.privateKey, ecPrivateTemplate()],
    ] as const) {
      const cipher = createCipheriv('id-aes256-wrap-pad', bytes, Buffer.from('a65959a6', 'hex'))
      const wrapped = Buffer.concat([cipher.update(key.export({ format: 'der', type: 'pkcs8' })), cipher.final()])
      for (const mechanism of [Ckm.AES_KEY_WRAP_KWP, Ckm.AES_KEY_WRAP_PAD]) {
        const isTaken = await works(owner, () => (
          unwrap(owner, { mechanism }, wrapper, wrapped, [...template, ...ofSession])))
        if (isTaken && !found.includes(type)) found.push(type)
      }
    }
    return found
  } finally {
    destroy(owner, wrapper)
  }
}

function create(owner: Token, key: KeyObject, algorithm: number): Buffer {
  const bytes = new Secret(key.export({ format: 'der', type: 'pkcs8' }))
  const template = materialTemplate({ kind: 'private', algorithm, length: 2048, bytes })
  return owner.make((session) => owner.module.C_CreateObject(session, nativeTemplate([...template, ...ofSession])))
}

async function works(owner: Token, make: () => Promise<Buffer>): Promise<boolean> {
  try {
    destroy(owner, await make())
    return true
  } catch {
    return false
  }
}

/**
 * Bytes of a wrapped secret key. Tokens know the length of what they unwrap, or not (SoftHSM says 0): then a copy that
 * lives for the moment is wrapped in the token, by a key that lives as long, and what comes of it is 8 octets longer
 * (RFC 3394), which is filled up to a multiple of 8.
 */
async function lengthOf(
  owner: Token, mechanism: Mechanism, by: Buffer, wrapped: Uint8Array, template: Template,
): Promise<{ length: number; isRounded: boolean }> {
  const { module } = owner
  const made: Buffer[] = []
  try {
    const copy = await unwrap(owner, mechanism, by, wrapped, [
      ...template, { type: Cka.TOKEN, value: false }, { type: Cka.EXTRACTABLE, value: true },
    ])
    made.push(copy)
    const [told] = owner.make((session) => module.C_GetAttributeValue(session, copy, [{ type: Cka.VALUE_LEN }]))
    const length = Buffer.from(told!.value).readUInt32LE()
    if (length > 0) return { length, isRounded: false }
    const wrapper = owner.make((session) => module.C_GenerateKey(session, { mechanism: Ckm.AES_KEY_GEN }, nativeTemplate([
      ...transportTemplate, { type: Cka.WRAP, value: true }, { type: Cka.VALUE_LEN, value: 32 },
    ])))
    made.push(wrapper)
    const again = owner.make((session) => (
      module.C_WrapKey(session, { mechanism: Ckm.AES_KEY_WRAP }, wrapper, copy, Buffer.alloc(wrappedMax))))
    return { length: again.length - 8, isRounded: true }
  } finally {
    for (const handle of made) destroy(owner, handle)
  }
}

function unwrap(
  owner: Token, mechanism: Mechanism, by: Buffer, wrapped: Uint8Array, template: Template,
): Promise<Buffer> {
  return owner.make((session) => owner.module.C_UnwrapKeyAsync(
    session, nativeMechanism(mechanism), by, asBuffer(wrapped), nativeTemplate(template),
  ))
}

function destroy(owner: Token, handle: Buffer): void {
  try {
    owner.make((session) => owner.module.C_DestroyObject(session, handle))
  } catch {
    // Objects of the session go with it; one that was to stay has failed to.
  }
}

const ofSession: Template = [{ type: Cka.TOKEN, value: false }, { type: Cka.EXTRACTABLE, value: false }]
const transportTemplate: Template = [
  ...secretTemplate(CryptographicAlgorithm.AES).filter(({ type }) => type !== Cka.WRAP), ...ofSession,
]
const hashes = [
  ['sha1', Ckm.SHA_1, Mgf1.SHA_1], ['sha224', Ckm.SHA224, Mgf1.SHA224], ['sha256', Ckm.SHA256, Mgf1.SHA256],
  ['sha384', Ckm.SHA384, Mgf1.SHA384], ['sha512', Ckm.SHA512, Mgf1.SHA512],
] as const
/** Bytes, of the longest secret key and what wrapping adds. */
const wrappedMax = 1024
