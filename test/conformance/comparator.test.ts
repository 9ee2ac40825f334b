import { describe, expect, it } from 'vitest'
import { parseElements } from '../../src/kmip/xml-element.ts'
import type { XmlElement } from '../../src/kmip/xml-element.ts'
import { decodeElement } from '../../src/kmip/xml.ts'
import { Bindings } from './bindings.ts'
import { compareMessages } from './comparator.ts'
import { History } from './history.ts'

const now = 1_800_000_000

/** [what, listed payload, received payload, where the difference is ('' = none)] */
type Row = readonly [string, string, string, string]

interface Setting {
  readonly operation: string
  readonly version?: string
  readonly request?: string
  /** Operation, request payload and response payload of what was said before. */
  readonly before?: readonly (readonly [string, string, string])[]
}

function table(name: string, setting: Setting, rows: readonly Row[]): void {
  describe(name, () => {
    it.each(rows)('%s', (_, listed, received, path) => {
      expect(differenceOf(setting, answer(setting, listed), answer(setting, received))).toBe(path)
    })
  })
}

/** The path of the difference without the way to the payload. */
function differenceOf(setting: Setting, listed: string, received: string): string {
  const bindings = new Bindings(now)
  const history = new History()
  for (const [operation, asked, answered] of setting.before ?? []) {
    const said = { ...setting, operation }
    const request = bindings.request(element(question(said, asked)))
    const got = decodeElement(element(answer(said, answered)))
    history.sent(request)
    expect(compareMessages(element(answer(said, answered)), got, { request, bindings, history, elapsedSeconds: 0 }))
      .toBeUndefined()
    history.answered(request, got)
    bindings.received(got)
  }
  const request = bindings.request(element(question(setting, setting.request ?? '')))
  history.sent(request)
  const got = decodeElement(element(received))
  history.answered(request, got)
  const found = compareMessages(element(listed), got, { request, bindings, history, elapsedSeconds: 10 })
  return found === undefined ? '' : found.path.replace('ResponseMessage/BatchItem/', '').replace('ResponsePayload/', '')
}

function element(xml: string): XmlElement {
  return parseElements(xml, { lengthMax: 100_000, depthMax: 32 })
}

function question({ operation, version = '1.4' }: Setting, payload: string): string {
  return `<RequestMessage><RequestHeader>${protocolVersion(version)}
    <BatchCount type="Integer" value="1"/></RequestHeader>
    <BatchItem><Operation type="Enumeration" value="${operation}"/>
    <RequestPayload>${payload}</RequestPayload></BatchItem></RequestMessage>`
}

function answer({ operation, version = '1.4' }: Setting, payload: string): string {
  return `<ResponseMessage><ResponseHeader>${protocolVersion(version)}
    <TimeStamp type="DateTime" value="2020-01-01T00:00:00Z"/><BatchCount type="Integer" value="1"/></ResponseHeader>
    <BatchItem><Operation type="Enumeration" value="${operation}"/><ResultStatus type="Enumeration" value="Success"/>
    <ResponsePayload>${payload}</ResponsePayload></BatchItem></ResponseMessage>`
}

function protocolVersion(version: string): string {
  const [major, minor] = version.split('.')
  return `<ProtocolVersion><ProtocolVersionMajor type="Integer" value="${major}"/>
    <ProtocolVersionMinor type="Integer" value="${minor}"/></ProtocolVersion>`
}

const uid = (value: string) => `<UniqueIdentifier type="TextString" value="${value}"/>`
const operation = (value: string) => `<Operation type="Enumeration" value="${value}"/>`
const objectType = (value: string) => `<ObjectType type="Enumeration" value="${value}"/>`
const bytes = (tag: string, value: string) => `<${tag} type="ByteString" value="${value}"/>`
const date = (tag: string, value: string) => `<${tag} type="DateTime" value="${value}"/>`
const attributeName = (value: string) => `<AttributeName type="TextString" value="${value}"/>`
const attribute = (name: string, value: string, index = '') => {
  return `<Attribute>${attributeName(name)}${index}<AttributeValue ${value}</Attribute>`
}
const state = attribute('State', 'type="Enumeration" value="Active"/>')
const length = attribute('Cryptographic Length', 'type="Integer" value="128"/>')
const initialDate = (value: string) => attribute('Initial Date', `type="DateTime" value="${value}"/>`)
const digest = (algorithm: string, value: string) => attribute('Digest', `><HashingAlgorithm type="Enumeration"
  value="${algorithm}"/><DigestValue type="ByteString" value="${value}"/></AttributeValue>`)
