import * as shape from './attribute-value.ts'
import { attributeRules } from './generated/attribute-rules.ts'
import type { AttributeRule, AttributeTagName } from './generated/attribute-rules.ts'
import { Tag } from './generated/tags.ts'
import {
  boolean, bytes, dateTime, enumeration, integer, interval, many, mask, nested, text,
} from './schema.ts'
import type { Field, Infer, Presence } from './schema.ts'

/**
 * The one attribute model of the server: the attributes of 2.1 and the few that only 1.x has.
 * `many` marks those that may have several instances. A test holds this table against
 * `attributeRules`.
 */
export const attributeFields = {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  name: many(nested(Tag.Name, shape.Name)),
  objectType: enumeration(Tag.ObjectType),
  cryptographicAlgorithm: enumeration(Tag.CryptographicAlgorithm),
  cryptographicLength: integer(Tag.CryptographicLength),
  cryptographicParameters: many(nested(Tag.CryptographicParameters, shape.CryptographicParameters)),
  cryptographicDomainParameters: nested(Tag.CryptographicDomainParameters, shape.CryptographicDomainParameters),
  certificateType: enumeration(Tag.CertificateType),
  certificateIdentifier: nested(Tag.CertificateIdentifier, shape.CertificateIdentifier),
  certificateSubject: nested(Tag.CertificateSubject, shape.CertificateSubject),
  certificateIssuer: nested(Tag.CertificateIssuer, shape.CertificateIssuer),
  digest: many(nested(Tag.Digest, shape.Digest)),
  operationPolicyName: text(Tag.OperationPolicyName),
  cryptographicUsageMask: mask(Tag.CryptographicUsageMask),
  leaseTime: interval(Tag.LeaseTime),
  usageLimits: nested(Tag.UsageLimits, shape.UsageLimits),
  state: enumeration(Tag.State),
  initialDate: dateTime(Tag.InitialDate),
  activationDate: dateTime(Tag.ActivationDate),
  processStartDate: dateTime(Tag.ProcessStartDate),
  protectStopDate: dateTime(Tag.ProtectStopDate),
  deactivationDate: dateTime(Tag.DeactivationDate),
  destroyDate: dateTime(Tag.DestroyDate),
  compromiseOccurrenceDate: dateTime(Tag.CompromiseOccurrenceDate),
  compromiseDate: dateTime(Tag.CompromiseDate),
  revocationReason: nested(Tag.RevocationReason, shape.RevocationReason),
  archiveDate: dateTime(Tag.ArchiveDate),
  objectGroup: many(text(Tag.ObjectGroup)),
  link: many(nested(Tag.Link, shape.Link)),
  applicationSpecificInformation: many(
    nested(Tag.ApplicationSpecificInformation, shape.ApplicationSpecificInformation),
  ),
  contactInformation: text(Tag.ContactInformation),
  lastChangeDate: dateTime(Tag.LastChangeDate),
  certificateLength: integer(Tag.CertificateLength),
  x509CertificateIdentifier: nested(Tag.X_509CertificateIdentifier, shape.X509CertificateIdentifier),
  x509CertificateSubject: nested(Tag.X_509CertificateSubject, shape.X509CertificateSubject),
  x509CertificateIssuer: nested(Tag.X_509CertificateIssuer, shape.X509CertificateIssuer),
  digitalSignatureAlgorithm: many(enumeration(Tag.DigitalSignatureAlgorithm)),
  fresh: boolean(Tag.Fresh),
  alternativeName: many(nested(Tag.AlternativeName, shape.AlternativeName)),
  keyValuePresent: boolean(Tag.KeyValuePresent),
  keyValueLocation: many(nested(Tag.KeyValueLocation, shape.KeyValueLocation)),
  originalCreationDate: dateTime(Tag.OriginalCreationDate),
  randomNumberGenerator: nested(Tag.RandomNumberGenerator, shape.RandomNumberGenerator),
  pkcs12FriendlyName: text(Tag.PKCS_12FriendlyName),
  description: text(Tag.Description),
  comment: text(Tag.Comment),
  sensitive: boolean(Tag.Sensitive),
  alwaysSensitive: boolean(Tag.AlwaysSensitive),
  extractable: boolean(Tag.Extractable),
  neverExtractable: boolean(Tag.NeverExtractable),
  certificateSubjectCN: many(text(Tag.CertificateSubjectCN)),
  certificateSubjectO: many(text(Tag.CertificateSubjectO)),
  certificateSubjectOU: many(text(Tag.CertificateSubjectOU)),
  certificateSubjectEmail: many(text(Tag.CertificateSubjectEmail)),
  certificateSubjectC: many(text(Tag.CertificateSubjectC)),
  certificateSubjectST: many(text(Tag.CertificateSubjectST)),
  certificateSubjectL: many(text(Tag.CertificateSubjectL)),
  certificateSubjectUID: many(text(Tag.CertificateSubjectUID)),
  certificateSubjectSerialNumber: many(text(Tag.CertificateSubjectSerialNumber)),
  certificateSubjectTitle: many(text(Tag.CertificateSubjectTitle)),
  certificateSubjectDC: many(text(Tag.CertificateSubjectDC)),
  certificateSubjectDNQualifier: many(text(Tag.CertificateSubjectDNQualifier)),
  certificateIssuerCN: many(text(Tag.CertificateIssuerCN)),
  certificateIssuerO: many(text(Tag.CertificateIssuerO)),
  certificateIssuerOU: many(text(Tag.CertificateIssuerOU)),
  certificateIssuerEmail: many(text(Tag.CertificateIssuerEmail)),
  certificateIssuerC: many(text(Tag.CertificateIssuerC)),
  certificateIssuerST: many(text(Tag.CertificateIssuerST)),
  certificateIssuerL: many(text(Tag.CertificateIssuerL)),
  certificateIssuerUID: many(text(Tag.CertificateIssuerUID)),
  certificateIssuerSerialNumber: many(text(Tag.CertificateIssuerSerialNumber)),
  certificateIssuerTitle: many(text(Tag.CertificateIssuerTitle)),
  certificateIssuerDC: many(text(Tag.CertificateIssuerDC)),
  certificateIssuerDNQualifier: many(text(Tag.CertificateIssuerDNQualifier)),
  keyFormatType: enumeration(Tag.KeyFormatType),
  nistKeyType: many(enumeration(Tag.NISTKeyType)),
  opaqueDataType: enumeration(Tag.OpaqueDataType),
  protectionLevel: enumeration(Tag.ProtectionLevel),
  protectionPeriod: interval(Tag.ProtectionPeriod),
  protectionStorageMask: mask(Tag.ProtectionStorageMask),
  quantumSafe: boolean(Tag.QuantumSafe),
  shortUniqueIdentifier: bytes(Tag.ShortUniqueIdentifier),
  vendorAttribute: many(nested(Tag.Attribute, shape.VendorAttribute)),
  rotateAutomatic: boolean(Tag.RotateAutomatic),
  rotateDate: dateTime(Tag.RotateDate),
  rotateGeneration: integer(Tag.RotateGeneration),
  rotateInterval: interval(Tag.RotateInterval),
  rotateLatest: boolean(Tag.RotateLatest),
  rotateName: nested(Tag.RotateName, shape.RotateName),
  rotateOffset: interval(Tag.RotateOffset),
} as const

