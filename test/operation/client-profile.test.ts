import { describe, expect, test } from 'vitest'
import { readClientProfiles } from '../../src/config-clients.ts'
import { printItem } from '../../src/kmip/print.ts'
import { ansiX931Source } from '../../src/crypto/random-source.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { ClientProfiles } from '../../src/model/client-profile.ts'
import type { Caller } from '../../src/model/access.ts'
import type { Engine } from '../../src/server/engine.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

/** A client of the profile, and one of another account that has none: the negative control of each row. */
const special = { account: 'alpha', principal: 'special' }
const plain = { account: 'beta', principal: 'plain' }

interface Row {
  readonly what: string
  readonly settings: object
  readonly version: string
  /** Batch items; `$` in a later one is the Unique Identifier of the first. */
  readonly asked: readonly string[]
  readonly header?: string
  /** In the answer to the last one, for the client of the profile and for the other. */
  readonly special: RegExp
  readonly plain: RegExp
}

const rows: readonly Row[] = [
  {
    what: 'an operation is off', settings: { operationsOff: ['Locate'] }, version: '1.4', asked: [item('Locate')],
    special: /OperationNotSupported/, plain: /Success/,
  },
  {
    what: 'Query does not list it', settings: { operationsOff: ['Locate', 'SetEndpointRole'] }, version: '2.1',
    asked: [query('QueryOperations')],
    special: /^(?!.*(Locate|SetEndpointRole|Notify|Put)\n)/s, plain: /(?=.*Locate\n)(?=.*SetEndpointRole\n)(?=.*Notify\n)/s,
  },
  {
    what: 'nothing is executed later', settings: { asynchronous: false }, version: '2.1', asked: [item('Locate')],
    header: '<AsynchronousIndicator type="Enumeration" value="Mandatory"/>',
    special: /FeatureNotSupported/, plain: /OperationPending/,
  },
  {
    what: 'so there is nothing to poll', settings: { asynchronous: false }, version: '1.4',
    asked: [item('Poll', '<AsynchronousCorrelationValue type="ByteString" value="00"/>')],
    special: /OperationNotSupported/, plain: /no request with this correlation value/,
  },
  {
    what: 'nothing comes in parts', settings: { streaming: false }, version: '1.4',
    asked: [item('Hash', `<CryptographicParameters><HashingAlgorithm type="Enumeration" value="SHA_256"/>
      </CryptographicParameters><Data type="ByteString" value="00"/><InitIndicator type="Boolean" value="true"/>`)],
    special: /FeatureNotSupported/, plain: /CorrelationValue/,
  },
  {
    what: 'Query Capabilities say so', settings: { streaming: false, asynchronous: false }, version: '1.4',
    asked: [query('QueryCapabilities')],
    special: /StreamingCapability Boolean false\s+AsynchronousCapability Boolean false/,
    plain: /StreamingCapability Boolean true\s+AsynchronousCapability Boolean true/,
  },
  {
    what: 'a seed is denied', settings: { rngSeed: false }, version: '1.2',
    asked: [item('RNGSeed', '<Data type="ByteString" value="00"/>')],
    special: /PermissionDenied/, plain: /DataLength Integer 0/,
  },
  {
    what: 'Obtain Lease', settings: { leaseTime: 60 }, version: '1.0', asked: [create(), item('ObtainLease', '$')],
    special: /LeaseTime Interval 60/, plain: /LeaseTime Interval 3600/,
  },
  {
    what: 'the Lease Time of a replacement', settings: { leaseTime: 60 }, version: '2.1',
    asked: [
      create2(), item('ReKey', '$'),
      item('GetAttributes', '$<AttributeReference type="Enumeration" value="LeaseTime"/>'),
    ],
    special: /LeaseTime Interval 60/, plain: /LeaseTime Interval 3600/,
  },
  {
    what: 'an Object Group', settings: { objectGroup: 'arrays' }, version: '1.4',
    asked: [create(), item('GetAttributes', '$<AttributeName type="TextString" value="Object Group"/>')],
    special: /AttributeValue TextString "arrays"/, plain: /^(?!.*AttributeValue)/s,
  },
  {
    what: 'the version is not told', settings: { tellsImplementation: false }, version: '1.4',
    asked: [query('QueryServerInformation')],
    special: /VendorIdentification TextString "Keyward"/, plain: /VendorIdentification TextString "Keyward test"/,
  },
  {
    what: 'how things are done is not told', settings: { tellsImplementation: false }, version: '1.4',
    asked: [query('QueryCapabilities')],
    special: /DestroyAction Enumeration Unspecified.*RNGMode Enumeration Unspecified/s,
    plain: /DestroyAction Enumeration KeyMaterialDeleted.*RNGMode Enumeration SharedInstantiation/s,
  },
  {
    what: 'the profiles are told that are listed', settings: { profilesTold: ['TapeLibraryServerKMIPV1_4', 'CompleteServer'] },
    version: '1.4', asked: [query('QueryProfiles')],
    // One that the server does not conform to is not told, whatever the configuration says.
    special: /^(?!.*(CompleteServer|Baseline)).*TapeLibraryServerKMIPV1_4/s, plain: /BaselineServerTLSV1_2KMIPV1_2/,
  },
  {
    what: 'validations are told', version: '1.4', asked: [query('QueryValidations')],
    settings: {
      validations: [{
        validationAuthorityType: 'CommonCriteria', validationType: 'Hardware', validationVersionMajor: 3, validationLevel: 4,
        validationVendorURI: 'https://vendor.example', validationProfile: ['one', 'two'],
      }],
    },
    special: /CommonCriteria\s.*ValidationLevel Integer 4\s.*vendor\.example.*"one"\s.*"two"/s, plain: /^(?!.*Validation)/s,
  },
]

