import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, environmentNames, loadConfig } from '../src/config.ts'
import { defaultLimits, limitRanges } from '../src/server/limits.ts'

const directory = mkdtempSync(join(tmpdir(), 'keyward-config-'))
afterAll(() => rmSync(directory, { recursive: true }))

function write(name: string, content: unknown): string {
  const path = join(directory, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

test('without a file and an environment the defaults hold', () => {
  const config = loadConfig({}, '/nowhere')
  expect(config).toMatchObject({
    host: '127.0.0.1', port: 5696, workers: 1, logLevel: 'info', tlsMinVersion: 'TLSv1.2', requireClientAuthEku: false,
    dataDirectory: '/nowhere/data', certificatesDirectory: '/nowhere/certs', rootKeyFile: '/nowhere/data/root.key',
  })
  expect(config.limits).toEqual(defaultLimits)
})

test('every default limit lies within its range', () => {
  for (const [key, [min, max]] of Object.entries(limitRanges)) {
    const value = defaultLimits[key as keyof typeof limitRanges]
    expect(value, key).toBeGreaterThanOrEqual(min)
    expect(value, key).toBeLessThanOrEqual(max)
  }
  expect(Object.keys(limitRanges).sort()).toEqual(Object.keys(defaultLimits).sort())
})

test('the environment overrides the file, the file the defaults, and each has its own base for paths', () => {
  const path = write('keyward.json', {
    host: '::1', port: 1234, dataDirectory: 'store', requireClientAuthEku: true,
    limits: { batchItemsMax: 7, depthMax: 20 },
  })
  const fromFile = loadConfig({}, directory)
  expect(fromFile).toMatchObject({ host: '::1', port: 1234, dataDirectory: join(directory, 'store') })
  expect(fromFile.rootKeyFile).toBe(join(directory, 'store/root.key'))
  expect(fromFile.limits).toEqual({ ...defaultLimits, batchItemsMax: 7, depthMax: 20 })

  const overridden = loadConfig({
    KEYWARD_CONFIG: path, KEYWARD_PORT: '0', KEYWARD_HOST: 'localhost', KEYWARD_DATA_DIR: 'd', KEYWARD_CERTS_DIR: '/c',
    KEYWARD_LIMITS_BATCH_ITEMS_MAX: '9', KEYWARD_REQUIRE_CLIENT_AUTH_EKU: 'false',
  }, '/work-here')
  expect(overridden).toMatchObject({
    port: 0, host: 'localhost', dataDirectory: '/work-here/d', certificatesDirectory: '/c', requireClientAuthEku: false,
  })
  expect(overridden.limits).toMatchObject({ batchItemsMax: 9, depthMax: 20 })
})

test('each setting has the variable that the documentation promises', () => {
  expect(environmentNames()).toMatchObject({
    'host': 'KEYWARD_HOST', 'port': 'KEYWARD_PORT', 'dataDirectory': 'KEYWARD_DATA_DIR',
    'certificatesDirectory': 'KEYWARD_CERTS_DIR', 'logLevel': 'KEYWARD_LOG_LEVEL', 'workers': 'KEYWARD_WORKERS',
    'limits.idleMsMax': 'KEYWARD_LIMITS_IDLE_MS_MAX',
  })
})

const refusedEnvironment: [variable: string, value: string, need: RegExp][] = [
  ['KEYWARD_PORT', '65536', /0 to 65535/],
  ['KEYWARD_PORT', '-1', /0 to 65535/],
  ['KEYWARD_PORT', '', /0 to 65535/],
  ['KEYWARD_PORT', '0x10', /0 to 65535/],
  ['KEYWARD_PORT', '56.5', /0 to 65535/],
  ['KEYWARD_HOST', '', /host name/],
  ['KEYWARD_HOST', 'a b', /host name/],
  ['KEYWARD_HOST', 'a\n', /host name/],
  ['KEYWARD_DATA_DIR', '', /a path/],
  ['KEYWARD_LOG_LEVEL', 'loud', /trace, debug/],
  ['KEYWARD_WORKERS', '0', /1 to 64/],
  ['KEYWARD_REGION', 'a:b', /a-z/],
  ['KEYWARD_REQUIRE_CLIENT_AUTH_EKU', 'yes', /true or false/],
  ['KEYWARD_TLS_MIN_VERSION', 'TLSv1', /TLSv1.2/],
  ['KEYWARD_LIMITS_MESSAGE_BYTES_MAX', '1e9', /4096 to/],
  ['KEYWARD_CONFIG', '/nowhere/keyward.json', /no such file/],
  ['KEYWARD_CONFIG', '/dev/zero', /a device/],
  ['KEYWARD_PROT', '5696', /no such setting/],
  ['KEYWARD_LIMITS_IDLE_MS', '1', /no such setting/],
]

test.each(refusedEnvironment)('%s=%j is refused by name', (variable, value, need) => {
  const name = variable === 'KEYWARD_CONFIG' ? value : variable
  expect(messageOf({ [variable]: value }, '/nowhere')).toMatch(need)
  expect(messageOf({ [variable]: value }, '/nowhere')).toContain(`configuration: ${name}: `)
})

describe('a wrong file is refused by name, in one line', () => {
  const cases: [content: unknown, named: string][] = [
    [{ prot: 1 }, 'prot: there is no such setting'],
    [{ limits: { idleMsMax: 'long' } }, 'limits.idleMsMax: must be a whole number'],
    [{ limits: { idleMs: 5 } }, 'limits.idleMs: there is no such setting'],
    [{ limits: [] }, 'limits: must be an object'],
    [{ port: '5696' }, 'port: must be a whole number'],
    [{ port: null }, 'port: must be'],
    [{ host: 7 }, 'host: must be'],
    [{ __proto__x: 1, constructor: 1 }, 'there is no such setting'],
    [{ issuerRealms: { ab: 'x' } }, 'issuerRealms: must be'],
    [{ issuerRealms: { ['ab'.repeat(32)]: 5 } }, 'issuerRealms: must be'],
    [{ issuerRealms: 'x' }, 'issuerRealms: must be'],
    [{ servicePrincipals: { rds: 'R D S' } }, 'servicePrincipals: must be'],
    [{ servicePrincipals: { rds: 'default' } }, 'servicePrincipals: must be'],
    [{ servicePrincipals: { '': 'rds' } }, 'servicePrincipals: must be'],
    [{ servicePrincipals: ['rds'] }, 'servicePrincipals: must be'],
    [{ cmkDestroyWindowDays: 6 }, 'cmkDestroyWindowDays: must be'],
    [{ cmkDestroyWindowDays: 367 }, 'cmkDestroyWindowDays: must be'],
    [{ cmkDestroyAtOnce: 'alpha' }, 'cmkDestroyAtOnce: must be'],
    [{ cmkDestroyAtOnce: [''] }, 'cmkDestroyAtOnce: must be'],
    [[], 'must be an object'],
    ['{ "port": 1,\n "rootKeyFile": "secret" oops', 'is not JSON (line 2 column'],
  ]
  test.each(cases)('%j', (content, named) => {
    const message = messageOf({ KEYWARD_CONFIG: write('wrong.json', content) }, '/nowhere')
    expect(message).toContain(named)
    expect(message).not.toMatch(/\n|secret/)
  })
})

test('the variables that only the environment can hold are known, and so is one that the file names for a PIN', () => {
  const hsms = { hsm: { module: '/m.so', token: 't', pinEnvironment: 'KEYWARD_HSM_PIN' } }
  const path = write('hsm.json', { hsms })
  const environment = { KEYWARD_ROOT_KEY_PASSPHRASE: 'secret', KEYWARD_HSM_PIN: '1234' }
  expect(loadConfig({ ...environment, KEYWARD_CONFIG: path }, '/nowhere').hsms).toMatchObject(hsms)
  const message = messageOf(environment, '/nowhere')
  expect(message).toBe('configuration: KEYWARD_HSM_PIN: there is no such setting')
})

function messageOf(environment: NodeJS.ProcessEnv, workingDirectory: string): string {
  try {
    loadConfig(environment, workingDirectory)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('accepted')
}
