import { constants, createCipheriv, createPrivateKey, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import type { ImportParameters } from '../../client/cmk.ts'
import { softwareProvider } from '../../crypto/software.ts'
import { CryptographicAlgorithm } from '../../kmip/generated/enums.ts'
import { Secret } from '../../kmip/secret.ts'
import { described, withCmks } from '../cmk.ts'
import { UsageError, command } from '../command.ts'
import type { Io } from '../command.ts'
import { readFileOrInput, writeOutput } from '../data.ts'
import { parseDate } from '../date.ts'
import { dateText, fields, isoDate, jsonText } from '../output.ts'

export const keyImportParameters = command({
  summary: 'get the public key and the token to import material of your own with',
  positionals: '<cmk>',
  options: {
    wrapping: {
      type: 'string', value: 'NAME',
      description: 'RSAES_OAEP_SHA_256 (the default), RSAES_OAEP_SHA_1, RSAES_PKCS1_V1_5 or SM2PKE',
    },
    out: { type: 'string', value: 'FILE', description: 'write them to a new file, for key import' },
  },
  details: 'They are valid for a day, or until new ones are asked for, and for this CMK only. A symmetric key is\n' +
    'encrypted under the public key; a private key (PKCS#8) under an AES-256 key by AES key wrap with padding,\n' +
    'which the AES key under the public key precedes.',
  examples: [
    'key import-parameters alias/ours --out parameters.json', 'key import-parameters alias/ours --wrapping SM2PKE',
  ],
  async run({ values: { wrapping = 'RSAES_OAEP_SHA_256', out }, positionals: [cmk = ''], connect }) {
    const parameters = await withCmks({ connect }, cmk, (cmks) => cmks.importParameters(cmk, wrapping))
    const { publicKey, expireDate, ...rest } = parameters
    const json = { ...rest, publicKey: publicKey.toString('base64'), expireDate: isoDate(expireDate) }
    if (out === undefined) return { json, text: jsonText(json) }
    writeOutput(out, jsonText(json))
    return {
      json: { out, expireDate: json.expireDate },
      text: `${fields([['Written to', out], ['Valid until', dateText(expireDate)]])}\n` +
        `next: keyward key import ${cmk} --parameters ${out} --material FILE`,
    }
  },
})

export const keyImport = command({
  summary: 'import material of your own into a CMK',
  positionals: '<cmk>',
  options: {
    parameters: { type: 'string', value: 'FILE', description: 'what key import-parameters has written' },
    material: { type: 'string', value: 'FILE', description: 'the bytes of a symmetric key, or a private key, PKCS#8' },
    wrapped: { type: 'string', value: 'FILE', description: 'or what has been wrapped already, elsewhere' },
    expires: { type: 'string', value: 'DATE', description: 'when the server deletes it (never)' },
  },
  details: 'Material is wrapped here, and leaves this machine so. A CMK takes the same material again, at any time\n' +
    'and with another date, and never other material.',
  examples: ['key import alias/ours --parameters parameters.json --material key.bin --expires 2030-01-31'],
  async run({ values, positionals: [cmk = ''], connect, io }) {
    if (values.parameters === undefined) throw new UsageError('--parameters is missing: see key import-parameters')
    if ((values.material === undefined) === (values.wrapped === undefined)) {
      throw new UsageError('give one of --material and --wrapped')
    }
    const parameters = parametersIn(await readFileOrInput(values.parameters, io))
    const expireDate = values.expires === undefined ? undefined : parseDate('--expires', values.expires)
    return withCmks({ connect }, cmk, async (cmks) => {
      const { values: about } = await cmks.describe(cmk)
      const spec = String(about['cmk-key-spec'])
      const kind = materialBytes.has(spec) ? 'SymmetricKey' : 'PrivateKey'
      const bytes = await wrappedMaterial(parameters, spec, values, io)
      const id = await cmks.importMaterial(parameters, bytes, { kind, expireDate })
      return described(await cmks.describe(id))
    })
  },
})

/** Of symmetric keys; the server, which does not tell what is wrong with material, would refuse any other. */
const materialBytes: ReadonlyMap<string, number> = new Map([
  ['Aliyun_AES_256', 32], ['Aliyun_AES_192', 24], ['Aliyun_AES_128', 16], ['Aliyun_SM4', 16],
])

type Wrapping = Pick<ImportParameters, 'wrapping' | 'publicKey'>

async function wrappedMaterial(
  parameters: Wrapping, spec: string,
  { material, wrapped }: { readonly material?: string; readonly wrapped?: string }, io: Io,
): Promise<Buffer> {
  if (wrapped !== undefined) return readFileOrInput(wrapped, io)
  const plain = await readFileOrInput(material ?? '-', io)
  const bytes = materialBytes.get(spec)
  if (bytes !== undefined && plain.length !== bytes) {
    throw new UsageError(`--material has ${plain.length} bytes: a key of ${spec} has ${bytes}`)
  }
  if (bytes !== undefined) return underPublicKey(parameters, plain)
  const transport = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', transport, Buffer.from('a65959a6', 'hex'))
  return Buffer.concat([await underPublicKey(parameters, transport), cipher.update(pkcs8(plain)), cipher.final()])
}

async function underPublicKey({ wrapping, publicKey }: Wrapping, plain: Buffer): Promise<Buffer> {
  if (wrapping.endsWith('/SM2PKE')) {
    const provider = softwareProvider()
    const bytes = new Secret(publicKey)
    const key = await provider.load({ kind: 'public', algorithm: CryptographicAlgorithm.SM2, length: 256, bytes })
    return (await provider.wrap(key, {}, plain)).data
  }
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
  if (wrapping.endsWith('/RSAES_PKCS1_V1_5')) return publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, plain)
  return publicEncrypt({ key, oaepHash: wrapping.endsWith('_SHA_1') ? 'sha1' : 'sha256' }, plain)
}

/** PEM or DER. @throws UsageError */
function pkcs8(bytes: Buffer): Buffer {
  try {
    const isPem = bytes.subarray(0, 5).toString('latin1') === '-----'
    const key = isPem ? createPrivateKey(bytes) : createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
    return key.export({ format: 'der', type: 'pkcs8' })
  } catch {
    throw new UsageError('--material is no private key in PEM or PKCS#8')
  }
}

/** @throws UsageError */
function parametersIn(bytes: Buffer): Pick<ImportParameters, 'wrapping' | 'token' | 'key' | 'publicKey'> {
  try {
    const { wrapping, token, key, publicKey } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>
    if ([wrapping, token, key, publicKey].every((each) => typeof each === 'string')) {
      const texts = { wrapping, token, key } as { wrapping: string; token: string; key: string }
      return { ...texts, publicKey: Buffer.from(publicKey as string, 'base64') }
    }
  } catch {
    // The message of the parser would show the token.
  }
  throw new UsageError('--parameters is not what keyward key import-parameters has written')
}