export type AttributeName = keyof typeof attributeFields
type ValueOf<F> = F extends Field<infer T, Presence> ? T : never
export type AttributeValue<N extends AttributeName> = ValueOf<(typeof attributeFields)[N]>

/**
 * A set of attributes. One with several instances is a list in index order; `indices` gives the
 * Attribute Index of each instance where deletions have left gaps (KMIP 1.4 2.1.1).
 */
export type AttributeSet = {
  -readonly [N in AttributeName]?: (typeof attributeFields)[N]['presence'] extends 'many'
    ? AttributeValue<N>[]
    : AttributeValue<N>
} & {
  indices?: Partial<Record<AttributeName, number[]>>
  /** Names of Template objects (1.x) whose attributes are to be added; only in requests. */
  templateNames?: Infer<typeof shape.Name>[]
  /** Random Number Generators beside the first, of which any will do (KMIP 2.1 4.46); only in requests that make objects. */
  otherGenerators?: Infer<typeof shape.RandomNumberGenerator>[]
}

/** One instance of one attribute, as the attribute operations carry it. */
export interface AttributeInstance {
  readonly name: AttributeName
  /** Attribute Index of 1.x; undefined when the request gives none. */
  readonly index?: number | undefined
  readonly value: unknown
}

/** Which attribute is meant; of vendor attributes: which one. `unknown` is a name that no table has. */
export type AttributeReference =
  | { readonly name: Exclude<AttributeName, 'vendorAttribute'> }
  | { readonly name: 'vendorAttribute'; readonly vendorIdentification: string; readonly attributeName: string }
  | { readonly unknown: string }

const rulesByTag: ReadonlyMap<number, AttributeRule> = new Map(
  (Object.keys(attributeRules) as AttributeTagName[])
    .filter((name) => name !== 'CustomAttribute')
    .map((name) => [attributeRules[name].tag, attributeRules[name]]),
)

export const attributeNames = Object.keys(attributeFields) as AttributeName[]

export function isMultiInstance(name: AttributeName): boolean {
  return attributeFields[name].presence === 'many'
}

/** The standard's rules for an attribute. */
export function ruleOf(name: AttributeName): AttributeRule {
  return rulesByTag.get(attributeFields[name].tags[0]!)!
}

export const attributesByTag: ReadonlyMap<number, AttributeName> = new Map(
  attributeNames.map((name) => [attributeFields[name].tags[0]!, name]),
)

/** Attribute Name of 1.x to the attribute. */
export const attributesBySpecName: ReadonlyMap<string, AttributeName> = new Map(
  attributeNames.filter((name) => name !== 'vendorAttribute').map((name) => [ruleOf(name).specName, name]),
)