describe('what a client product needs is data', () => {
  test.for(rows)('$what', async ({ settings, version, asked, header, special: expected, plain: otherwise }) => {
    const { engine } = testEngine({ profiles: profilesOf(settings) })
    expect(await say(engine, special, version, asked, header)).toMatch(expected)
    expect(await say(engine, plain, version, asked, header)).toMatch(otherwise)
  })

  test('the principal\'s profile goes before the account\'s, and that before the default', () => {
    const profiles = new ClientProfiles(readClientProfiles({
      default: { leaseTime: 1 },
      account: { clients: ['alpha'], leaseTime: 2 },
      host: { clients: ['alpha/special', 'gamma/x'], leaseTime: 3 },
    }))
    const callers = [{ account: 'beta', principal: 'special' }, { account: 'alpha', principal: 'x' }, special]
    expect(callers.map((caller) => profiles.of(caller).leaseTime)).toEqual([1, 2, 3])
  })

  test('a Server Correlation Value from 2.0 on', async () => {
    const { engine } = testEngine({ profiles: profilesOf({ correlationSince: '2.0' }) })
    expect(await say(engine, special, '2.0', [item('Query', query('QueryObjects'))])).toContain('ServerCorrelationValue')
    expect(await say(engine, plain, '2.0', [item('Query', query('QueryObjects'))])).not.toContain('ServerCorrelationValue')
  })

  test('the name of the authority that certifies for the account', async () => {
    const { engine } = testEngine({ profiles: profilesOf({ authorityName: 'CN=Keys,OU=Storage,C=DE' }) })
    const pair = item('CreateKeyPair', `<CommonAttributes>
      <CryptographicAlgorithm type="Enumeration" value="EC"/><CryptographicLength type="Integer" value="256"/>
      <CryptographicUsageMask type="Integer" value="Sign Verify"/></CommonAttributes>`)
    const issuer = async (caller: Caller): Promise<string> => {
      const made = await say(engine, caller, '2.1', [pair])
      const id = /PublicKeyUniqueIdentifier TextString "([^"]+)"/.exec(made)![1]!
      const certify = item('Certify', `<UniqueIdentifier type="TextString" value="${id}"/>
        <Attributes><CertificateType type="Enumeration" value="X_509"/>
        <CertificateSubjectCN type="TextString" value="x"/></Attributes>`)
      return say(engine, caller, '2.1', [certify, item('GetAttributes', '$')])
    }
    expect(await issuer(special)).toMatch(/CertificateIssuerCN TextString "Keys"/)
    expect(await issuer(plain)).toMatch(/CertificateIssuerCN TextString "Keyward CA/)
  })
})

