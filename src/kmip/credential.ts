import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import type { TtlvWriter } from '../ttlv/writer.ts'
import { KmipError } from './error.ts'
import { CredentialType } from './generated/enums.ts'
import { Tag } from './generated/tags.ts'
import { Nonce } from './message.ts'
import { secret } from './object.ts'
import {
  anything, bytes, dateTimeExtended, enumeration, field, many, nested, optional, structure, text, textOf, wrongType,
} from './schema.ts'
import type { Coding, Field, FieldMap, Infer, Structure } from './schema.ts'
import { Secret } from './secret.ts'
import { Ticket } from './ticket.ts'

/** Who sends the request: several credentials must all be satisfied (KMIP 2.1 9.4). */
export const Authentication = structure('2.1 9.4 Table 403', { credential: many(credential()) })
export type Authentication = Infer<typeof Authentication>

export const UsernameAndPasswordCredential = structure('2.1 9.11 Table 411', {
  username: text(Tag.Username),
  password: optional(secretText(Tag.Password)),
})

export const DeviceCredential = structure('2.1 9.11 Table 412', {
  deviceSerialNumber: optional(text(Tag.DeviceSerialNumber)),
  password: optional(secretText(Tag.Password)),
  deviceIdentifier: optional(text(Tag.DeviceIdentifier)),
  networkIdentifier: optional(text(Tag.NetworkIdentifier)),
  machineIdentifier: optional(text(Tag.MachineIdentifier)),
  mediaIdentifier: optional(text(Tag.MediaIdentifier)),
})

export const AttestationCredential = structure('2.1 9.11 Table 413', {
  nonce: nested(Tag.Nonce, Nonce),
  attestationType: enumeration(Tag.AttestationType),
  attestationMeasurement: optional(bytes(Tag.AttestationMeasurement)),
  attestationAssertion: optional(bytes(Tag.AttestationAssertion)),
})

export const OneTimePasswordCredential = structure('2.1 9.11 Table 414', {
  username: text(Tag.Username),
  password: optional(secretText(Tag.Password)),
  oneTimePassword: secretText(Tag.OneTimePassword),
})

export const HashedPasswordCredential = structure('2.1 9.11 Table 415', {
  username: text(Tag.Username),
  timeStamp: dateTimeExtended(Tag.TimeStamp),
  hashingAlgorithm: optional(enumeration(Tag.HashingAlgorithm)),
  hashedPassword: secret(Tag.HashedPassword),
})

export const TicketCredential = structure('2.1 9.11 Table 416', { ticket: nested(Tag.Ticket, Ticket) })

/** A credential by its type; `kind` is the Credential Type's name. */
export type Credential =
  | { readonly kind: 'UsernameAndPassword'; readonly value: Infer<typeof UsernameAndPasswordCredential> }
  | { readonly kind: 'Device'; readonly value: Infer<typeof DeviceCredential> }
  | { readonly kind: 'Attestation'; readonly value: Infer<typeof AttestationCredential> }
  | { readonly kind: 'OneTimePassword'; readonly value: Infer<typeof OneTimePasswordCredential> }
  | { readonly kind: 'HashedPassword'; readonly value: Infer<typeof HashedPasswordCredential> }
  | { readonly kind: 'Ticket'; readonly value: Infer<typeof TicketCredential> }

/**
 * A Credential, whose value is of the shape that its type says (KMIP 2.1 9.11).
 *
 * @throws KmipError Invalid Field when the type is none of the standard's, Invalid Message without type or value
 */
export function credential(): Field<Credential> {
  return field([Tag.Credential], decodeCredential, (writer: TtlvWriter, { kind, value }, coding) => {
    const handle = writer.begin(Tag.Credential)
    writer.enumeration(Tag.CredentialType, CredentialType[kind])
    shapeOf(kind).encode(writer, Tag.CredentialValue, value, coding)
    writer.end(handle)
  })
}

/** FortiOS puts a Credential into a Credential: the inner one counts. */
function decodeCredential(item: Item, coding: Coding): Credential {
  if (item.type !== ItemType.Structure) throw wrongType(item.tag)
  const [first, ...others] = item.value
  if (first?.tag === Tag.Credential && others.length === 0) return decodeCredential(first, coding)
  const { credentialType, credentialValue } = AnyCredential.decode(item, coding)
  const kind = (Object.keys(CredentialType) as Credential['kind'][]).find((name) =>
    CredentialType[name] === credentialType)
  if (kind === undefined) throw new KmipError('InvalidField', `unknown credential type ${credentialType}`)
  return { kind, value: shapeOf(kind).decode(credentialValue, coding) } as Credential
}

/** A text that never shows in a log or an error. */
function secretText(tag: number): Field<Secret> {
  return field([tag], (item) => new Secret(Buffer.from(textOf(item), 'utf8')), (writer, value) =>
    writer.textString(tag, value.reveal().toString('utf8')))
}

function shapeOf(kind: Credential['kind']): Structure<FieldMap> {
  switch (kind) {
    case 'UsernameAndPassword': return UsernameAndPasswordCredential
    case 'Device': return DeviceCredential
    case 'Attestation': return AttestationCredential
    case 'OneTimePassword': return OneTimePasswordCredential
    case 'HashedPassword': return HashedPasswordCredential
    case 'Ticket': return TicketCredential
  }
}

const AnyCredential = structure('2.1 9.11 Table 410', {
  credentialType: enumeration(Tag.CredentialType),
  credentialValue: anything(Tag.CredentialValue),
})
