import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Logger } from 'pino'
import packageJson from '../package.json' with { type: 'json' }
import { ConfigError, acknowledgeVariable, loadConfig } from './config.ts'
import type { Config } from './config.ts'
import { ansiX931Source, openSslSource } from './crypto/random-source.ts'
import { softwareProvider } from './crypto/software.ts'
import { announcement } from './main-announce.ts'
import type { Ports } from './main-announce.ts'
import { keepMemoryOutOfCoreDumps } from './main-core-dump.ts'
import { collectYoungGarbageAlone } from './main-garbage.ts'
import { openLog, threadLogger } from './main-log.ts'
import { openProtection, promptPins } from './main-protection.ts'
import type { Pins } from './main-protection.ts'
import { openRootKey, renewRootKey } from './main-root-key.ts'
import { startThread, stopMessage } from './main-threads.ts'
import type { AnyThreadMessage, Thread } from './main-threads.ts'
import { ClientProfiles } from './model/client-profile.ts'
import { Keys } from './operation/keys.ts'
import { ObjectCache } from './operation/object-cache.ts'
import type { Settings } from './operation/operation.ts'
import { storedKeyOf } from './operation/stored-key.ts'
import { Streams } from './operation/streams.ts'
import { operations } from './operation/table.ts'
import { Admission } from './server/admission.ts'
import { logAudit } from './server/audit.ts'
import type { Services } from './server/batch-item.ts'
import { ChangeRelay } from './server/change-relay.ts'
import { clientCredentials } from './server/client-authority.ts'
import { CredentialsError, hasThrowAwayPki, loadServerCredentials, missingCredentials } from './server/credentials.ts'
import type { ServerCredentials } from './server/credentials.ts'
import { Engine } from './server/engine.ts'
import { GivenUpKeys, giveUpAnnounced } from './server/given-up-keys.ts'
import { HttpsListener } from './server/https.ts'
import type { IdentityPolicy } from './server/identity.ts'
import { Listener } from './server/listener.ts'
import type { ListenerOptions } from './server/listener.ts'
import { PartRouter } from './server/part-router.ts'
import type { Processor } from './server/part-router.ts'
import { Scheduler } from './server/scheduler.ts'
import { makeDirectory } from './store/directory.ts'
import { StartError } from './store/error.ts'
import { openKeyring } from './store/keyring.ts'
import { commitCounter, openLmdbStore } from './store/lmdb.ts'
import { sealedStore } from './store/sealed.ts'

/** Puts the server together from its configuration and starts it; the one place that names adapters. */
async function start(): Promise<void> {
  collectYoungGarbageAlone()
  const config = loadConfig(process.env, process.cwd())
  const { log, portForThread } = openLog(config.logLevel)
  if (!keepMemoryOutOfCoreDumps()) log.warn('core dumps of this process would hold keys: switch them off (ulimit -c 0)')
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'the server stops because of a bug')
    process.exit(1)
  })
  await makeDirectory('data directory', config.dataDirectory, 0o700)
  if (missingCredentials(config.certificatesDirectory).length > 0) await makeThrowAwayPki(config)
  const pins = await promptPins(config)
  const first: ThreadData = {
    config, run: randomUUID(), ticketKeys: randomBytes(48), pins, number: 0, commits: commitCounter(),
  }
  const others: Thread[] = []
  const pass = (message: AnyThreadMessage): void => {
    if (message.to === 0) running.receive(message)
    else others[message.to - 1]?.send(message)
  }
  const running = await serve(first, log, pass)
  for (let number = 1; number < config.workers; number += 1) {
    const data: OtherThreadData = { ...first, ports: running.ports, number, log: portForThread() }
    const options = { workerData: data, transferList: [data.log] }
    others.push(await startThread(new URL(import.meta.url), options, pass, log))
  }
  const stop = once(async () => {
    log.info('draining')
    await Promise.all(others.map((thread) => thread.stop()))
    await running.stop()
    log.info('stopped')
    process.exitCode = 0
  })
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('SIGUSR2', () => void running.renewRootKey(() => loadConfig(process.env, process.cwd())))
  process.stdout.on('error', (error) => log.warn({ err: error }, 'nobody is told that the server is ready'))
  // Whoever reads it may send a signal at once.
  process.stdout.write(`${announcement(config, running.ports)}\n`)
}

