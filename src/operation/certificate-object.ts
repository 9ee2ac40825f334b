import type { AttributeSet } from '../kmip/attribute.ts'
import type { Link } from '../kmip/attribute-value.ts'
import type { LinkType } from '../kmip/generated/enums.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { withAdded } from '../model/attribute-list.ts'
import { certificateAttributes } from './certificate-attributes.ts'
import { factsOfValue } from './digest.ts'
import { newObject } from './new-object.ts'
import type { Context } from './operation.ts'

/** A certificate that the server has issued. */
export interface CertificateDraft {
  readonly certificate: Buffer
  readonly certificateType: number
  readonly given: AttributeSet
  readonly links: readonly Link[]
}

/** Makes the Certificate object of a certificate that the server has issued. */
export function certificateObject(
  context: Context, { certificate, certificateType, given, links }: CertificateDraft,
): ManagedObject {
  const value = { kind: 'Certificate', value: { certificateType, certificateValue: certificate } } as const
  return newObject(context, {
    kind: 'Certificate',
    // Not made: its key is not the server's random numbers.
    origin: 'registered',
    given: { originalCreationDate: context.now, ...given },
    facts: { ...certificateAttributes(certificateType, certificate), ...factsOfValue(value) },
    links: [...links],
    value,
  })
}

/** The attributes with a link that takes the place of one of its type. */
export function withLink(
  attributes: AttributeSet, linkType: LinkTypeCode, linkedObjectIdentifier: string,
): AttributeSet {
  const link = { linkType, linkedObjectIdentifier }
  const place = attributes.link?.findIndex((each) => each.linkType === linkType) ?? -1
  if (place < 0) return withAdded(attributes, { name: 'link', value: link }).set
  return { ...attributes, link: attributes.link!.map((each, index) => index === place ? link : each) }
}

/** The identifier that a link of a type points to. */
export function linkedIdentifier({ link = [] }: AttributeSet, linkType: LinkTypeCode): string | undefined {
  const found = link.find((each) => each.linkType === linkType)?.linkedObjectIdentifier
  return typeof found === 'string' ? found : undefined
}

type LinkTypeCode = (typeof LinkType)[keyof typeof LinkType]
