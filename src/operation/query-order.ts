import { ObjectType, Operation } from '../kmip/generated/enums.ts'

/**
 * Operations and object types as Query lists them. The standard leaves the order open; this is that of the published
 * cases (MSGENC-XML-M-1, SASED-M-1, TL-M-1, TC-LOGIN-1). What they do not list follows, by its number.
 */
export function inQueryOrder(kind: 'operations' | 'objectTypes', codes: readonly number[]): number[] {
  const ranks = kind === 'operations' ? operationRanks : objectTypeRanks
  const rankOf = (code: number): number => ranks.get(code) ?? ranks.size + code
  return codes.toSorted((a, b) => rankOf(a) - rankOf(b))
}

const operationRanks = ranksOf(Operation, [
  'Query', 'Locate', 'Destroy', 'Get', 'Create', 'Register', 'GetAttributes', 'GetAttributeList', 'AddAttribute',
  'ModifyAttribute', 'DeleteAttribute', 'Activate', 'Revoke', 'Poll', 'Cancel', 'Check', 'GetUsageAllocation',
  'CreateKeyPair', 'ReKey', 'Archive', 'Recover', 'ObtainLease', 'ReKeyKeyPair', 'Certify', 'ReCertify',
  'DiscoverVersions', 'Notify', 'Put', 'RNGRetrieve', 'RNGSeed', 'Encrypt', 'Decrypt', 'Sign', 'SignatureVerify', 'MAC',
  'MACVerify', 'Hash', 'CreateSplitKey', 'JoinSplitKey', 'DeriveKey', 'Validate', 'Import', 'Export', 'Log', 'Interop',
  'SetEndpointRole',
])

const objectTypeRanks = ranksOf(ObjectType, [
  'Certificate', 'SymmetricKey', 'SecretData', 'PublicKey', 'PrivateKey', 'Template', 'OpaqueObject', 'SplitKey', 'PGPKey',
  'CertificateRequest',
])

function ranksOf<E extends Readonly<Record<string, number>>>(
  codes: E, names: readonly (keyof E & string)[],
): ReadonlyMap<number, number> {
  return new Map(names.map((name, place) => [codes[name]!, place]))
}
