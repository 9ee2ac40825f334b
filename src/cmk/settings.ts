/** What of the configuration CMKs need. */
export interface CmkSettings {
  /** In the ARNs of CMKs. */
  readonly region: string
  /** Principals that act for a cloud service, with the service's name: they may use default and service keys. */
  readonly services: Readonly<Record<string, string>>
  /** Days of the deletion window that plain KMIP Destroy of a CMK's version opens: 7 to 366. */
  readonly destroyWindowDays: number
  /** Accounts in which plain Destroy deletes a CMK at once. */
  readonly destroyAtOnce: readonly string[]
}

export const defaultCmkSettings: CmkSettings = {
  region: 'local',
  services: {},
  destroyWindowDays: 30,
  destroyAtOnce: [],
}
