import { randomBytes } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import type { PKCS11 } from 'pkcs11js'
import { Cka, Ckm, Cko, Ckr } from '../kmip/pkcs11-constants.ts'
import { Handles } from './pkcs11-handles.ts'
import { placeIn } from './pkcs11-key.ts'
import type {
  ConnectOptions, KeyPlace, NewPlace, ReferredPlace, Template, TokenFacts, WrappedKey,
} from './pkcs11-protocol.ts'
import { Sessions } from './pkcs11-sessions.ts'
import { curveParameter, ecPrivateTemplate, wrappingKeyTemplate } from './pkcs11-template.ts'

/** The key is not in the token. */
export class KeyMissing extends Error {}

/**
 * A token that is logged in to, in the process that has the module: its keys by place, and the sessions to use them in.
 * Session objects live as long as the session that made them, so one session makes them all and does nothing else.
 */
export class Token {
  readonly module: PKCS11
  readonly sessions: Sessions
  readonly facts: TokenFacts
  readonly #slot: Buffer
  readonly #anchor: Buffer
  readonly #handles: Handles
  readonly #wrapping: Wrapping | undefined

  /** @throws Error of the binding */
  constructor(options: ConnectOptions, pin: string | undefined) {
    this.module = loadModule(options)
    const slot = this.#slot = findSlot(this.module, options)
    this.#anchor = this.module.C_OpenSession(slot, serialReadWrite)
    login(this.module, this.#anchor, pin)
    this.#handles = new Handles(options, (handle) => this.#destroyCopy(handle))
    this.sessions = new Sessions(this.module, slot, options)
    if (options.storage === 'encryptedDatabase') this.#wrapping = prepareWrapping(this.module, this.#anchor)
    this.facts = this.#ask(slot)
  }

  /** As `handleOf`, of a key that is named as its record has it. */
  handleOfReferred({ id, reference }: ReferredPlace): Buffer {
    return this.#handles.get(id) ?? this.handleOf(placeIn(reference))
  }

  /** The object's handle; found or unwrapped once. @throws KeyMissing */
  handleOf(place: KeyPlace): Buffer {
    const known = this.#handles.get(place.id)
    if (known !== undefined) return known
    const handle = place.wrapped === undefined
      ? findKey(this.module, this.#anchor, place.id, place.objectClass)
      : this.#unwrap(place.wrapped)
    this.#handles.set(place.id, handle, place.wrapped !== undefined)
    return handle
  }

  forget(id: string): void {
    this.#handles.delete(id)
  }

  /** The template of a key that is made for a place: with the encrypted database, a session object to be wrapped. */
  templateFor(place: NewPlace, template: Template): Template {
    const isInternal = place.storage === 'internal'
    return [
      ...template,
      { type: Cka.TOKEN, value: isInternal },
      { type: Cka.EXTRACTABLE, value: !isInternal },
      { type: Cka.ID, value: Buffer.from(place.id, 'hex') },
      { type: Cka.LABEL, value: `keyward ${place.id}` },
    ]
  }

  /** What has been made is in its place: wrapped and gone from the token, unless it stays there. */
  settle(place: NewPlace, handle: Buffer, template: Template): WrappedKey | undefined {
    if (place.storage === 'internal') {
      this.#handles.set(place.id, handle, false)
      return undefined
    }
    try {
      return this.#wrap(place.id, handle, template)
    } finally {
      this.module.C_DestroyObject(this.#anchor, handle)
    }
  }

  /**
   * Removes an object of the token. Of a wrapped key only the copy goes that was unwrapped to be used.
   *
   * @throws KeyMissing
   */
  destroy(place: KeyPlace): void {
    const handle = place.wrapped === undefined ? this.handleOf(place) : this.#handles.get(place.id)
    this.forget(place.id)
    if (handle !== undefined) this.module.C_DestroyObject(this.#anchor, handle)
  }

  /** @throws Error of the binding, for a token that does not say what it is any more */
  check(): void {
    this.module.C_GetTokenInfo(this.#slot)
    this.module.C_GetSessionInfo(this.#anchor)
  }

  /** Runs what makes objects in the session that keeps them. */
  make<T>(run: (session: Buffer) => T): T {
    return run(this.#anchor)
  }

  #ask(slot: Buffer): TokenFacts {
    const mechanisms = this.module.C_GetMechanismList(slot).map((mechanism) => {
      const { minKeySize, maxKeySize } = this.module.C_GetMechanismInfo(slot, mechanism)
      return { mechanism, minKeySize, maxKeySize }
    })
    const hasCurves = mechanisms.some(({ mechanism }) => mechanism === Ckm.EC_KEY_PAIR_GEN)
    const label = this.module.C_GetTokenInfo(slot).label.trimEnd()
    return { label, mechanisms, curves: hasCurves ? probedCurves.filter((oid) => this.#makesKeysOn(oid)) : [] }
  }

  /** No list says which curves a token has: it is asked for a key on each, which goes at once. */
  #makesKeysOn(oid: string): boolean {
    try {
      const { privateKey, publicKey } = probePair(this.module, this.#anchor, oid)
      const destroy = (handle: Buffer): void => this.module.C_DestroyObject(this.#anchor, handle)
      destroy(publicKey)
      if (this.#wrapping === undefined) {
        destroy(privateKey)
        return true
      }
      this.settle({ id: probeId, storage: 'encryptedDatabase' }, privateKey, ecPrivateTemplate())
      destroy(this.#handles.get(probeId)!)
      return true
    } catch {
      return false
    } finally {
      this.#handles.delete(probeId)
    }
  }

  /**
   * Modules mean different things by the numbers of key wrapping, and may give back another key than was wrapped
   * (SoftHSM, for secrets of odd lengths): what does not come back as it was is not taken.
   */
  #wrap(id: string, handle: Buffer, template: Template): WrappedKey {
    const { handle: wrappingKey, id: wrappingId } = this.#requireWrapping()
    const isPrivate = template.some(({ type, value }) => type === Cka.CLASS && value === Cko.PRIVATE_KEY)
    for (const mechanism of wrapCandidates) {
      const iv = mechanism === Ckm.AES_CBC_PAD ? randomBytes(16) : undefined
      try {
        const bytes = wrapKey(this.module, this.#anchor, { mechanism, iv, wrappingKey }, handle)
        const wrapped: WrappedKey = { bytes, mechanism, iv, wrappingKey: wrappingId, template }
        const again = this.#unwrap(wrapped)
        if (this.#isSame(handle, again, isPrivate)) {
          this.#handles.set(id, again, true)
          return wrapped
        }
        this.module.C_DestroyObject(this.#anchor, again)
      } catch {
        // The next mechanism may do it.
      }
    }
    throw Object.assign(new Error('CKR_KEY_NOT_WRAPPABLE'), { code: Ckr.KEY_NOT_WRAPPABLE })
  }

  /** Private keys have their public numbers in common, secret ones what they make of the same data. */
  #isSame(one: Buffer, other: Buffer, isPrivate: boolean): boolean {
    const probes = isPrivate ? publicNumbers : secretProbes
    return probes.some((probe) => {
      try {
        const [a, b] = [one, other].map((handle) => probe(this.module, this.#anchor, handle))
        return a!.length > 0 && a!.equals(b!)
      } catch {
        return false
      }
    })
  }

  #unwrap(wrapped: WrappedKey): Buffer {
    const wrappingKey = wrapped.wrappingKey === this.#wrapping?.id
      ? this.#wrapping.handle
      : findKey(this.module, this.#anchor, wrapped.wrappingKey, Cko.SECRET_KEY)
    return unwrapKey(this.module, this.#anchor, { ...wrapped, wrappingKey }, wrapped.bytes, [
      ...wrapped.template, { type: Cka.TOKEN, value: false }, { type: Cka.EXTRACTABLE, value: false },
    ])
  }

  #destroyCopy(handle: Buffer): void {
    try {
      this.module.C_DestroyObject(this.#anchor, handle)
    } catch {
      // It is gone already.
    }
  }

  #requireWrapping(): Wrapping {
    if (this.#wrapping === undefined) throw new Error('the token has no wrapping key')
    return this.#wrapping
  }
}

interface Wrapping {
  readonly id: string
  readonly handle: Buffer
}

interface WrapMechanism {
  readonly mechanism: number
  readonly iv?: Uint8Array | undefined
  readonly wrappingKey: Buffer
}

function loadModule({ module: path, parameters }: ConnectOptions): PKCS11 {
  const module = new pkcs11js.PKCS11()
  module.load(path)
  module.C_Initialize({ flags: osLockingOk, ...(parameters !== undefined && { libraryParameters: parameters }) })
  return module
}

function findSlot(module: PKCS11, { token, slot: index }: ConnectOptions): Buffer {
  const slots = module.C_GetSlotList(true)
  const [found, other] = token === undefined
    ? [slots[index ?? 0]]
    : slots.filter((slot) => module.C_GetTokenInfo(slot).label.trimEnd() === token)
  if (found === undefined) throw Object.assign(new Error('no such token'), { code: Ckr.TOKEN_NOT_PRESENT })
  // Which is meant nobody knows, and modules list them in any order: keys of the other would seem to be gone.
  if (other !== undefined) {
    throw Object.assign(new Error('several tokens have this label: name the slot'), { code: Ckr.TOKEN_NOT_PRESENT })
  }
  return found
}

function login(module: PKCS11, session: Buffer, pin: string | undefined): void {
  if (pin === undefined) return
  try {
    module.C_Login(session, userType, pin)
  } catch (error) {
    if ((error as { code?: number }).code !== Ckr.USER_ALREADY_LOGGED_IN) throw error
  }
}

function probePair(module: PKCS11, session: Buffer, oid: string): { privateKey: Buffer; publicKey: Buffer } {
  const publicTemplate = [
    { type: Cka.TOKEN, value: false }, { type: Cka.VERIFY, value: true },
    { type: Cka.EC_PARAMS, value: curveParameter(oid) },
  ]
  const privateTemplate = [
    ...ecPrivateTemplate(), { type: Cka.TOKEN, value: false }, { type: Cka.EXTRACTABLE, value: true },
  ] as { type: number; value: number | boolean }[]
  return module.C_GenerateKeyPair(session, { mechanism: Ckm.EC_KEY_PAIR_GEN }, publicTemplate, privateTemplate)
}

/** @throws KeyMissing */
export function findKey(module: PKCS11, session: Buffer, id: string, objectClass: number): Buffer {
  const found = findAll(module, session, [
    { type: Cka.CLASS, value: objectClass }, { type: Cka.ID, value: Buffer.from(id, 'hex') }, ofWhoHasThePin,
  ])
  if (found[0] === undefined) throw new KeyMissing()
  return found[0]
}

function findAll(module: PKCS11, session: Buffer, template: Template): Buffer[] {
  module.C_FindObjectsInit(session, template as never)
  try {
    return module.C_FindObjects(session, foundMax)
  } finally {
    module.C_FindObjectsFinal(session)
  }
}

/**
 * The wrapping key of the token, made when it has none; of several that were made at once, all take the same. One that
 * does not keep what it is to itself is none, whatever its label.
 */
function prepareWrapping(module: PKCS11, session: Buffer): Wrapping {
  const template: Template = [
    { type: Cka.CLASS, value: Cko.SECRET_KEY }, { type: Cka.LABEL, value: wrappingKeyLabel }, ofWhoHasThePin,
    { type: Cka.SENSITIVE, value: true }, { type: Cka.EXTRACTABLE, value: false },
  ]
  if (findAll(module, session, template).length === 0) {
    module.C_GenerateKey(session, { mechanism: Ckm.AES_KEY_GEN }, [
      ...wrappingKeyTemplate, { type: Cka.TOKEN, value: true }, { type: Cka.EXTRACTABLE, value: false },
      { type: Cka.VALUE_LEN, value: 32 }, { type: Cka.LABEL, value: wrappingKeyLabel },
      { type: Cka.ID, value: randomBytes(16) },
    ] as never)
  }
  const keys = findAll(module, session, template).map((handle) => {
    const [attribute] = module.C_GetAttributeValue(session, handle, [{ type: Cka.ID }])
    return { handle, id: attribute!.value.toString('hex') }
  })
  return keys.toSorted((one, other) => (one.id < other.id ? -1 : 1))[0]!
}

export function wrapKey(
  module: PKCS11, session: Buffer, { mechanism, iv, wrappingKey }: WrapMechanism, key: Buffer,
): Buffer {
  const parameter = iv === undefined ? {} : { parameter: Buffer.from(iv) }
  return Buffer.from(module.C_WrapKey(session, { mechanism, ...parameter }, wrappingKey, key, Buffer.alloc(wrappedMax)))
}

export function unwrapKey(
  module: PKCS11, session: Buffer, { mechanism, iv, wrappingKey }: WrapMechanism, bytes: Uint8Array,
  template: Template,
): Buffer {
  const parameter = iv === undefined ? {} : { parameter: Buffer.from(iv) }
  return module.C_UnwrapKey(session, { mechanism, ...parameter }, wrappingKey, Buffer.from(bytes), template as never)
}

type Probe = (module: PKCS11, session: Buffer, key: Buffer) => Buffer

const publicNumbers: readonly Probe[] = [Cka.MODULUS, Cka.EC_PARAMS].map((type) => (module, session, key) =>
  module.C_GetAttributeValue(session, key, [{ type }])[0]!.value)

const secretProbes: readonly Probe[] = [
  (module, session, key) => {
    module.C_EncryptInit(session, { mechanism: Ckm.AES_ECB }, key)
    return Buffer.from(module.C_Encrypt(session, Buffer.alloc(16), Buffer.alloc(32)))
  },
  ...[Ckm.SHA256_HMAC, Ckm.SHA_1_HMAC].map((mechanism): Probe => (module, session, key) => {
    module.C_SignInit(session, { mechanism }, key)
    return Buffer.from(module.C_Sign(session, Buffer.alloc(16), Buffer.alloc(32)))
  }),
]

/** Tokens let everybody make objects that are not private, with any label and id, and material that he knows. */
const ofWhoHasThePin = { type: Cka.PRIVATE, value: true }
const serialReadWrite = 4 + 2
const userType = 1
const osLockingOk = 2
const foundMax = 16
/** Bytes: an RSA-8192 private key has about 5000. */
const wrappedMax = 16_384
const probeId = 'probe'
const wrappingKeyLabel = 'keyward key encryption key'
const wrapCandidates = [Ckm.AES_KEY_WRAP_KWP, Ckm.AES_KEY_WRAP_PAD, Ckm.AES_KEY_WRAP, Ckm.AES_CBC_PAD]
/** P-256, P-384, P-521, secp256k1. */
const probedCurves = ['2a8648ce3d030107', '2b81040022', '2b81040023', '2b8104000a']
