// The MongoDB Node driver's own KMIP path, without a MongoDB server: its state machine opens the TLS connections
// and libmongocrypt writes the messages (Register, Activate, Get of Secret Data at KMIP 1.0).
//
// usage: node mongo.mjs --host H --port P --ca CA --cert C --key K   (after `install` of test/support/mongo.ts)

import { readFileSync, rmSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const require = createRequire(new URL('mongo/package.json', import.meta.url))
const { BSON } = require('mongodb')
const { MongoCrypt } = require('mongodb-client-encryption')
const { StateMachine } = require('mongodb/lib/client-side-encryption/state_machine')

const { values: options } = parseArgs({
  options: Object.fromEntries(['host', 'port', 'ca', 'cert', 'key'].map((name) => [name, { type: 'string' }])),
})

/** A state machine whose key vault is one document. */
class Driver extends StateMachine {
  constructor(pem, dataKey, ca = options.ca) {
    super({
      promoteValues: false,
      promoteLongs: false,
      tlsOptions: { kmip: { tlsCAFile: ca, tlsCertificateKeyFile: pem } },
    })
    this.dataKey = dataKey
  }

  async fetchKeys() {
    return [this.dataKey]
  }
}

const kept = []

const checks = {
  async 'makes a data key, encrypts and decrypts'(pem) {
    const dataKey = await makeDataKey(pem)
    equal(typeof dataKey.masterKey.keyId, 'string')
    equal(await roundTrip(pem, dataKey, 'hello'), 'hello')
  },
  async 'makes a data key under a master key that is there already'(pem) {
    const { keyId } = (await makeDataKey(pem)).masterKey
    const dataKey = await makeDataKey(pem, { keyId })
    equal(dataKey.masterKey.keyId, keyId)
    equal(await roundTrip(pem, dataKey, 'again'), 'again')
  },
  async 'runs ten data keys at once, each request on its own connection'(pem) {
    const texts = Array.from({ length: 10 }, (_, index) => `text ${index}`)
    equal(
      await Promise.all(texts.map(async (text) => roundTrip(pem, await makeDataKey(pem), text))),
      texts,
    )
  },
  async 'reports an unknown master key'(pem) {
    await fails(makeDataKey(pem, { keyId: 'no-such-key' }), /not found|Item|status|reason/i)
  },
  async 'verifies the server certificate'(pem) {
    await fails(makeDataKey(pem, {}, options.cert), /KMS request failed/)
  },
}

async function makeDataKey(pem, masterKey = {}, ca = options.ca) {
  const context = mongoCrypt().makeDataKeyContext(BSON.serialize({ provider: 'kmip', ...masterKey }), {})
  return BSON.deserialize(await new Driver(pem, undefined, ca).execute({}, context, {}))
}

/** Encrypts and decrypts, each with a fresh MongoCrypt, so that nothing comes out of its cache. */
async function roundTrip(pem, dataKey, text) {
  const sealed = await new Driver(pem, dataKey).execute(
    {},
    mongoCrypt().makeExplicitEncryptionContext(BSON.serialize({ v: text }), {
      keyId: dataKey._id.buffer,
      algorithm: 'AEAD_AES_256_CBC_HMAC_SHA_512-Random',
    }),
    {},
  )
  if (Buffer.from(sealed).includes(text)) throw new Error('the text is not encrypted')
  return BSON.deserialize(
    await new Driver(pem, dataKey).execute({}, mongoCrypt().makeExplicitDecryptionContext(sealed), {}),
  ).v
}

/** A fresh one, kept for the life of the process: a context uses it and does not hold it. */
function mongoCrypt() {
  const host = options.host === '127.0.0.1' ? 'localhost' : options.host
  const made = new MongoCrypt({
    kmsProviders: BSON.serialize({ kmip: { endpoint: `${host}:${options.port}` } }),
    logger() {},
  })
  kept.push(made)
  return made
}

function equal(actual, expected) {
  const [left, right] = [actual, expected].map((value) => JSON.stringify(value))
  if (left !== right) throw new Error(`got ${left}, expected ${right}`)
}

async function fails(promise, pattern) {
  const error = await promise.then(() => undefined, (cause) => cause)
  if (!error) throw new Error('it did not fail')
  if (!pattern.test(error.message)) throw new Error(`failed with: ${error.message}`)
}

const folder = mkdtempSync(join(tmpdir(), 'keyward-mongo-'))
try {
  const pem = join(folder, 'client.pem')
  writeFileSync(pem, Buffer.concat([options.cert, options.key].map((path) => readFileSync(path))), { mode: 0o600 })
  for (const [name, check] of Object.entries(checks)) {
    const error = await check(pem).then(() => undefined, (cause) => cause)
    const detail = error ? `${error.message}${error.cause ? ` (${error.cause.message})` : ''}` : ''
    process.stdout.write(`${JSON.stringify({ name, ok: !error, detail })}\n`)
    if (error) process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true })
}
