import { createCipheriv, createDecipheriv, createHmac, createSecretKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, open, readFile, readdir, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncDirectory } from './directory.ts'
import { StartError } from './error.ts'

/**
 * What wraps the data keys. Here it is a key in a file; a passphrase or a token's key can stand behind the same three
 * members.
 */
export interface RootKey {
  /** Names the key in every record that it wraps. At most 64 characters, and never the same for two keys. */
  readonly id: string
  /** Encrypts and authenticates a few dozen bytes. */
  wrap(bytes: Uint8Array): Promise<Uint8Array>
  /** @throws Error if the bytes were not wrapped by this key. */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>
}

/** What the root key's file is protected by, besides its mode. */
export interface Protector {
  /** Stands in the file: `passphrase`, or `hsm` and the instance's name. */
  readonly name: string
  /** @returns one line of printable ASCII */
  seal(key: Buffer): Promise<string>
  /** @throws Error, whose message may be shown, if it cannot be opened */
  open(sealed: string): Promise<Buffer>
}

/**
 * Makes a root key of 32 random bytes in a file that did not exist (mode 0600). The file is complete and on disk when
 * it gets its name, so a crash leaves none or a whole one.
 *
 * @param protector none: the key is in the file as it is
 * @throws StartError if the file exists or cannot be written.
 */
export async function createRootKeyFile(path: string, protector?: Protector): Promise<RootKey> {
  const key = randomBytes(keyBytes)
  const text = await fileText(key, protector)
  const unfinished = `${path}.${thisProcess()}-${randomBytes(8).toString('hex')}.new`
  try {
    await saveSynced(unfinished, text)
    try {
      await link(unfinished, path)
    } finally {
      await unlink(unfinished)
    }
    await syncDirectory(dirname(path))
  } catch (error) {
    throw new StartError(`root key file ${path} cannot be written: ${codeOf(error)}`, { cause: error })
  }
  return rootKeyOf(key)
}

/**
 * @throws StartError, in one line that names the file, if it is missing, cannot be read, may be read by other users of
 *   the machine, or is not a whole root key.
 */
export async function loadRootKeyFile(path: string, protectors: readonly Protector[] = []): Promise<RootKey> {
  const { key } = await readRootKeyFile(path, protectors)
  return rootKeyOf(key)
}

/** The name of the file's protector, or undefined for a key that is in the file as it is. */
export async function protectionOf(path: string): Promise<string | undefined> {
  return fieldsOf(await readFile(path, 'latin1')).get('protection')
}

/** The id of the key that a file holds, as it says itself, or undefined where there is no file. */
export async function rootKeyIdIn(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'latin1').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new StartError(`root key file ${path} cannot be read: ${codeOf(error)}`, { cause: error })
  })
  return text === undefined ? undefined : fieldsOf(text).get('id') ?? ''
}

/** Removes what earlier processes have left of files that they were making. */
export async function removeUnfinished(path: string): Promise<void> {
  const [directory, start] = [dirname(path), `${basename(path)}.`]
  for (const file of await readdir(directory).catch(() => [])) {
    const [, owner] = /\.(\d+(?:-\d+)?)-[0-9a-f]+\.new$/.exec(file) ?? []
    if (!file.startsWith(start) || owner === undefined || owner === thisProcess()) continue
    await unlink(join(directory, file)).catch(() => undefined)
  }
}

/** All threads of this process, and no other: in a container every one has the same number, so its start is added. */
function thisProcess(): string {
  try {
    // Fields after the command, which may hold anything, in parentheses: the start is the 22nd of all (proc(5)).
    const [, fields = ''] = /^.*\) (.*)$/s.exec(readFileSync('/proc/self/stat', 'latin1')) ?? []
    return `${process.pid}-${fields.split(' ')[19] ?? 0}`
  } catch {
    return String(process.pid)
  }
}

async function readRootKeyFile(path: string, protectors: readonly Protector[]): Promise<{ key: Buffer }> {
  let text: string
  try {
    const { mode } = await stat(path)
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8)
      throw new StartError(`root key file ${path} is open to other users (mode ${octal}): chmod 600`)
    }
    text = await readFile(path, 'latin1')
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`root key file ${path} cannot be read: ${codeOf(error)}`, { cause: error })
  }
  const fields = fieldsOf(text)
  const isProtected = fields.get('format') === protectedFormat
  if (!isProtected && fields.get('format') !== format) {
    throw new StartError(`root key file ${path} is not a root key (${format})`)
  }
  const key = isProtected
    ? await openProtected(path, fields, protectors)
    : Buffer.from(fields.get('key') ?? '', 'base64')
  if (key.length !== keyBytes || fields.get('id') !== rootKeyId(key)) {
    throw new StartError(`root key file ${path} is damaged: the key does not match its id`)
  }
  return { key }
}

async function openProtected(
  path: string, fields: ReadonlyMap<string, string>, protectors: readonly Protector[],
): Promise<Buffer> {
  const name = fields.get('protection') ?? ''
  const protector = protectors.find(each => each.name === name)
  if (protector === undefined) {
    throw new StartError(`root key file ${path} is protected by ${name}, which the configuration does not have`)
  }
  try {
    return await protector.open(fields.get('sealed') ?? '')
  } catch (error) {
    throw new StartError(`root key file ${path} cannot be opened by ${name}: ${(error as Error).message}`)
  }
}

async function fileText(key: Buffer, protector: Protector | undefined): Promise<string> {
  const id = rootKeyId(key)
  if (protector === undefined) return `${heading}\nformat: ${format}\nid: ${id}\nkey: ${key.toString('base64')}\n`
  const sealed = await protector.seal(key).catch((error: unknown) => {
    throw new StartError(`root key cannot be protected by ${protector.name}: ${(error as Error).message}`)
  })
  return `${heading}\nformat: ${protectedFormat}\nid: ${id}\nprotection: ${protector.name}\nsealed: ${sealed}\n`
}

function fieldsOf(text: string): Map<string, string> {
  return new Map(text.split('\n').filter(line => !line.startsWith('#')).map(fieldOf))
}

/** Takes the bytes over: they are wiped. */
function rootKeyOf(bytes: Buffer): RootKey {
  const id = rootKeyId(bytes)
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return {
    id,
    wrap: async plain => wrap(key, plain),
    unwrap: async wrapped => unwrap(key, wrapped),
  }
}

function wrap(key: KeyObject, plain: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function unwrap(key: KeyObject, wrapped: Uint8Array): Uint8Array {
  if (wrapped.length < nonceBytes + tagBytes) throw new Error('wrapped key is too short')
  const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAuthTag(wrapped.subarray(wrapped.length - tagBytes))
  const plain = decipher.update(wrapped.subarray(nonceBytes, wrapped.length - tagBytes))
  decipher.final()
  return plain
}

/** The id is the key's check value: it follows from the key, and says nothing of it. */
function rootKeyId(key: Uint8Array): string {
  return createHmac('sha256', key).update('keyward root key id').digest('hex').slice(0, 16)
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, Math.max(colon, 0)).trim(), line.slice(colon + 1).trim()]
}

async function saveSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown reason'
}

const heading = '# Keyward root key: with this file every key can be read, without it none. Keep a secret copy.'
const format = 'keyward-root-key-1'
const protectedFormat = 'keyward-root-key-2'
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
