/** A protocol version as one comparable number: major × 100 + minor, 1.4 is 104. */
export type Version = number

/** The versions that are spoken, newest first, as Discover Versions lists them. */
export const versions: readonly Version[] = [201, 200, 104, 103, 102, 101, 100]

/** @param text "major.minor" as in the tables, for example "1.4" */
export function parseVersion(text: string): Version {
  const [major, minor] = text.split('.')
  return toVersion(Number(major), Number(minor))
}

export function toVersion(major: number, minor: number): Version {
  return major * 100 + minor
}

export function major(version: Version): number {
  return Math.trunc(version / 100)
}

export function minor(version: Version): number {
  return version % 100
}
