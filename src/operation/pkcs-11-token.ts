import { Pkcs11Writer } from '../kmip/pkcs11-codec.ts'
import { pkcs11Functions } from '../kmip/pkcs11-names.ts'
import { hasMask } from '../model/usage.ts'
import { Pkcs11Failure, readWrite } from './pkcs-11-application.ts'
import type { Pkcs11Function } from './pkcs-11-application.ts'
import { mechanismInfos } from './pkcs-11-mechanism-info.ts'

/** The general, slot, session and random functions: one slot, whose token is the caller's account. */
export const tokenFunctions: Readonly<Record<string, Pkcs11Function>> = {
  C_GetInfo: (_input, _application, { settings }) => new Pkcs11Writer()
    .byte(3).byte(0)
    .padded(settings.serverName, 32)
    .ulong(0)
    .padded(`${settings.serverName} over KMIP`, 32)
    .byte(1).byte(0),
  C_GetSlotList(input) {
    if (!input.done) input.byte()
    const isWanted = input.done || input.isPresent()
    return isWanted ? new Pkcs11Writer().count(1).ulong(slot) : new Pkcs11Writer().count(1)
  },
  C_GetSlotInfo(input, _application, { settings }) {
    checkSlot(input.ulong())
    return new Pkcs11Writer().padded('account', 64).padded(settings.serverName, 32).ulong(tokenPresent)
      .byte(1).byte(0).byte(1).byte(0)
  },
  C_GetTokenInfo(input, application, { settings, caller }) {
    checkSlot(input.ulong())
    const unknown = 0
    return new Pkcs11Writer()
      .padded(caller.account.slice(0, 32), 32).padded(settings.serverName, 32).padded('KMIP', 16).padded('1', 16)
      .ulong(randomNumbers + initialized + protectedPath)
      .ulong(unknown).ulong(application.sessions).ulong(unknown).ulong(application.sessions)
      .ulong(unknown).ulong(unknown).ulong(unknown).ulong(unknown).ulong(unknown).ulong(unknown)
      .byte(1).byte(0).byte(1).byte(0)
      .padded('', 16)
  },
  C_GetMechanismList(input) {
    checkSlot(input.ulong())
    const isWanted = input.done || input.isPresent()
    const output = new Pkcs11Writer().count(mechanismInfos.size)
    if (isWanted) for (const mechanism of mechanismInfos.keys()) output.ulong(mechanism)
    return output
  },
  C_GetMechanismInfo(input) {
    checkSlot(input.ulong())
    const info = mechanismInfos.get(input.ulong())
    if (info === undefined) throw new Pkcs11Failure('MECHANISM_INVALID')
    return new Pkcs11Writer().ulong(info.min).ulong(info.max).ulong(info.flags)
  },
  /** Functions of an older PKCS#11, which no longer run in parallel (PKCS#11 5.15). */
  C_GetFunctionStatus(input, application) {
    application.session(input.ulong())
    throw new Pkcs11Failure('FUNCTION_NOT_PARALLEL')
  },
  C_CancelFunction(input, application) {
    application.session(input.ulong())
    throw new Pkcs11Failure('FUNCTION_NOT_PARALLEL')
  },
  C_OpenSession(input, application) {
    checkSlot(input.ulong())
    return new Pkcs11Writer().ulong(application.openSession(input.ulong()))
  },
  C_CloseSession(input, application) {
    application.closeSession(input.ulong())
    return undefined
  },
  C_CloseAllSessions(input, application) {
    checkSlot(input.ulong())
    application.closeAllSessions()
    return undefined
  },
  C_GetSessionInfo(input, application) {
    const { flags } = application.session(input.ulong())
    const state = (application.isLoggedIn ? userFunctions : publicSession) + (hasMask(flags, readWrite) ? writable : 0)
    return new Pkcs11Writer().ulong(slot).ulong(state).ulong(flags).ulong(0)
  },
  /** Who the client is, its certificate has said; there is no other PIN (CKF_PROTECTED_AUTHENTICATION_PATH). */
  C_Login(input, application) {
    application.session(input.ulong())
    if (input.ulong() !== normalUser) throw new Pkcs11Failure('USER_TYPE_INVALID')
    if (application.isLoggedIn) throw new Pkcs11Failure('USER_ALREADY_LOGGED_IN')
    application.isLoggedIn = true
    return undefined
  },
  C_Logout(input, application) {
    application.session(input.ulong())
    if (!application.isLoggedIn) throw new Pkcs11Failure('USER_NOT_LOGGED_IN')
    application.isLoggedIn = false
    return undefined
  },
  C_SeedRandom(input, application) {
    application.session(input.ulong())
    throw new Pkcs11Failure('RANDOM_SEED_NOT_SUPPORTED')
  },
  C_GenerateRandom(input, application, { provider, settings }) {
    application.session(input.ulong())
    const length = input.count()
    if (length < 1 || length > settings.randomBytesMax) throw new Pkcs11Failure('ARGUMENTS_BAD')
    return new Pkcs11Writer().bytes(provider.random(length))
  },
}

/** Name of a function by its number. */
export const functionNames: ReadonlyMap<number, string> = new Map(
  Object.entries(pkcs11Functions).map(([name, code]) => [code, name]),
)

function checkSlot(id: number): void {
  if (id !== slot) throw new Pkcs11Failure('SLOT_ID_INVALID')
}

const slot = 0
const normalUser = 1
/** CKS_RO_PUBLIC_SESSION, CKS_RO_USER_FUNCTIONS, and what makes the read/write ones of them. */
const publicSession = 0
const userFunctions = 1
const writable = 2
/** CKF_TOKEN_PRESENT; CKF_RNG, CKF_TOKEN_INITIALIZED, CKF_PROTECTED_AUTHENTICATION_PATH. */
const tokenPresent = 0x1
const randomNumbers = 0x1
const initialized = 0x400
const protectedPath = 0x100
