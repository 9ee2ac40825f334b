import type { Case } from './case-file.ts'
import { startOwnServer } from './own-server.ts'
import type { OwnServer } from './own-server.ts'
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
 * Starts our own server when none is given. One server has one certificate, so the cases of Suite B's 192-bit level,
 * which takes P-384 alone, have a server of their own.
 *
 * @throws Error when a server does not start
 */
export async function openServers(given: GivenServer | undefined, cases: readonly Case[]): Promise<Servers> {
  const started: OwnServer[] = []
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()))
  }
  const start = async (...options: Parameters<typeof startOwnServer>) => {
    const server = await startOwnServer(...options)
    started.push(server)
    return server
  }
  try {
    const { endpoint, otherEndpoint } = given ?? await start()
    const needs192 = given === undefined && cases.some(isSuiteB192)
    const suiteB192 = needs192 ? (await start('P-384')).endpoint : given?.suiteB192 ?? endpoint
    return {
      endpointFor(one) {
        if (isSuiteB192(one)) return suiteB192
        return expectsFewObjects.test(one.name) ? otherEndpoint : endpoint
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function isSuiteB192({ name }: Case): boolean {
  return name.startsWith('SUITEB_192-')
}

/** They expect just their own objects among all of the last minute, or of a type. */
const expectsFewObjects = /^TC-(OFFSET|CREG)-/