const parameters = (algorithm: string) => attribute('Cryptographic Parameters', `><HashingAlgorithm type="Enumeration"
  value="${algorithm}"/></AttributeValue>`)
const key = (format: string, material: string, algorithm = 'AES') => `<SymmetricKey><KeyBlock>
  <KeyFormatType type="Enumeration" value="${format}"/><KeyValue>${bytes('KeyMaterial', material)}</KeyValue>
  <CryptographicAlgorithm type="Enumeration" value="${algorithm}"/></KeyBlock></SymmetricKey>`

const registered = ['Register', objectType('SymmetricKey'), uid('$UNIQUE_IDENTIFIER_0')] as const

/** What was said before is its own listed answer, so the identifier's value is the placeholder's name. */
const bound = uid('$UNIQUE_IDENTIFIER_0')
const created = ['Create', objectType('SymmetricKey'), objectType('SymmetricKey') + bound] as const

table('fields', { operation: 'Check', request: uid('a') }, [
  ['the same', uid('a'), uid('a'), ''],
  ['a missing field', uid('a') + date('ActivationDate', '$NOW'), uid('a'), 'ActivationDate'],
  ['an extra field', uid('a'), uid('a') + objectType('SymmetricKey'), 'ObjectType'],
  ['another order', uid('a') + objectType('SymmetricKey'), objectType('SymmetricKey') + uid('a'), 'UniqueIdentifier'],
  ['a repeated field', uid('a'), uid('a') + uid('a'), 'UniqueIdentifier'],
  ['another value', uid('a') + objectType('SymmetricKey'), uid('a') + objectType('PublicKey'), 'ObjectType'],
  ['another type', '<Fresh type="Boolean" value="true"/>', '<Fresh type="Integer" value="1"/>', 'Fresh'],
  ['a mask in another order', '<CryptographicUsageMask type="Integer" value="Decrypt Encrypt"/>',
    '<CryptographicUsageMask type="Integer" value="Encrypt Decrypt"/>', ''],
  ['another mask', '<CryptographicUsageMask type="Integer" value="Encrypt"/>',
    '<CryptographicUsageMask type="Integer" value="Encrypt Decrypt"/>', 'CryptographicUsageMask'],
  ['an optional template', uid('a'), `${uid('a')}<TemplateAttribute>${length}</TemplateAttribute>`, ''],
  ['no optional template', `${uid('a')}<TemplateAttribute>${length}</TemplateAttribute>`, uid('a'), ''],
])

table('identifiers that are listed as they are', { operation: 'Check', request: uid('client-made') }, [
  ['are any', uid('listed'), uid('other'), ''],
  ['but not where the client has chosen them', uid('client-made'), uid('other'), 'UniqueIdentifier'],
])

table('placeholders', { operation: 'Check', request: uid('$UNIQUE_IDENTIFIER_0'), before: [registered] }, [
  ['bound at first sight', uid('$UNIQUE_IDENTIFIER_1'), uid('new'), ''],
  ['the same ever after', bound, bound, ''],
  ['another value than before', bound, uid('other'), 'UniqueIdentifier'],
  ['an empty value', uid('$UNIQUE_IDENTIFIER_1'), uid(''), 'UniqueIdentifier'],
  ['another type', bound, '<UniqueIdentifier type="Integer" value="1"/>', 'UniqueIdentifier'],
  ['now', date('ActivationDate', '$NOW'), date('ActivationDate', '2027-01-15T08:00:03Z'), ''],
  ['now, an hour ago', date('ActivationDate', '$NOW-3600'), date('ActivationDate', '2027-01-15T07:00:00Z'), ''],
  ['not now', date('ActivationDate', '$NOW'), date('ActivationDate', '2027-01-15T08:01:00Z'), 'ActivationDate'],
  ['before now', date('ActivationDate', '$NOW'), date('ActivationDate', '2027-01-15T07:59:50Z'), 'ActivationDate'],
])

