import { ProfileName } from '../kmip/generated/enums.ts'
import { major, minor, versions } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import type { Settings } from './operation.ts'

/** A profile as Query tells it. */
export interface Profile {
  readonly profileName: number
  readonly profileVersion?: { readonly profileVersionMajor: number, readonly profileVersionMinor: number }
}

/**
 * The profiles that the server conforms to, oldest version first, up to the version of the request: those whose
 * mandatory published cases it passes, whichever generator of random numbers it is set to have (theirs is ANSI X9.31),
 * but for cases that are skipped with a reason (`spec/skipped.json`). Not told are those that hang on the server's
 * certificate (Suite B), HTTPS, XML and JSON without the second port,
 * and what is told of the version before 2.0 is not told again after it, where the names have no version in them.
 */
export function profilesOf(version: Version, { https }: Pick<Settings, 'https'>): Profile[] {
  const spoken = versions.toReversed().filter((each) => each <= version && major(each) === major(version))
  if (major(version) === 1) {
    const families = https ? [...families1, ...encodings1] : families1
    return families.flatMap((family) => spoken.flatMap((each) => namedVersion(family, each)))
  }
  const families = https ? [...families2, ...encodings2] : families2
  return families.flatMap((profileName) => spoken.map((each) => (
    { profileName, profileVersion: { profileVersionMajor: major(each), profileVersionMinor: minor(each) } }
  )))
}

/** Nothing where the profile does not exist in that version. */
function namedVersion(family: string, version: Version): Profile[] {
  const name = `${family}KMIPV1_${minor(version)}`
  return isProfileName(name) ? [{ profileName: ProfileName[name] }] : []
}

function isProfileName(name: string): name is keyof typeof ProfileName {
  return Object.hasOwn(ProfileName, name)
}

/** Not the Basic ones: their authentication suite begins with TLS 1.0, which is not spoken. */
const families1 = [
  'BaselineServerTLSV1_2', 'TapeLibraryServer', 'SymmetricKeyLifecycleServer', 'AsymmetricKeyLifecycleServer',
  'BasicCryptographicServer', 'AdvancedCryptographicServer', 'RNGCryptographicServer', 'SymmetricKeyFoundryServer',
  'OpaqueManagedObjectStoreServer', 'StorageArrayWithSelfEncryptingDriveServer',
]
const families2 = [
  ProfileName.BaselineServer, ProfileName.TapeLibraryServer, ProfileName.SymmetricKeyLifecycleServer,
  ProfileName.AsymmetricKeyLifecycleServer, ProfileName.BasicCryptographicServer,
  ProfileName.AdvancedCryptographicServer, ProfileName.RNGCryptographicServer, ProfileName.SymmetricKeyFoundryServer,
  ProfileName.OpaqueManagedObjectStoreServer, ProfileName.StorageArrayWithSelfEncryptingDriveServer,
  ProfileName.AESXTSServer, ProfileName.QuantumSafeServer, ProfileName.PKCS_11Server,
]
const encodings1 = ['HTTPSServer', 'JSONServer', 'XMLServer']
const encodings2 = [ProfileName.HTTPSServer, ProfileName.JSONServer, ProfileName.XMLServer]