describe('the generator of random numbers that the server is set to', () => {
  const { engine } = testEngine({ provider: softwareProvider(ansiX931Source()) })
  const wanted = (algorithm: string): string => create2(`<RandomNumberGenerator>
    <RNGAlgorithm type="Enumeration" value="${algorithm}"/></RandomNumberGenerator>`)

  test('is told, takes a seed, and is that of new keys', async () => {
    expect(await say(engine, plain, '1.3', [query('QueryRNGs')])).toContain('RNGAlgorithm Enumeration ANSIX9_31')
    const seed = item('RNGSeed', `<Data type="ByteString" value="${'ab'.repeat(32)}"/>`)
    expect(await say(engine, plain, '1.3', [seed])).toContain('DataLength Integer 16')
    const attributes = item('GetAttributes', '$<AttributeReference type="Enumeration" value="RandomNumberGenerator"/>')
    expect(await say(engine, plain, '2.1', [create2(), attributes])).toContain('RNGAlgorithm Enumeration ANSIX9_31')
  })

  test('serves who demands it; another one is refused', async () => {
    expect(await say(engine, plain, '2.1', [wanted('ANSIX9_31')])).toContain('ResultStatus Enumeration Success')
    expect(await say(engine, plain, '2.1', [wanted('DRBG')])).toContain('FeatureNotSupported')
    expect(await say(testEngine().engine, plain, '2.1', [wanted('ANSIX9_31')])).toContain('FeatureNotSupported')
  })
})

test.for([
  [{ Bad: { clients: ['a'] } }, 'a-z, 0-9'],
  [{ one: { clients: [] } }, 'the clients of profile one'],
  [{ one: {} }, 'the clients of profile one'],
  [{ one: { clients: ['a/b/c'] } }, 'the clients of profile one'],
  [{ one: { clients: ['a'] }, two: { clients: ['a'] } }, 'in one of them only'],
  [{ default: { clients: ['a'] } }, 'without clients'],
  [{ one: { clients: ['a'], leasetime: 3 } }, 'without leasetime'],
  [{ one: { clients: ['a'], constructor: 3 } }, 'without constructor'],
  [{ one: { clients: ['a'], leaseTime: -1 } }, 'as leaseTime'],
  [{ one: { clients: ['a'], operationsOff: ['Fetch'] } }, 'as operationsOff'],
  [{ one: { clients: ['a'], operationsOff: ['toString'] } }, 'as operationsOff'],
  [{ one: { clients: ['a'], streaming: 'no' } }, 'as streaming'],
  [{ one: { clients: ['a'], correlationSince: '1.4' } }, 'as correlationSince'],
  [{ one: { clients: ['a'], profilesTold: 'all' } }, 'as profilesTold'],
  [{ one: { clients: ['a'], authorityName: 'Keys' } }, 'as authorityName'],
  [{ one: { clients: ['a'], validations: [{ validationAuthorityType: 'NISTCMVP' }] } }, 'as validations'],
  [{ one: { clients: ['a'], objectGroup: '' } }, 'as objectGroup'],
  [{ one: 3 }, 'an object as client profile one'],
  [[], 'an object of names'],
] as const)('%j is refused at start', ([profiles, message]) => {
  expect(() => readClientProfiles(profiles)).toThrow(message)
})

function profilesOf(settings: object): ClientProfiles {
  return new ClientProfiles(readClientProfiles({ special: { clients: ['alpha/special'], ...settings } }))
}

/** @returns the answer to the last message, printed; each batch item is a message of its own */
async function say(
  engine: Engine, caller: Caller, version: string, items: readonly string[], header = '',
): Promise<string> {
  let [answer, id] = ['', '']
  for (const each of items) {
    const of = `<UniqueIdentifier type="TextString" value="${id}"/>`
    const { bytes } = await engine.process(encodeItem(request(version, each.replace('$', of), header)), caller)
    answer = printItem(decodeItem(bytes), { secrets: true })
    id = /UniqueIdentifier TextString "([^"]+)"/.exec(answer)?.[1] ?? id
  }
  return answer
}

function query(name: string): string {
  return item('Query', `<QueryFunction type="Enumeration" value="${name}"/>`)
}

function create(): string {
  const attribute = (name: string, type: string, value: string): string => `<Attribute>
    <AttributeName type="TextString" value="${name}"/><AttributeValue type="${type}" value="${value}"/></Attribute>`
  return item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><TemplateAttribute>
    ${attribute('Cryptographic Algorithm', 'Enumeration', 'AES')}
    ${attribute('Cryptographic Length', 'Integer', '128')}
    ${attribute('Cryptographic Usage Mask', 'Integer', 'Encrypt')}</TemplateAttribute>`)
}

function create2(more = ''): string {
  return item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
    <CryptographicAlgorithm type="Enumeration" value="AES"/><CryptographicLength type="Integer" value="128"/>
    <CryptographicUsageMask type="Integer" value="Encrypt"/>${more}</Attributes>`)
}
