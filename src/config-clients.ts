import { Needed } from './config-protection.ts'
import {
  Operation, ProfileName, QueryFunction, ValidationAuthorityType, ValidationType,
} from './kmip/generated/enums.ts'
import { parseVersion } from './kmip/version.ts'
import { plainProfile } from './model/client-profile.ts'
import type { ClientProfile, NamedProfile, Validation } from './model/client-profile.ts'

/**
 * Client profiles of the configuration file, by their names: whom each is for, and what of `ClientProfile` it has
 * otherwise. Enumerations are written by their names.
 *
 * @throws Needed for what is not such an object, for an unknown setting, and for a client in two of them
 */
export function readClientProfiles(value: unknown): Readonly<Record<string, NamedProfile>> {
  const profiles = objectOf(value, 'an object of names to client profiles')
  const seen = new Set<string>()
  return Object.freeze(Object.fromEntries(Object.entries(profiles).map(([name, given]) => {
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) throw new Needed('client profiles with names of a-z, 0-9 and -')
    const { clients, ...settings } = objectOf(given, `an object as client profile ${name}`)
    return [name, Object.freeze({ clients: readClients(name, clients, seen), profile: readProfile(name, settings) })]
  })))
}

function readClients(name: string, value: unknown, seen: Set<string>): readonly string[] {
  if (name === 'default') {
    if (value !== undefined) throw new Needed('a default profile without clients: it is for all the others')
    return []
  }
  const clients = list(value, (each) => text(each, /^[^/]{1,129}(\/[^/]{1,64})?$/))
  if (clients === undefined || clients.length === 0) {
    throw new Needed(`the clients of profile ${name}: accounts, or account/principal`)
  }
  const twice = clients.find((client) => seen.has(client) || !seen.add(client))
  if (twice !== undefined) throw new Needed(`client profiles with ${twice} in one of them only`)
  return clients
}

function readProfile(name: string, settings: Readonly<Record<string, unknown>>): ClientProfile {
  const read = Object.entries(settings).map(([setting, value]): [string, unknown] => {
    const reader = Object.hasOwn(readers, setting) ? readers[setting as keyof typeof readers] : undefined
    if (reader === undefined) {
      throw new Needed(`client profiles without ${setting}: there are ${Object.keys(readers).join(', ')}`)
    }
    const result = reader[0](value)
    if (result === undefined) throw new Needed(`${reader[1]} as ${setting} of client profile ${name}`)
    return [setting, result]
  })
  return Object.freeze({ ...plainProfile, ...Object.fromEntries(read) })
}

/** Gives what a setting means, or undefined for what cannot be; and what it needs. */
type Reader<T> = readonly [(value: unknown) => T | undefined, string]

const flag: Reader<boolean> = [(value) => (typeof value === 'boolean' ? value : undefined), 'true or false']

const readers: { readonly [key in keyof ClientProfile]-?: Reader<NonNullable<ClientProfile[key]>> } = {
  correlationSince: [(value) => (value === '2.0' || value === '2.1' ? parseVersion(value) : undefined), '2.0 or 2.1'],
  leaseTime: [(value) => whole(value, 4_294_967_295), 'seconds from 0 to 4294967295'],
  objectGroup: [(value) => text(value, /^.{1,255}$/u), 'a text of 1 to 255 characters'],
  operationsOff: named(Operation, 'Operation'),
  asynchronous: flag,
  streaming: flag,
  rngSeed: flag,
  tellsImplementation: flag,
  profilesTold: named(ProfileName, 'Profile Name'),
  validations: [(value) => list(value, readValidation), 'a list of validations'],
  queryFunctions: named(QueryFunction, 'Query Function'),
  authorityName: [
    (value) => text(value, /^(?:CN|OU|O|L|ST|DC|C)=[\w .'()/:-]{1,64}(?:,(?:CN|OU|O|L|ST|DC|C)=[\w .'()/:-]{1,64}){0,9}$/),
    'a distinguished name such as CN=Keys,O=Example,C=DE',
  ],
}

/** The settings that a client profile may have. */
export const profileSettings: readonly string[] = Object.keys(readers)

function readValidation(value: unknown): Validation | undefined {
  if (!isObject(value)) return undefined
  const { validationAuthorityType: authority, validationType: type, validationProfile = [], ...rest } = value
  const isKnown = Object.entries(rest).every(([field, each]) => {
    if (validationTexts.has(field)) return text(each, /^.{1,1024}$/u) !== undefined
    return validationNumbers.has(field) && whole(each, 255) !== undefined
  })
  const validationAuthorityType = valueOf(ValidationAuthorityType, authority)
  const validationType = valueOf(ValidationType, type)
  const profiles = list(validationProfile, (each) => text(each, /^.{1,1024}$/u))
  const isWhole = ['validationVersionMajor', 'validationLevel'].every((field) => field in rest)
  if (!isKnown || !isWhole || validationAuthorityType === undefined || validationType === undefined || profiles === undefined) {
    return undefined
  }
  return { ...rest as unknown as Validation, validationAuthorityType, validationType, validationProfile: profiles }
}

function named(values: Readonly<Record<string, number>>, what: string): Reader<readonly number[]> {
  return [(value) => list(value, (each) => valueOf(values, each)), `a list of names of the ${what} enumeration`]
}

function valueOf(values: Readonly<Record<string, number>>, name: unknown): number | undefined {
  return typeof name === 'string' && Object.hasOwn(values, name) ? values[name] : undefined
}

function list<T>(value: unknown, read: (each: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined
  const items = value.map(read)
  return items.every((item): item is Awaited<T> => item !== undefined) ? items : undefined
}

function text(value: unknown, form: RegExp): string | undefined {
  return typeof value === 'string' && form.test(value) ? value : undefined
}

function whole(value: unknown, max: number): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max ? Number(value) : undefined
}

function objectOf(value: unknown, needed: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new Needed(needed)
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const validationTexts: ReadonlySet<string> = new Set([
  'validationAuthorityCountry', 'validationAuthorityURI', 'validationCertificateIdentifier', 'validationCertificateURI',
  'validationVendorURI',
])
const validationNumbers: ReadonlySet<string> = new Set([
  'validationVersionMajor', 'validationVersionMinor', 'validationLevel',
])
