import type { Client } from '../../client/client.ts'
import { getAttributes, reKey, reKeyKeyPair } from '../../client/operations.ts'
import { ObjectType } from '../../kmip/generated/enums.ts'
import { command, wholeNumber } from '../command.ts'
import { identifierOf } from '../identifier.ts'
import { fields } from '../output.ts'

export const rekey = command({
  summary: 'replace a key by a new one of the same kind',
  positionals: '<id>',
  options: {
    offset: {
      type: 'string', value: 'SECONDS',
      description: 'when the new key becomes active, from now; it lives as long as the old one was to',
    },
  },
  details: 'The new key takes over the name and is linked with the old one, which keeps its own dates. Of a\n' +
    'key pair, name the private key.',
  examples: ['rekey name:first-key --offset 0'],
  async run({ values, positionals: [id = ''], connect }) {
    const offset = values.offset === undefined ? undefined : wholeNumber('--offset', values.offset, 0, 4_294_967_295)
    const client = await connect()
    const old = await identifierOf(client, id)
    if (await isPrivateKey(client, old)) {
      const answer = await client.request(reKeyKeyPair, { privateKeyUniqueIdentifier: old, offset })
      const { privateKeyUniqueIdentifier, publicKeyUniqueIdentifier } = answer
      return {
        json: { privateKeyUniqueIdentifier, publicKeyUniqueIdentifier },
        text: fields([['Private key', privateKeyUniqueIdentifier], ['Public key', publicKeyUniqueIdentifier]]),
      }
    }
    const { uniqueIdentifier } = await client.request(reKey, { uniqueIdentifier: old, offset })
    return { json: { uniqueIdentifier }, text: fields([['Unique Identifier', uniqueIdentifier]]) }
  },
})

async function isPrivateKey(client: Client, uniqueIdentifier: string): Promise<boolean> {
  const { attributes } = await client.request(getAttributes, {
    uniqueIdentifier, attributeReference: [{ name: 'objectType' }],
  })
  return attributes?.objectType === ObjectType.PrivateKey
}
