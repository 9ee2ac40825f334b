import { attributeFields, isMultiInstance, ruleOf } from '../kmip/attribute.ts'
import type { AttributeName, AttributeSet } from '../kmip/attribute.ts'
import type { Name } from '../kmip/attribute-value.ts'
import { namesIn } from '../kmip/attribute-codec.ts'
import { KmipError } from '../kmip/error.ts'
import { versions } from '../kmip/version.ts'
import { checkCount } from '../model/attribute-count.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { stateAt } from '../model/lifecycle.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { attributeKey } from './index-keys.ts'
import type { Context } from './operation.ts'

/**
 * The attributes of a request, with those of the templates that it names (1.x). Explicit values
 * precede those of templates, and later templates earlier ones; of attributes with several instances
 * the union counts, the templates' first (KMIP 1.4 2.1.8, 4.2).
 *
 * @throws KmipError Object Not Found for a template that does not exist, Object Archived, and as `checkCount`
 */
export async function withTemplates(set: AttributeSet | undefined, context: Context): Promise<AttributeSet> {
  const { templateNames = [], ...explicit } = set ?? {}
  let result: AttributeSet = {}
  for (const name of templateNames) {
    result = mergeAttributes(await loadTemplate(name, context), result)
    checkCount(result)
  }
  return mergeAttributes(explicit, result)
}

/**
 * `first` decides where an attribute has one value; of lists the union counts, where a value that both have is once: what
 * `second` has, then what only `first` has.
 */
export function mergeAttributes(first: AttributeSet, second: AttributeSet): AttributeSet {
  const merged: AttributeSet = { ...second }
  delete merged.indices
  for (const name of namesIn(first)) {
    const earlier = merged[name]
    merged[name] = (isMultiInstance(name) && earlier !== undefined
      ? union(name, earlier as unknown[], first[name] as unknown[])
      : first[name]) as never
  }
  const [, ...otherGenerators] = [...generatorsIn(first), ...generatorsIn(second)]
  return otherGenerators.length === 0 ? merged : { ...merged, otherGenerators }
}

/** By what the values are in TTLV: comparing each with each would take long for the largest lists. */
function union(name: AttributeName, earlier: readonly unknown[], later: readonly unknown[]): unknown[] {
  const writer = new TtlvWriter()
  const textOf = (value: unknown) => {
    attributeFields[name].encode(writer, value as never, { version: versions[0]!, keepRemoved: true })
    return writer.take().toString('base64url')
  }
  const texts = new Set(earlier.map(textOf))
  return [...earlier, ...later.filter((value) => !texts.has(textOf(value)))]
}

/** Any of them may make the object, those of templates too (KMIP 1.4 3.44). */
function generatorsIn({ randomNumberGenerator, otherGenerators = [] }: AttributeSet): typeof otherGenerators {
  return randomNumberGenerator === undefined ? [] : [randomNumberGenerator, ...otherGenerators]
}

/**
 * What a Template object gives to an object that is made after it; its operation policy is one for these objects, too
 * (KMIP 1.4 3.18.2.3).
 */
async function loadTemplate(name: Name, context: Context): Promise<AttributeSet> {
  const key = attributeKey(context.caller.account, { name: 'name', value: name })
  if (key === undefined) throw new Error(`${ruleOf('name').specName} is not indexed`)
  for await (const object of context.objects.find(key)) {
    if (!isTemplate(object, name, context.now)) continue
    if (object.archived === true) throw new KmipError('ObjectArchived', 'the template is archived')
    const { value } = object
    if (value?.kind !== 'Template') continue
    const { operationPolicyName } = object.attributes
    const attributes = { ...(operationPolicyName !== undefined && { operationPolicyName }), ...value.value.attributes }
    delete attributes.name
    return attributes
  }
  throw new KmipError('ObjectNotFound', 'no template has that name')
}

function isTemplate(object: ManagedObject, { nameValue, nameType }: Name, now: number): boolean {
  return object.kind === 'Template' && stateAt(object.attributes, now) !== 'Destroyed' &&
    object.attributes.name?.some((each) => each.nameValue === nameValue && each.nameType === nameType) === true
}
