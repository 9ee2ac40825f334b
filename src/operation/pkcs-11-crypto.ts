import { KmipError } from '../kmip/error.ts'
import { ValidityIndicator } from '../kmip/generated/enums.ts'
import { Pkcs11Writer } from '../kmip/pkcs11-codec.ts'
import type { Pkcs11Reader } from '../kmip/pkcs11-codec.ts'
import { decrypt } from './decrypt.ts'
import { encrypt } from './encrypt.ts'
import { hash } from './hash.ts'
import { macVerify } from './mac-verify.ts'
import { mac } from './mac.ts'
import type { Context } from './operation.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'
import type { ActiveOperation, Application, Pkcs11Function, Session } from './pkcs-11-application.ts'
import { signatureInDer, signatureInLine } from './pkcs-11-ecdsa.ts'
import { mechanisms } from './pkcs-11-mechanism.ts'
import type { Mechanism, MechanismUse } from './pkcs-11-mechanism.ts'
import { roomIn, withinRoom } from './pkcs-11-room.ts'
import { run } from './pkcs-11-run.ts'
import { signatureVerify } from './signature-verify.ts'
import { sign } from './sign.ts'

type Kind = ActiveOperation['kind']

/** The cryptographic functions. Each ends in the KMIP operation of the same meaning, with all its rules. */
export const cryptoFunctions: Readonly<Record<string, Pkcs11Function>> = {
  ...functionsOf('Encrypt', 'encrypt'),
  ...functionsOf('Decrypt', 'decrypt'),
  ...functionsOf('Sign', 'sign'),
  ...functionsOf('Verify', 'verify'),
  ...functionsOf('Digest', 'digest'),
}

function functionsOf(name: string, kind: Kind): Record<string, Pkcs11Function> {
  return {
    [`C_${name}Init`]: (input, application) => begin(kind, input, application),
    [`C_${name}`]: (input, application, context) => {
      const session = application.session(input.ulong())
      const active = taken(session, kind)
      return finish({ session, active, data: withPart(active, input.bytes()) }, input, application, context)
    },
    [`C_${name}Update`]: (input, application) => {
      const session = application.session(input.ulong())
      const active = taken(session, kind)
      const data = withPart(active, input.bytes())
      application.checkRoom(active.parameter.length + data.length)
      session.active = { ...active, data }
      // What a cipher has so far is given with the last part.
      return kind === 'encrypt' || kind === 'decrypt' ? new Pkcs11Writer().count(0) : undefined
    },
    [`C_${name}Final`]: (input, application, context) => {
      const session = application.session(input.ulong())
      const active = taken(session, kind)
      return finish({ session, active, data: active.data }, input, application, context)
    },
  }
}

function begin(kind: Kind, input: Pkcs11Reader, application: Application): undefined {
  const session = application.session(input.ulong())
  if (session.active !== undefined) throw new Pkcs11Failure('OPERATION_ACTIVE')
  const mechanism = input.ulong()
  const parameter = input.done ? Buffer.alloc(0) : Buffer.from(input.bytes())
  const known = mechanisms.get(mechanism)
  const fits = known?.kinds.some((each) => kindsOf[kind].includes(each)) === true
  if (!fits) throw new Pkcs11Failure('MECHANISM_INVALID')
  known.read(parameter)
  const key = kind === 'digest' ? {} : { key: keyOf(input.ulong(), application) }
  application.checkRoom(parameter.length)
  session.active = { kind, mechanism, parameter, ...key, data: Buffer.alloc(0) }
  return undefined
}

function keyOf(handle: number, application: Application): string {
  try {
    return application.identifierOf(handle)
  } catch {
    throw new Pkcs11Failure('KEY_HANDLE_INVALID')
  }
}

/** What was begun; an error ends it (PKCS#11 5.2), with what it keeps. */
function taken(session: Session, kind: Kind): ActiveOperation {
  const { active } = session
  if (active?.kind !== kind) throw new Pkcs11Failure('OPERATION_NOT_INITIALIZED')
  session.active = undefined
  return active
}

function withPart({ data }: ActiveOperation, part: Buffer): Buffer {
  if (data.length + part.length > bytesMax) throw new Pkcs11Failure('DATA_LEN_RANGE')
  return Buffer.concat([data, part])
}

