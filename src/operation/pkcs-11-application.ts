import { pkcs11ReturnCodes } from '../kmip/pkcs11-names.ts'
import type { Pkcs11Reader, Pkcs11Writer } from '../kmip/pkcs11-codec.ts'
import { hasMask } from '../model/usage.ts'
import type { Context } from './operation.ts'

/** A function of PKCS#11 ends with this CK_RV. */
export class Pkcs11Failure extends Error {
  readonly returnCode: number
  readonly output: Buffer | undefined
  constructor(name: string, output?: Buffer) {
    super(name)
    this.returnCode = pkcs11ReturnCodes[name]!
    this.output = output
  }
}

/** What a client has begun with C_Initialize: its sessions, and the objects that it has handles of. */
export class Application {
  readonly #sessions = new Map<number, Session>()
  readonly #handles = new Map<string, number>()
  readonly #objects: string[] = []
  #lastSession = 0
  isLoggedIn = false

  /** @returns takes back what is done to sessions from now on; handles stay, as they are of objects that there may be */
  savepoint(): () => void {
    const before = [...this.#sessions].map(([handle, session]) => [handle, { ...session }] as const)
    const { isLoggedIn } = this
    return () => {
      this.#sessions.clear()
      for (const [handle, session] of before) this.#sessions.set(handle, session)
      this.isLoggedIn = isLoggedIn
    }
  }

  get sessions(): number {
    return this.#sessions.size
  }

  openSession(flags: number): number {
    if (!hasMask(flags, serial)) throw new Pkcs11Failure('SESSION_PARALLEL_NOT_SUPPORTED')
    if (this.#sessions.size >= sessionsMax) throw new Pkcs11Failure('SESSION_COUNT')
    this.#lastSession += 1
    this.#sessions.set(this.#lastSession, { flags })
    return this.#lastSession
  }

  session(handle: number): Session {
    const session = this.#sessions.get(handle)
    if (session === undefined) throw new Pkcs11Failure('SESSION_HANDLE_INVALID')
    return session
  }

  /** A session in which objects of the token may be made and changed. */
  writableSession(handle: number): Session {
    const session = this.session(handle)
    if (!hasMask(session.flags, readWrite)) throw new Pkcs11Failure('SESSION_READ_ONLY')
    return session
  }

  /** @throws Pkcs11Failure Device Memory, when the operations of all sessions would keep too much with these bytes */
  checkRoom(bytes: number): void {
    let kept = bytes
    for (const { active } of this.#sessions.values()) {
      if (active !== undefined) kept += active.parameter.length + active.data.length + (active.result?.length ?? 0)
    }
    if (kept > keptBytesMax) throw new Pkcs11Failure('DEVICE_MEMORY')
  }

  closeSession(handle: number): void {
    this.session(handle)
    this.#sessions.delete(handle)
  }

  closeAllSessions(): void {
    this.#sessions.clear()
    this.isLoggedIn = false
  }

  /** The handle of an object, the same as long as the application lives. */
  handleOf(uniqueIdentifier: string): number {
    const known = this.#handles.get(uniqueIdentifier)
    if (known !== undefined) return known
    this.#objects.push(uniqueIdentifier)
    this.#handles.set(uniqueIdentifier, this.#objects.length)
    return this.#objects.length
  }

  identifierOf(handle: number): string {
    const identifier = this.#objects[handle - 1]
    if (identifier === undefined) throw new Pkcs11Failure('OBJECT_HANDLE_INVALID')
    return identifier
  }
}

export interface Session {
  readonly flags: number
  /** Objects that C_FindObjects has still to give. */
  found?: string[] | undefined
  /** What an Init function has begun. */
  active?: ActiveOperation | undefined
}

export interface ActiveOperation {
  readonly kind: 'encrypt' | 'decrypt' | 'sign' | 'verify' | 'digest'
  readonly mechanism: number
  readonly parameter: Buffer
  /** Unique Identifier; absent for a digest. */
  readonly key?: string
  /** Of all its parts so far. */
  readonly data: Buffer
  /** A result that the client has only asked the length of yet. */
  result?: Buffer | undefined
}

/** A function: takes its parameters, gives those of its answer. */
export type Pkcs11Function = (
  input: Pkcs11Reader, application: Application, context: Context,
) => Promise<Pkcs11Writer | undefined> | Pkcs11Writer | undefined

/** CKF_RW_SESSION, CKF_SERIAL_SESSION. */
export const readWrite = 0x2
const serial = 0x4
/** What one client needs at once. */
const sessionsMax = 64
/** Of what operations have begun with, and of results that were only measured: as much as four messages may hold. */
const keptBytesMax = 4_194_304