/** Issuing needs libraries that an ordinary start has no use for. */
async function makeThrowAwayPki({ certificatesDirectory: directory, host }: Config): Promise<void> {
  const { PkiError, makePki } = await import('./server/pki.ts')
  await makePki(directory, Date.now(), { host }).catch((error: unknown) => {
    if (error instanceof PkiError) {
      const missing = missingCredentials(directory).join(' and ')
      throw new CredentialsError(`${directory} has no ${missing}, and none can be made: ${error.message}`)
    }
    const { syscall, message } = error as NodeJS.ErrnoException
    throw syscall === undefined ? error : new CredentialsError(`certificates directory ${directory}: ${message}`)
  })
}

/** One listening thread: a whole server on the shared store and port. */
async function serve(thread: ThreadData, log: Logger, send: (message: AnyThreadMessage) => void): Promise<Running> {
  const { config } = thread
  const credentials = loadServerCredentials(config.certificatesDirectory, Date.now())
  const asked = process.env[acknowledgeVariable]
  const acknowledge = asked === 'before-commit' || asked === 'before-sync' ? asked : 'durable'
  if (acknowledge !== 'durable') log.error('changes are acknowledged before they are durable: this is a test, and loses keys')
  const inner = await openLmdbStore({
    directory: join(config.dataDirectory, 'store'),
    mapSize: config.storeMapBytes,
    commits: thread.commits,
    acknowledge,
  })
  const provider = softwareProvider(config.randomNumberGenerator === 'ansi-x9.31' ? ansiX931Source() : openSslSource)
  const protection = await openProtection(config, provider, {
    log: log.child({ protection: true }), pins: thread.pins, copyMsMax: cachedObjectMsMax,
  })
  const rootKey = await openRootKey(config, inner, protection.providers)
  const store = sealedStore(inner, await openKeyring({ store: inner, ...rootKey }))
  const cache = new ObjectCache(cachedObjectsMax, cachedObjectMsMax)
  const settings = settingsOf(config)
  const available = operations.filter(({ isAvailable }) => isAvailable?.(settings) !== false)
  const services: Services = {
    operations: new Map(available.map((operation) => [operation.code, operation])),
    store, cache, provider,
    keys: new Keys(provider, protection.providers, storedKeyOf),
    streams: new Streams(config.limits.streamsPerAccountMax, streamIdleSecondsMax, thread.number),
    settings,
    limits: config.limits,
    profiles: new ClientProfiles(config.clientProfiles),
    clock: Date.now,
    run: thread.run,
    log,
    audit: logAudit(log.child({ audit: true })),
    clients: clientCredentials(config.certificatesDirectory, identityPolicy(credentials, config)),
  }
  const engine = new Engine(services)
  const place = { own: thread.number, threads: config.workers }
  const router = config.workers > 1 ? new PartRouter(engine, place, send, log) : undefined
  const relay = config.workers > 1 ? new ChangeRelay(engine.changes, place, send) : undefined
  const { listener, https } = listenersOf(router ?? engine, credentials, thread, log)
  const scheduler = new Scheduler(services, randomUUID(), engine.changes)
  const givenUpKeys = new GivenUpKeys(services)
  if (thread.number === 0) await giveUpAnnounced(store)
  const address = await listener.listen().catch(cannotListen('KEYWARD_HOST and KEYWARD_PORT'))
  const httpsAddress = await https?.listen().catch(cannotListen('KEYWARD_HOST and KEYWARD_HTTPS_PORT'))
  engine.start()
  scheduler.start()
  givenUpKeys.start()
  return {
    ports: { kmip: address.port, https: httpsAddress?.port },
    announce: () => relay?.announce(),
    receive(message) {
      if (message.kind === 'listening' || message.kind === 'changed') relay?.receive(message)
      else router?.receive(message)
    },
    renewRootKey: (reload) => renewRootKey(reload, { inner, store }, protection.providers, log),
    async stop() {
      await Promise.all([listener.drain(), https?.drain()])
      await engine.stop()
      await scheduler.stop()
      await givenUpKeys.stop()
      cache.close()
      protection.close()
      await store.close()
    },
  }
}

