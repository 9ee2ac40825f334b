import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { connect } from '../client/client.ts'
import type { Client } from '../client/client.ts'
import { parseVersion, versions } from '../kmip/version.ts'
import { UsageError, wholeNumber } from './command.ts'
import type { OptionTable, Values } from './command.ts'

/** What every command takes, before or after its name. */
export const globalOptions = {
  host: { type: 'string', value: 'HOST', description: 'address of the server (KEYWARD_HOST; 127.0.0.1)' },
  port: { type: 'string', value: 'PORT', description: 'its port (KEYWARD_PORT; 5696)' },
  certs: {
    type: 'string', value: 'DIR', description: 'where ca.pem and the client\'s files are (KEYWARD_CERTS_DIR; ./certs)',
  },
  as: { type: 'string', value: 'NAME', description: 'who to be: NAME.pem and NAME.key of that directory (alice)' },
  ca: { type: 'string', value: 'FILE', description: 'certificates of the server\'s authority, instead of DIR/ca.pem' },
  cert: { type: 'string', value: 'FILE', description: 'the client\'s certificate, instead of DIR/NAME.pem' },
  key: { type: 'string', value: 'FILE', description: 'its key, instead of DIR/NAME.key' },
  'kmip-version': { type: 'string', value: 'X.Y', description: 'protocol version (the newest that both sides know)' },
  timeout: { type: 'string', value: 'SECONDS', description: 'for the connection and each answer (30)' },
  json: { type: 'boolean', description: 'print JSON, errors too' },
  help: { type: 'boolean', short: 'h', description: 'print what the command does and takes' },
} as const satisfies OptionTable
export type Globals = Values<typeof globalOptions>

/**
 * Connects as the options and the environment say.
 *
 * @throws UsageError for a wrong value or a file that cannot be read
 * @throws ConnectionError
 */
export function openClient(options: Globals, environment: Readonly<NodeJS.ProcessEnv>): Promise<Client> {
  const directory = certificatesDirectory(options, environment)
  const name = options.as ?? 'alice'
  const version = options['kmip-version']
  return connect({
    host: options.host ?? environment['KEYWARD_HOST'] ?? '127.0.0.1',
    port: wholeNumber('--port', options.port ?? environment['KEYWARD_PORT'] ?? '5696', 1, 65_535),
    ca: readPem(options.ca ?? join(directory, 'ca.pem')),
    cert: readPem(options.cert ?? join(directory, `${name}.pem`)),
    key: readPem(options.key ?? join(directory, `${name}.key`)),
    timeoutMs: wholeNumber('--timeout', options.timeout ?? '30', 1, 3_600) * 1_000,
    ...(version !== undefined && { version: knownVersion(version) }),
  })
}

/** Absolute. */
export function certificatesDirectory({ certs }: Globals, environment: Readonly<NodeJS.ProcessEnv>): string {
  return resolve(certs ?? environment['KEYWARD_CERTS_DIR'] ?? 'certs')
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(`${path} cannot be read (${code}): --certs names the directory of the certificates`)
  }
}

function knownVersion(text: string): number {
  const version = /^\d\.\d$/.test(text) ? parseVersion(text) : undefined
  if (version !== undefined && versions.includes(version)) return version
  throw new UsageError('--kmip-version must be one of 1.0, 1.1, 1.2, 1.3, 1.4, 2.0, 2.1')
}