const stream = bytes('CorrelationValue', '$CORRELATION_VALUE')
table('a stream that begins', {
  operation: 'Hash', request: bytes('Data', '00'),
  before: [['Hash', bytes('Data', '00'), bytes('CorrelationValue', 'aa')]],
}, [['has a new value', stream, bytes('CorrelationValue', 'bb'), '']])
table('a stream that goes on', { operation: 'Hash', request: bytes('Data', '00') + bytes('CorrelationValue', 'aa') }, [
  ['has a value', stream, bytes('CorrelationValue', 'aa'), ''],
  ['and only one', stream + stream, bytes('CorrelationValue', 'aa') + bytes('CorrelationValue', 'bb'),
    'CorrelationValue[1]'],
])

table('attributes that were asked for', { operation: 'GetAttributes', request: attributeName('State') }, [
  ['in their order', uid('a') + state + length, uid('a') + state + length, ''],
  ['in another order', uid('a') + state + length, uid('a') + length + state, 'Attribute/AttributeName'],
  ['and one more', uid('a') + state, uid('a') + state + length, 'Attribute'],
  ['and one less', uid('a') + state + length, uid('a') + state, 'Attribute'],
])

table('all attributes', { operation: 'GetAttributes', request: '' }, [
  ['in another order', uid('a') + state + length, uid('a') + length + state, ''],
  ['and one more', uid('a') + state, uid('a') + length + state, ''],
  ['and one less', uid('a') + state + length, uid('a') + state, '/Cryptographic Length'],
  ['one twice', uid('a') + state, uid('a') + state + state, '/State'],
  ['another value', uid('a') + state, uid('a') + state.replace('Active', 'PreActive'), '/State/AttributeValue'],
])

const vendorAttribute = (name: string) => `<Attribute><VendorIdentification type="TextString" value="x"/>
  ${attributeName(name)}<AttributeValue type="TextString" value="v"/></Attribute>`
table('all attributes in 2.x', { operation: 'GetAttributes', version: '2.1', request: '' }, [
  ['in another order, and one more', `<Attributes>${vendorAttribute('ID')}${objectType('PublicKey')}</Attributes>`,
    `<Attributes>${objectType('PublicKey')}<Fresh type="Boolean" value="true"/>${vendorAttribute('ID')}</Attributes>`,
    ''],
  ['and one less', `<Attributes>${vendorAttribute('ID')}${vendorAttribute('Other')}</Attributes>`,
    `<Attributes>${vendorAttribute('ID')}</Attributes>`, 'Attributes/x/Other'],
])

table('lists of attributes', { operation: 'GetAttributeList', request: '' }, [
  ['in another order, and one more', uid('a') + attributeName('State'),
    uid('a') + attributeName('Name') + attributeName('State'), ''],
  ['and one less', uid('a') + attributeName('State'), uid('a') + attributeName('Name'), 'State'],
])

const index = '<AttributeIndex type="Integer" value="0"/>'
const name = (indexItem: string) => attribute('Contact Information', 'type="TextString" value="v"/>', indexItem)
table('an attribute index of 1.1', { operation: 'AddAttribute', version: '1.1', request: '' }, [
  ['is listed and absent', name(index), name(''), ''],
  ['is not listed and there', name(''), name(index), ''],
  ['is 1 and not listed', name(''), name(index.replace('"0"', '"1"')), 'Attribute/AttributeValue'],
])
table('an attribute index of 1.0', { operation: 'AddAttribute', version: '1.0', request: '' }, [
  ['is listed and absent', name(index), name(''), 'Attribute/AttributeIndex'],
])

