/**
 * The life of CMKs told again, from the cloud's documentation and without a line of src/: what every action answers in
 * which state, and what a CMK looks like after it. The random test holds the server against it.
 */
export class Account {
  /** Seconds. */
  now: number
  readonly keys: Key[] = []
  readonly aliases = new Map<string, Key>()

  constructor(now: number) {
    this.now = now
  }

  add(id: string, isExternal: boolean): Key {
    const key: Key = {
      id, isExternal, status: isExternal ? 'PendingImport' : 'Enabled', deleteAt: undefined, isProtected: false,
      automatic: false, interval: undefined, lastRotation: this.now, versions: [id], tags: new Map(), description: undefined,
    }
    this.keys.push(key)
    return key
  }

  stateOf({ deleteAt, status }: Key): string {
    if (deleteAt === undefined) return status
    return deleteAt > this.now ? 'PendingDeletion' : 'Deleted'
  }

  aliasesOf(key: Key): string[] {
    return [...this.aliases].filter(([, target]) => target === key).map(([name]) => name).toSorted()
  }

  encrypt(key: Key): Answer {
    return this.#in(key, ['Enabled'])
  }

  decrypt(key: Key): Answer {
    return this.#in(key, ['Enabled', 'Archived'])
  }

  enable(key: Key): Answer {
    return this.#in(key, ['Enabled', 'Disabled'], () => { key.status = 'Enabled' })
  }

  disable(key: Key): Answer {
    return this.#in(key, ['Enabled', 'Disabled'], () => { key.status = 'Disabled' })
  }

  archive(key: Key): Answer {
    return this.#in(key, ['Enabled', 'Archived'], () => { key.status = 'Archived' })
  }

  unarchive(key: Key): Answer {
    return this.#in(key, ['Archived'], () => { key.status = 'Enabled' })
  }

  schedule(key: Key, days: number): Answer {
    if (days < 7 || days > 366) return 'InvalidField'
    const answer = this.#in(key, ['Enabled', 'Disabled', 'PendingImport', 'Archived'])
    if (answer !== 'Success') return answer
    if (key.isProtected) return 'PermissionDenied'
    key.deleteAt = this.now + days * day
    return answer
  }

  cancel(key: Key): Answer {
    return this.#in(key, ['PendingDeletion'], () => {
      key.deleteAt = undefined
      if (key.status !== 'PendingImport') key.status = 'Enabled'
    })
  }

  protect(key: Key, isProtected: boolean): Answer {
    return this.#in(key, ['Enabled', 'Disabled', 'PendingImport', 'Archived'], () => { key.isProtected = isProtected })
  }

  describeAs(key: Key, text: string): Answer {
    return this.#in(key, ['Enabled', 'Disabled', 'PendingImport', 'Archived'], () => { key.description = text })
  }

  tag(key: Key, name: string, value: string): Answer {
    return this.#in(key, ['Enabled', 'Disabled', 'PendingImport', 'Archived'], () => { key.tags.set(name, value) })
  }

  untag(key: Key, name: string): Answer {
    const answer = this.#in(key, ['Enabled', 'Disabled', 'PendingImport', 'Archived'])
    if (answer !== 'Success') return answer
    return key.tags.delete(name) ? answer : 'AttributeNotFound'
  }

  /** The new version's identifier is the server's choice. */
  mayRotate(key: Key): Answer {
    const answer = this.#in(key, ['Enabled'])
    return answer === 'Success' && key.isExternal ? 'IllegalOperation' : answer
  }

  rotated(key: Key, version: string): void {
    key.versions.push(version)
    key.lastRotation = this.now
  }

  setInterval(key: Key, days: number): Answer {
    const answer = this.#in(key, ['Enabled'])
    if (answer !== 'Success') return answer
    if (key.isExternal) return 'IllegalOperation'
    if (days < 7 || days > 365) return 'InvalidField'
    key.interval = days * day
    return answer
  }

  setAutomatic(key: Key, automatic: boolean): Answer {
    const answer = this.#in(key, ['Enabled'])
    if (answer !== 'Success') return answer
    if (automatic && key.isExternal) return 'IllegalOperation'
    if (automatic && key.interval === undefined) return 'InvalidField'
    key.automatic = automatic
    return answer
  }

  createAlias(key: Key, name: string): Answer {
    const answer = this.#in(key, ['Enabled', 'Disabled', 'PendingImport', 'Archived'])
    if (answer !== 'Success') return answer
    if (this.target(name) !== undefined) return 'NonUniqueNameAttribute'
    this.aliases.set(name, key)
    return answer
  }

  moveAlias(key: Key, name: string): Answer {
    const answer = this.#in(key, ['Enabled', 'Disabled', 'PendingImport', 'Archived'])
    if (answer !== 'Success') return answer
    if (this.target(name) === undefined) return 'ObjectNotFound'
    this.aliases.set(name, key)
    return answer
  }

  deleteAlias(key: Key, name: string): Answer {
    if (this.stateOf(key) === 'Deleted') return 'ObjectDestroyed'
    if (this.target(name) !== key) return this.aliasesOf(key).length === 0 ? 'AttributeNotFound' : 'AttributeInstanceNotFound'
    this.aliases.delete(name)
    return 'Success'
  }

  /** An alias of a deleted CMK is free. */
  target(name: string): Key | undefined {
    const key = this.aliases.get(name)
    return key === undefined || this.stateOf(key) === 'Deleted' ? undefined : key
  }

  isRotationDue(key: Key): boolean {
    return key.automatic && this.stateOf(key) === 'Enabled' && key.lastRotation + key.interval! <= this.now
  }

  #in(key: Key, states: readonly string[], change?: () => void): Answer {
    const state = this.stateOf(key)
    if (state === 'Deleted') return 'ObjectDestroyed'
    if (!states.includes(state)) return 'WrongKeyLifecycleState'
    change?.()
    return 'Success'
  }
}

export interface Key {
  readonly id: string
  readonly isExternal: boolean
  status: 'Enabled' | 'Disabled' | 'PendingImport' | 'Archived'
  deleteAt: number | undefined
  isProtected: boolean
  automatic: boolean
  interval: number | undefined
  lastRotation: number
  versions: string[]
  readonly tags: Map<string, string>
  description: string | undefined
}

export type Answer = string
const day = 86_400
