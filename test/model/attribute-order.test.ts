import { expect, test } from 'vitest'
import type { AttributeSet } from '../../src/kmip/attribute.ts'
import { namesIn } from '../../src/kmip/attribute-codec.ts'
import { inListedOrder } from '../../src/model/attribute-order.ts'

/** What an object has, in any order, and how the published cases list it. */
const cases: [string, readonly string[]][] = [
  ['SKFF-M-10-14', [
    'uniqueIdentifier', 'objectType', 'cryptographicAlgorithm', 'cryptographicLength', 'activationDate', 'alwaysSensitive',
    'compromiseDate', 'compromiseOccurrenceDate', 'cryptographicUsageMask', 'digest', 'extractable', 'fresh', 'initialDate',
    'lastChangeDate', 'leaseTime', 'name', 'neverExtractable', 'originalCreationDate', 'randomNumberGenerator',
    'revocationReason', 'sensitive', 'state',
  ]],
  ['TL-M-3-21, without its Protection Storage Mask', [
    'vendorAttribute', 'uniqueIdentifier', 'shortUniqueIdentifier', 'objectType', 'cryptographicAlgorithm',
    'cryptographicLength', 'alternativeName', 'alwaysSensitive', 'applicationSpecificInformation', 'cryptographicUsageMask',
    'digest', 'keyFormatType', 'extractable', 'fresh', 'initialDate', 'lastChangeDate', 'leaseTime', 'name',
    'neverExtractable', 'originalCreationDate', 'randomNumberGenerator', 'sensitive', 'state',
  ]],
  ['TC-CERTATTR-1-14', [
    'uniqueIdentifier', 'objectType', 'certificateType', 'alwaysSensitive', 'certificateIdentifier', 'certificateIssuer',
    'certificateIssuerC', 'certificateIssuerCN', 'certificateIssuerO', 'certificateLength', 'certificateSubject',
    'certificateSubjectC', 'certificateSubjectCN', 'certificateSubjectO', 'cryptographicAlgorithm', 'cryptographicLength',
    'digest', 'digitalSignatureAlgorithm', 'extractable', 'fresh', 'initialDate', 'lastChangeDate', 'leaseTime',
    'neverExtractable', 'sensitive', 'state', 'x509CertificateIdentifier', 'x509CertificateIssuer', 'x509CertificateSubject',
  ]],
]

test.for(cases)('%s', ([, listed]) => {
  const set = Object.fromEntries(listed.toReversed().map((name) => [name, ['a value']])) as AttributeSet
  expect(namesIn(inListedOrder(set))).toEqual(listed)
})

test('indices of instances stay with them', () => {
  const set: AttributeSet = { name: [{ nameValue: 'a', nameType: 1 }], indices: { name: [3] } }
  expect(inListedOrder(set)).toEqual(set)
})