/** The system's own words do not say which settings they are about. */
function cannotListen(settings: string): (error: Error) => never {
  return ({ message }) => {
    throw new StartError(`${message}: ${settings} say where to listen`)
  }
}

function settingsOf(config: Config): Settings {
  return {
    locateItemsMax: config.limits.locateItemsMax,
    randomBytesMax: randomBytesMax,
    serverName: 'Keyward',
    serverVersion: packageJson.version,
    https: config.httpsPort !== undefined,
    interop: config.interop === 'on' || (config.interop === 'auto' && hasThrowAwayPki(config.certificatesDirectory)),
    cmk: {
      region: config.region,
      services: config.servicePrincipals,
      destroyWindowDays: config.cmkDestroyWindowDays,
      destroyAtOnce: config.cmkDestroyAtOnce,
    },
  }
}

function identityPolicy({ authorities }: ServerCredentials, config: Config): IdentityPolicy {
  return { authorities, issuerRealms: config.issuerRealms, requireClientAuthEku: config.requireClientAuthEku }
}

/** The ports, with what is bounded for all of them together. */
function listenersOf(
  engine: Processor, credentials: ServerCredentials, { config, ports, ticketKeys }: ThreadData, log: Logger,
): { listener: Listener, https: HttpsListener | undefined } {
  const admission = new Admission(identityPolicy(credentials, config), config.limits, log)
  const options: ListenerOptions = {
    host: config.host,
    port: ports?.kmip ?? config.port,
    reusePort: config.workers > 1,
    credentials,
    minVersion: config.tlsMinVersion,
    ticketKeys: Buffer.from(ticketKeys),
  }
  const listener = new Listener(engine, admission, options, config.limits, log)
  const httpsPort = ports?.https ?? config.httpsPort
  const https = httpsPort === undefined
    ? undefined
    : new HttpsListener(engine, admission, { ...options, port: httpsPort }, config.limits, log)
  return { listener, https }
}

interface Running {
  /** Takes what another thread has for this one. */
  receive(message: AnyThreadMessage): void
  /** To the other threads, once they can hear it. */
  announce(): void
  /** With the configuration as it is then. */
  renewRootKey(reload: () => Config): Promise<void>
  readonly ports: Ports
  stop(): Promise<void>
}

interface ThreadData {
  readonly config: Config
  /** Tells this run of the server from earlier ones. */
  readonly run: string
  readonly ticketKeys: Uint8Array
  readonly pins: Pins
  /** 0 for the first, through which the others speak to each other. */
  readonly number: number
  /** How the threads know of each other's commits. */
  readonly commits: Int32Array
  /** The ports that the first thread has; absent for the first. */
  readonly ports?: Ports
}

interface OtherThreadData extends ThreadData { readonly log: MessagePort }

async function work(thread: OtherThreadData): Promise<void> {
  const port = parentPort!
  const running = await serve(thread, threadLogger(thread.config.logLevel, thread.log), (message) => port.postMessage(message))
  port.on('message', (message: AnyThreadMessage | typeof stopMessage) => {
    if (message !== stopMessage) running.receive(message)
    else void running.stop().then(() => port.close())
  })
  port.postMessage('ready')
  running.announce()
}

function once(action: () => Promise<void>): () => void {
  let started = false
  return () => {
    if (!started) void action()
    started = true
  }
}

/** What an operator did wrong is told in one line; anything else is our bug and shows its stack. */
function fail(error: unknown): never {
  const isRefusal = startErrors.some((kind) => error instanceof kind)
  const known = isRefusal || (error as NodeJS.ErrnoException).syscall !== undefined
  const message = known ? (error as Error).message : (error as Error).stack
  process.stderr.write(`keyward: ${message}\n`)
  process.exit(1)
}

const startErrors = [StartError, ConfigError, CredentialsError]
/** Some 100 MB of decoded keys. */
const cachedObjectsMax = 50_000
/** How long a decoded key stays in memory at the most (facts: reliability.md S-33). */
const cachedObjectMsMax = 60_000
const streamIdleSecondsMax = 300
/** As much as one PKCS#11 call gives; it costs the event loop some milliseconds. */
const randomBytesMax = 1_048_576

if (isMainThread) await start().catch(fail)
else await work(workerData as OtherThreadData)