table('dates', { operation: 'GetAttributes', request: attributeName('Initial Date') }, [
  ['that the server sets', initialDate('2013-01-01T00:00:00Z'), initialDate('2026-01-01T00:00:00Z'), ''],
  ['that are none', initialDate('2013-01-01T00:00:00Z'), attribute('Initial Date', 'type="Integer" value="1"/>'),
    'Attribute/AttributeValue'],
])
table('dates that the client has set', {
  operation: 'GetAttributes', request: attributeName('Activation Date'),
  before: [['Register', date('ActivationDate', '2013-01-01T00:00:00Z'), uid('a')]],
}, [
  ['stay', attribute('Activation Date', 'type="DateTime" value="2013-01-01T00:00:00Z"/>'),
    attribute('Activation Date', 'type="DateTime" value="2013-01-01T00:00:01Z"/>'), 'Attribute/AttributeValue'],
])
table('dates that are no attribute', { operation: 'Check', request: '' }, [
  ['stay', date('SubmissionDate', '2013-01-01T00:00:00Z'), date('SubmissionDate', '2013-01-01T00:00:01Z'),
    'SubmissionDate'],
])

table('an object that the server made', { operation: 'Get', request: bound, before: [created] }, [
  ['has any material', bound + key('Raw', 'aabb'), bound + key('Raw', 'ccdd'), ''],
  ['of the same length', bound + key('Raw', 'aabb'), bound + key('Raw', 'ccddee'),
    'SymmetricKey/KeyBlock/KeyValue/KeyMaterial'],
  ['which is not empty', bound + key('Raw', 'aabb'), bound + key('Raw', ''),
    'SymmetricKey/KeyBlock/KeyValue/KeyMaterial'],
  ['in any format', bound + key('PKCS_1', 'aabb'), bound + key('PKCS_8', 'ccddee'), ''],
  ['of its algorithm', bound + key('Raw', 'aabb'), bound + key('Raw', 'ccdd', 'DES3'),
    'SymmetricKey/KeyBlock/CryptographicAlgorithm'],
])
table('an object in the format that was asked for', {
  operation: 'Get', request: `${bound}<KeyFormatType type="Enumeration" value="PKCS_1"/>`, before: [created],
}, [
  ['has this format', bound + key('PKCS_1', 'aabb'), bound + key('PKCS_8', 'ccddee'),
    'SymmetricKey/KeyBlock/KeyFormatType'],
])
table('an object that the client registered', { operation: 'Get', request: bound, before: [registered] }, [
  ['keeps its material', bound + key('Raw', 'aabb'), bound + key('Raw', 'aabc'),
    'SymmetricKey/KeyBlock/KeyValue/KeyMaterial'],
  ['and its format', bound + key('PKCS_1', 'aabb'), bound + key('PKCS_8', 'aabb'),
    'SymmetricKey/KeyBlock/KeyFormatType'],
])

const asked = { operation: 'GetAttributes', request: bound + attributeName('Digest') }
table('the digest of an object that the server made', { ...asked, before: [created] }, [
  ['is any', bound + digest('SHA_256', 'aa'), bound + digest('SHA_384', 'bb'), ''],
  ['but other parameters are not', bound + parameters('SHA_256'), bound + parameters('SHA_384'),
    'Attribute/AttributeValue/HashingAlgorithm'],
])
table('the digest of an object that the client registered', { ...asked, before: [registered] }, [
  ['is its own', bound + digest('SHA_256', 'aa'), bound + digest('SHA_256', 'bb'),
    'Attribute/AttributeValue/DigestValue'],
])

const encrypt = { operation: 'Encrypt', request: bound + bytes('Data', '00') }
table('output of a key that the server made', { ...encrypt, before: [created] }, [
  ['is any', bound + bytes('Data', 'aa'), bound + bytes('Data', 'bb'), ''],
])
table('output of a key that the client registered', { ...encrypt, before: [registered] }, [
  ['is always the same', bound + bytes('Data', 'aa'), bound + bytes('Data', 'bb'), 'Data'],
  ['but with an IV of the server', bound + bytes('Data', 'aa') + bytes('IVCounterNonce', '01'),
    bound + bytes('Data', 'bb') + bytes('IVCounterNonce', '02'), ''],
])
const padding = '<CryptographicParameters><PaddingMethod type="Enumeration" value="PSS"/></CryptographicParameters>'
table('a signature with random padding', {
  operation: 'Sign', request: bound + padding + bytes('Data', '00'), before: [registered],
}, [['is any', bound + bytes('SignatureData', 'aa'), bound + bytes('SignatureData', 'bb'), '']])
table('a signature without', { operation: 'Sign', request: bound + bytes('Data', '00'), before: [registered] }, [
  ['is always the same', bound + bytes('SignatureData', 'aa'), bound + bytes('SignatureData', 'bb'), 'SignatureData'],
])

