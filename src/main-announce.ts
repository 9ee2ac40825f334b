import { existsSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { Config } from './config.ts'

/** The ports that are open; without one for HTTPS it is absent. */
export interface Ports {
  readonly kmip: number
  readonly https: number | undefined
}

/** Tells a newcomer what runs and how to talk to it; the last line is what scripts wait for. */
export function announcement(config: Config, { kmip, https }: Ports): string {
  const { host, dataDirectory, certificatesDirectory } = config
  const clients = ['alice', 'bob'].filter((name) => existsSync(join(certificatesDirectory, `${name}.pem`)))
  const files = ['ca.pem', ...clients.map((name) => `${name}.pem and ${name}.key`)]
  const address = isIPv6(host) ? `[${host}]` : host
  return [
    `KMIP 1.0 to 2.1 over mutual TLS; store in ${dataDirectory}`,
    `certificates in ${certificatesDirectory}: ${files.join(', ')}`,
    clients.length === 0 ? 'try it, in another terminal, with a client\'s files:' : 'try it, in another terminal:',
    `  ${[...command(config, kmip), ...(clients.length === 0 ? ownFiles : []), ...sample].join(' ')}`,
    ...(https === undefined ? [] : [`TTLV, XML and JSON over HTTPS: https://${address}:${https}/kmip`]),
    `keyward ready on ${address}:${kmip}`,
  ].join('\n')
}

/** It works in any directory and environment. */
function command({ host, certificatesDirectory }: Config, port: number): string[] {
  const keyward = join(import.meta.dirname, 'cli', 'keyward.mjs')
  const reached = wildcards.get(host) ?? host
  return ['node', quoted(keyward), '--host', reached, '--port', String(port), '--certs', quoted(certificatesDirectory)]
}

/** As one word of a shell. */
function quoted(path: string): string {
  return /^[\w/.:@%+,-]+$/.test(path) ? path : `'${path.replaceAll('\'', String.raw`'\''`)}'`
}

/** Nobody connects to "any address". */
const wildcards: ReadonlyMap<string, string> = new Map([['0.0.0.0', '127.0.0.1'], ['::', '::1']])
const ownFiles = ['--cert', 'FILE', '--key', 'FILE']
const sample = ['create', '--name', 'first-key']
