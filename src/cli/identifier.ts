import type { Client } from '../client/client.ts'
import { locate } from '../client/operations.ts'
import type { AttributeInstance } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { NameType } from '../kmip/generated/enums.ts'
import { UsageError } from './command.ts'

/**
 * The identifier that an `<id>` stands for: the text itself, or for `name:NAME` that of the one
 * object so called.
 *
 * @param usage bit of the Cryptographic Usage Mask: of a key pair, which has one name, the key that is for it
 * @throws KmipError Object Not Found when no object has the name
 * @throws UsageError when several have
 */
export async function identifierOf(client: Client, text: string, usage?: number): Promise<string> {
  if (!text.startsWith(namePrefix)) return text
  const value = { nameValue: text.slice(namePrefix.length), nameType: NameType.UninterpretedTextString }
  const attributes: AttributeInstance[] = [{ name: 'name', value }]
  if (usage !== undefined) attributes.push({ name: 'cryptographicUsageMask', value: usage })
  const { uniqueIdentifier } = await client.request(locate, { attributes })
  const [first] = uniqueIdentifier
  if (first === undefined) {
    const which = usage === undefined ? 'object' : 'object that may be used so'
    throw new KmipError('ObjectNotFound', `no ${which} has the name ${value.nameValue}`)
  }
  if (uniqueIdentifier.length > 1) {
    throw new UsageError(`${uniqueIdentifier.length} objects have the name ${value.nameValue}: give the identifier`)
  }
  return first
}

export async function identifiersOf(client: Client, texts: readonly string[]): Promise<string[]> {
  return Promise.all(texts.map((text) => identifierOf(client, text)))
}

const namePrefix = 'name:'
