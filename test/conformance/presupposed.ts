import type { Case } from './case-file.ts'

/**
 * What published cases presuppose of the server that they are held with. The standard leaves it to the server, cases
 * differ in it, and the configuration can be told; so each of them is held by a client of the profile that it needs.
 */
export interface Presupposed {
  readonly cases: RegExp
  /** Of `clientProfiles` in the configuration. */
  readonly profile?: string
  readonly randomNumberGenerator?: 'ansi-x9.31'
  readonly because: string
}

/** Client profiles as the configuration file has them, without their clients. */
export const clientProfiles: Readonly<Record<string, object>> = {
  'no-lease': { leaseTime: 0 },
  'grouping': { objectGroup: 'default' },
  'seedless': { rngSeed: false },
  'plain-server': { streaming: false, asynchronous: false, tellsImplementation: false },
  'tape-1-0': { profilesTold: ['TapeLibraryServerKMIPV1_0'] },
  'tape-1-4': {
    profilesTold: ['TapeLibraryServerKMIPV1_2', 'TapeLibraryServerKMIPV1_3', 'TapeLibraryServerKMIPV1_4'],
  },
  'validated': {
    validations: [{
      validationAuthorityType: 'NISTCMVP',
      validationAuthorityCountry: 'US',
      validationAuthorityURI: 'http://csrc.nist.gov/groups/STM/cmvp/',
      validationVersionMajor: 2,
      validationType: 'Software',
      validationLevel: 1,
      validationCertificateIdentifier: '1747',
      validationCertificateURI: 'http://csrc.nist.gov/groups/STM/cmvp/documents/140-1/1401val2012.htm#1747',
    }],
  },
  'told-profiles': {
    queryFunctions: [
      'QueryOperations', 'QueryObjects', 'QueryServerInformation', 'QueryAttestationTypes', 'QueryProfiles',
      'QueryCapabilities',
    ],
  },
}

const table: readonly Presupposed[] = [
  {
    cases: /^TC-95-11$/, profile: 'no-lease',
    because: 'lists a Lease Time of 0, the others 3600; it is the maximum that the server serves (KMIP 1.4 3.20)',
  },
  {
    cases: /^SKFF-O-6-11$/, profile: 'grouping',
    because: 'lists an Object Group that the client has not set, so that the server has (KMIP 1.4 3.33)',
  },
  {
    cases: /^CS-RNG-O-2-/, randomNumberGenerator: 'ansi-x9.31',
    because: 'lists that 16 bytes of a seed of 32 are used: one block, which is the seed of ANSI X9.31 (KMIP 1.4 4.36)',
  },
  { cases: /^CS-RNG-O-4-/, profile: 'seedless', because: 'lists that a seed is denied, another case that it is taken' },
  {
    cases: /^TC-Q-CAP-1-/, profile: 'plain-server',
    because: 'lists a server without streaming and asynchronous requests, TC-Q-CAP-2 one with both',
  },
  {
    cases: /^TC-Q-PROF-1-13$/, profile: 'tape-1-0',
    because: 'lists one profile; which of those that it conforms to a server tells is its own affair',
  },
  { cases: /^TC-Q-PROF-1-14$/, profile: 'tape-1-4', because: 'as TC-Q-PROF-1-13, with three versions of one profile' },
  {
    cases: /^TC-Q-VAL-1-/, profile: 'validated',
    because: 'lists the validation that "the server asserts" (KMIP 2.1 6.1.40); its operator knows which',
  },
  { cases: /^TC-Q-S2C-PROF-2-/, profile: 'told-profiles', because: 'lists one function more than TC-Q-S2C-1' },
]

/** @returns the profile of the client, if it is not everybody's, and the generator, if it is not the default one */
export function presupposedBy(one: Case): Pick<Presupposed, 'profile' | 'randomNumberGenerator'> {
  const listed = table.find(({ cases }) => cases.test(one.name))
  const isX931 = listed?.randomNumberGenerator !== undefined || family.test(one.name) || listsX931(one)
  return { ...(listed?.profile && { profile: listed.profile }), ...(isX931 && { randomNumberGenerator: 'ansi-x9.31' }) }
}

/** Keys of that generator, and what tells of them (KMIP 1.4 3.44: "depending on which random number generator was used"). */
function listsX931({ steps }: Case): boolean {
  return steps.some(({ response }) => JSON.stringify(response).includes('"ANSIX9_31"'))
}

/** The case that lists the generator finds a key that the ones before have made. */
const family = /^TL-M-\d-(?:14|20|21)$/
