import type { Case } from './case-file.ts'
import { startOwnServer } from './own-server.ts'
import type { OwnServer, OwnServerOptions } from './own-server.ts'
import { presupposedBy } from './presupposed.ts'
import type { Endpoint } from './transport.ts'

/** A server that is there already, and who we are on it. */
export interface GivenServer {
  /** @param name of the client; undefined when we are nobody of that name */
  endpointOf(name: string): Endpoint | undefined
  /** With certificates on P-384; else the same server as for the other cases. */
  readonly suiteB192?: Endpoint
}

/** The servers of a run. */
export interface Servers {
  endpointFor(one: Case): Endpoint
  stop(): Promise<void>
}

/**
 * Starts our own server when none is given, and one more for the cases of each kind that one server cannot hold.
 *
 * @throws Error when a server does not start
 */
export async function openServers(given: GivenServer | undefined, cases: readonly Case[]): Promise<Servers> {
  if (given !== undefined) return { endpointFor: (one) => onGiven(one, given), stop: async () => {} }
  const started = new Map<OwnServerOptions, OwnServer>()
  const stop = async () => {
    await Promise.all([...started.values()].map((server) => server.stop()))
  }
  try {
    for (const options of new Set(cases.map(optionsFor))) started.set(options, await startOwnServer(options))
    return { endpointFor: (one) => started.get(optionsFor(one))!.endpointOf(clientFor(one)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A server that does not know the client of a profile is asked by the ordinary one. */
function onGiven(one: Case, { endpointOf, suiteB192 }: GivenServer): Endpoint {
  if (isSuiteB192(one) && suiteB192 !== undefined) return suiteB192
  return endpointOf(clientFor(one)) ?? endpointOf(ordinaryFor(one)) ?? endpointOf(most)!
}

function clientFor(one: Case): string {
  return presupposedBy(one).profile ?? ordinaryFor(one)
}

function ordinaryFor(one: Case): string {
  return expectsFewObjects.test(one.name) ? others : most
}

function optionsFor(one: Case): OwnServerOptions {
  if (isSuiteB192(one)) return onP384
  return presupposedBy(one).randomNumberGenerator === undefined ? plain : ansiX931
}

function isSuiteB192({ name }: Case): boolean {
  return name.startsWith('SUITEB_192-')
}

const plain: OwnServerOptions = {}
/** One server has one certificate, and Suite B's 192-bit level takes P-384 alone. */
const onP384: OwnServerOptions = { curve: 'P-384' }
const ansiX931: OwnServerOptions = { randomNumberGenerator: 'ansi-x9.31' }
/** They expect just their own objects among all of the last minute, or of a type. */
const expectsFewObjects = /^TC-(OFFSET|CREG)-/
/** Clients of two accounts. */
const [most, others] = ['alice', 'bob']
