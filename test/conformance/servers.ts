import type { Case } from './case-file.ts'
import { startOwnServer } from './own-server.ts'
import type { OwnServer, OwnServerOptions } from './own-server.ts'
import type { Endpoint } from './transport.ts'

/** A server that is there already, and who we are on it. */
export interface GivenServer {
  readonly endpoint: Endpoint
  /** Of another account. */
  readonly otherEndpoint: Endpoint
  /** With certificates on P-384; else the same server as for the other cases. */
  readonly suiteB192?: Endpoint
}

/** The servers of a run. */
export interface Servers {
  endpointFor(one: Case): Endpoint
  stop(): Promise<void>
}

/**
 * Starts our own server when none is given, and one more for the cases of each kind that need another configuration.
 *
 * @throws Error when a server does not start
 */
export async function openServers(given: GivenServer | undefined, cases: readonly Case[]): Promise<Servers> {
  if (given !== undefined) return { endpointFor: (one) => endpointOf(one, given), stop: async () => {} }
  const started = new Map<OwnServerOptions, OwnServer>()
  const stop = async () => {
    await Promise.all([...started.values()].map((server) => server.stop()))
  }
  try {
    for (const options of new Set(cases.map(optionsFor))) started.set(options, await startOwnServer(options))
    return { endpointFor: (one) => endpointOf(one, started.get(optionsFor(one))!), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function endpointOf(one: Case, { endpoint, otherEndpoint, suiteB192 }: GivenServer): Endpoint {
  if (isSuiteB192(one)) return suiteB192 ?? endpoint
  return expectsFewObjects.test(one.name) ? otherEndpoint : endpoint
}

function optionsFor(one: Case): OwnServerOptions {
  return isSuiteB192(one) ? onP384 : plain
}

function isSuiteB192({ name }: Case): boolean {
  return name.startsWith('SUITEB_192-')
}

const plain: OwnServerOptions = {}
/** One server has one certificate, and Suite B's 192-bit level takes P-384 alone. */
const onP384: OwnServerOptions = { curve: 'P-384' }
/** They expect just their own objects among all of the last minute, or of a type. */
const expectsFewObjects = /^TC-(OFFSET|CREG)-/