/** Does it; who gives no room for the result is told its length, and may come again (PKCS#11 5.2). */
async function finish(
  { session, active, data }: { session: Session; active: ActiveOperation; data: Buffer },
  input: Pkcs11Reader, application: Application, context: Context,
): Promise<Pkcs11Writer | undefined> {
  if (active.kind === 'verify') {
    const isValid = await verified(active, data, input.bytes(), context)
    if (!isValid) throw new Pkcs11Failure('SIGNATURE_INVALID')
    return undefined
  }
  const room = roomIn(input)
  const result = active.result ?? await resultOf(active, data, context)
  if (room === undefined || room < result.length) {
    application.checkRoom(result.length)
    session.active = { ...active, data: Buffer.alloc(0), result }
  }
  return withinRoom(result, room)
}

async function resultOf(active: ActiveOperation, data: Buffer, context: Context): Promise<Buffer> {
  const mechanism = mechanisms.get(active.mechanism)!
  const { kinds, isEcdsa } = mechanism
  const request = { uniqueIdentifier: active.key, ...mechanism.read(active.parameter) }
  switch (active.kind) {
    case 'encrypt': return sealed(await run(encrypt, { ...request, data }, context))
    case 'decrypt': return field(await run(decrypt, { ...request, ...opened(request, data) }, context), 'data')
    case 'digest': return field(await run(hash, { ...request, data }, context), 'data')
    default: {
      if (kinds.includes('mac')) return field(await run(mac, { ...request, data }, context), 'macData')
      const signature = field(await run(sign, { ...request, ...signed(mechanism, data) }, context), 'signatureData')
      if (isEcdsa !== true) return signature
      const { cryptographicLength = 0 } = (await context.objects.load(active.key!)).attributes
      return signatureInLine(signature, cryptographicLength)
    }
  }
}

async function verified(active: ActiveOperation, data: Buffer, signature: Buffer, context: Context): Promise<boolean> {
  const mechanism = mechanisms.get(active.mechanism)!
  const { kinds, isEcdsa } = mechanism
  const request = { uniqueIdentifier: active.key, ...mechanism.read(active.parameter) }
  const signatureData = isEcdsa === true ? signatureInDer(signature) : signature
  const answer = kinds.includes('mac')
    ? await run(macVerify, { ...request, data, macData: signature }, context)
    : await run(signatureVerify, { ...request, ...signed(mechanism, data), signatureData }, context)
  return answer['validityIndicator'] === ValidityIndicator.Valid
}

function signed({ signsDigest }: Mechanism, data: Buffer): { data: Buffer } | { digestedData: Buffer } {
  return signsDigest === true ? { digestedData: data } : { data }
}

/** In PKCS#11 the tag stands behind the ciphertext. */
function sealed(answer: Record<string, unknown>): Buffer {
  const tag = answer['authenticatedEncryptionTag']
  const data = answer['data'] === undefined && tag !== undefined ? Buffer.alloc(0) : field(answer, 'data')
  return Buffer.isBuffer(tag) ? Buffer.concat([data, tag]) : data
}

/** @throws Pkcs11Failure Encrypted Data Len Range, for what is shorter than its tag */
function opened(
  { cryptographicParameters: { tagLength } }: MechanismUse, data: Buffer,
): { data: Buffer; authenticatedEncryptionTag?: Buffer } {
  if (tagLength === undefined) return { data }
  const end = data.length - tagLength
  if (end < 0) throw new Pkcs11Failure('ENCRYPTED_DATA_LEN_RANGE')
  return { data: data.subarray(0, end), authenticatedEncryptionTag: data.subarray(end) }
}

function field(answer: Record<string, unknown>, name: string): Buffer {
  const value = answer[name]
  if (!Buffer.isBuffer(value)) throw new KmipError('CryptographicFailure', 'there is no result')
  return value
}

const kindsOf: Readonly<Record<Kind, readonly ('encrypt' | 'sign' | 'mac' | 'digest')[]>> = {
  encrypt: ['encrypt'], decrypt: ['encrypt'], sign: ['sign', 'mac'], verify: ['sign', 'mac'], digest: ['digest'],
}
/** Parts are kept until the last one; as much as one message may hold. */
const bytesMax = 1_048_576