table('Query', { operation: 'Query' }, [
  ['more operations, in another order', operation('Query') + operation('Get'),
    operation('Create') + operation('Get') + operation('Query'), ''],
  ['an operation less', operation('Query') + operation('Get'), operation('Query'), 'Get'],
  ['an operation twice', operation('Query'), operation('Query') + operation('Query'), 'Query'],
  ['more object types', objectType('PublicKey'), objectType('SymmetricKey') + objectType('PublicKey'), ''],
  ['another vendor', '<VendorIdentification type="TextString" value="A"/>',
    '<VendorIdentification type="TextString" value="B"/>', ''],
  ['no vendor', '<VendorIdentification type="TextString" value="A"/>', '', 'VendorIdentification'],
  ['an application namespace', '', '<ApplicationNamespace type="TextString" value="A"/>', ''],
  ['another profile', '<ProfileInformation/>', '', 'ProfileInformation'],
])

table('versions, when the client named none', { operation: 'DiscoverVersions' }, [
  ['more', protocolVersion('1.1') + protocolVersion('1.0'), protocolVersion('1.2') + protocolVersion('1.1')
    + protocolVersion('1.0'), ''],
  ['less', protocolVersion('1.1') + protocolVersion('1.0'), protocolVersion('1.1'), '1.0'],
])
table('versions, when the client named some', { operation: 'DiscoverVersions', request: protocolVersion('1.1') }, [
  ['more', protocolVersion('1.1'), protocolVersion('1.1') + protocolVersion('1.0'), 'ProtocolVersion'],
  ['none', protocolVersion('1.1'), '', 'ProtocolVersion'],
])

describe('results', () => {
  const setting = { operation: 'Get', request: uid('a') }
  const failed = (reason: string, message: string, more = '') => answer(setting, '')
    .replace('"Success"/>', `"OperationFailed"/><ResultReason type="Enumeration" value="${reason}"/>${message}`)
    .replace(/<ResponsePayload><\/ResponsePayload>/, more)
  const message = (text: string) => `<ResultMessage type="TextString" value="${text}"/>`
  const extension = (critical: boolean) => `<MessageExtension><VendorIdentification type="TextString" value="v"/>
    <CriticalityIndicator type="Boolean" value="${critical}"/><VendorExtension/></MessageExtension>`
  it.each([
    ['another reason', failed('ItemNotFound', ''), failed('PermissionDenied', ''), 'ResultReason'],
    ['another message', failed('ItemNotFound', message('a')), failed('ItemNotFound', message('b')), ''],
    ['a message more', failed('ItemNotFound', ''), failed('ItemNotFound', message('b')), ''],
    ['a message less', failed('ItemNotFound', message('a')), failed('ItemNotFound', ''), ''],
    ['success', failed('ItemNotFound', ''), answer(setting, ''), 'ResultStatus'],
    ['a payload more', failed('ItemNotFound', ''), failed('ItemNotFound', '', '<ResponsePayload/>'), 'ResponsePayload'],
    ['an extension', failed('ItemNotFound', ''), failed('ItemNotFound', '', extension(false)), ''],
    ['a critical extension', failed('ItemNotFound', ''), failed('ItemNotFound', '', extension(true)),
      'MessageExtension'],
  ])('%s', (_, listed, received, path) => {
    expect(differenceOf(setting, listed, received)).toBe(path)
  })

  it('in another version', () => {
    expect(differenceOf(setting, answer(setting, ''), answer({ ...setting, version: '1.3' }, '')))
      .toBe('ResponseMessage/ResponseHeader/ProtocolVersion/ProtocolVersionMinor')
  })

  it('in more batch items', () => {
    const [item] = /<BatchItem>.*<\/BatchItem>/s.exec(answer(setting, ''))!
    expect(differenceOf(setting, answer(setting, ''), answer(setting, '').replace(item, item + item)))
      .toBe('ResponseMessage/BatchItem')
  })
})
