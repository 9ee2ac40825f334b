import { register as operation } from '../../client/operations.ts'
import type { AttributeSet } from '../../kmip/attribute.ts'
import { objectTypeOf } from '../../kmip/object.ts'
import { algorithmByName, usageMask } from '../algorithm.ts'
import { command } from '../command.ts'
import { readFileOrInput } from '../data.ts'
import { objectTypes, readObject, usageOf } from '../material.ts'
import { activateAll, checkKnown, namedAttributes, newObjectOptions } from '../new-object.ts'
import { fields } from '../output.ts'

export const register = command({
  summary: 'bring a key, certificate or secret along',
  positionals: '<file>',
  options: {
    type: {
      type: 'string', value: 'TYPE',
      description: `${objectTypes.join(', ')} (what a PEM file says, else symmetric)`,
    },
    encoding: { type: 'string', value: 'ENCODING', description: 'raw, hex or pem (pem when it looks so, else raw)' },
    algorithm: { type: 'string', short: 'a', value: 'NAME', description: 'of a symmetric key (aes)' },
    usage: { type: 'string', multiple: true, value: 'USES', description: 'as of create (what is usual)' },
    ...newObjectOptions,
  },
  details: 'The file is read, or standard input for -. A key is never taken from the command line, where others\n' +
    'could read it. PEM files hold PKCS#1, PKCS#8 (not encrypted) or SEC 1 private keys, public keys, or certificates.',
  examples: [
    'register key.bin --name imported --activate', 'register server.pem --name server-certificate',
    'register private.pem --usage sign', 'register password.txt --type secret --name database-password',
  ],
  async run({ values, positionals: [path = ''], connect, io }) {
    const algorithm = algorithmByName(values.algorithm ?? 'aes')
    const material = await readFileOrInput(path, io)
    const object = readObject(material, { type: values.type, encoding: values.encoding, algorithm })
    const usage = values.usage === undefined ? usageOf(object, algorithm) : usageMask(values.usage)
    const attributes: AttributeSet = {
      ...(usage !== undefined && { cryptographicUsageMask: usage }),
      ...namedAttributes(values),
    }
    const client = await connect()
    checkKnown(attributes, client.version)
    const { uniqueIdentifier } = await client.request(operation, {
      objectType: objectTypeOf(object.kind), attributes, object,
    })
    await activateAll(client, [uniqueIdentifier], values)
    return { json: { uniqueIdentifier }, text: fields([['Unique Identifier', uniqueIdentifier]]) }
  },
})
