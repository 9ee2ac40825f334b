import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import pkcs11js from 'pkcs11js'
import { Cka, Ckk, Ckm, Cko, ParameterType } from '../../src/kmip/pkcs11-constants.ts'

/**
 * What pkcs11js itself reaches with a token, in a process that does nothing else: each operation by its synchronous
 * calls in one session, which block the process, and by its asynchronous ones in several sessions, which do not. Prints
 * one JSON object of calls per second.
 */
const { values } = parseArgs({
  options: {
    module: { type: 'string', default: '' },
    label: { type: 'string', default: '' },
    pin: { type: 'string', default: '' },
    /** Keys that are objects of the token, instead of its sessions. */
    internal: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '1' },
  },
})
const seconds = Number(values.seconds)
const module = new pkcs11js.PKCS11()
module.load(values.module)
module.C_Initialize({ flags: 2 })
const slot = module.C_GetSlotList(true).find((each) => module.C_GetTokenInfo(each).label.trimEnd() === values.label)!
const owner = module.C_OpenSession(slot, 6)
module.C_Login(owner, 1, values.pin)

const kept = { type: Cka.TOKEN, value: values.internal }
const made: Buffer[] = []
const sensitive = [kept, { type: Cka.PRIVATE, value: true }, { type: Cka.SENSITIVE, value: true }]

function aes(): Buffer {
  const key = module.C_GenerateKey(owner, { mechanism: Ckm.AES_KEY_GEN }, [
    ...sensitive, { type: Cka.CLASS, value: Cko.SECRET_KEY }, { type: Cka.KEY_TYPE, value: Ckk.AES },
    { type: Cka.VALUE_LEN, value: 32 }, { type: Cka.ENCRYPT, value: true },
  ])
  made.push(key)
  return key
}

function privateKey(mechanism: number, attribute: { type: number; value: number | Buffer }): Buffer {
  const pair = module.C_GenerateKeyPair(
    owner, { mechanism }, [{ type: Cka.TOKEN, value: false }, attribute], [...sensitive, { type: Cka.SIGN, value: true }],
  )
  made.push(pair.privateKey)
  return pair.privateKey
}

const gcm = {
  mechanism: Ckm.AES_GCM, key: aes(), data: Buffer.alloc(64, 7), room: 80, isSigning: false,
  parameter: { type: ParameterType.GCM, iv: Buffer.alloc(12, 3), ivBits: 96, tagBits: 128 },
}
const operations = {
  gcm,
  rsa: {
    mechanism: Ckm.RSA_PKCS, key: privateKey(Ckm.RSA_PKCS_KEY_PAIR_GEN, { type: Cka.MODULUS_BITS, value: 2048 }),
    data: Buffer.alloc(51, 7), room: 256, isSigning: true, parameter: undefined,
  },
  ec: {
    mechanism: Ckm.ECDSA,
    key: privateKey(Ckm.EC_KEY_PAIR_GEN, { type: Cka.EC_PARAMS, value: Buffer.from('06082a8648ce3d030107', 'hex') }),
    data: Buffer.alloc(32, 7), room: 64, isSigning: true, parameter: undefined,
  },
}
type Operation = (typeof operations)[keyof typeof operations]

function begin(session: Buffer, { mechanism, parameter, key, isSigning }: Operation): void {
  const how = parameter === undefined ? { mechanism } : { mechanism, parameter: parameter as never }
  if (isSigning) module.C_SignInit(session, how, key)
  else module.C_EncryptInit(session, how, key)
}

function synchronous(session: Buffer, operation: Operation): number {
  const start = performance.now()
  const end = start + seconds * 1000
  let count = 0
  do {
    begin(session, operation)
    const room = Buffer.allocUnsafe(operation.room)
    if (operation.isSigning) module.C_Sign(session, operation.data, room)
    else module.C_Encrypt(session, operation.data, room)
    count += 1
  } while (performance.now() < end)
  return count / (performance.now() - start) * 1000
}

async function asynchronous(sessions: readonly Buffer[], operation: Operation): Promise<number> {
  const start = performance.now()
  const end = start + seconds * 1000
  let count = 0
  await Promise.all(sessions.map(async (session) => {
    do {
      begin(session, operation)
      const room = Buffer.allocUnsafe(operation.room)
      if (operation.isSigning) await module.C_SignAsync(session, operation.data, room)
      else await module.C_EncryptAsync(session, operation.data, room)
      count += 1
    } while (performance.now() < end)
  }))
  return count / (performance.now() - start) * 1000
}

const sessions = Array.from({ length: 16 }, () => module.C_OpenSession(slot, 6))
const rates: Record<string, { sync: number; async: number }> = {}
for (const [name, operation] of Object.entries(operations)) {
  const sync = synchronous(sessions[0]!, operation)
  const of4 = await asynchronous(sessions.slice(0, 4), operation)
  const of16 = await asynchronous(sessions, operation)
  rates[name] = { sync, async: Math.max(of4, of16) }
}
process.stdout.write(JSON.stringify(rates))
for (const key of made) module.C_DestroyObject(owner, key)
module.C_Finalize()
