/**
 * Every bound of the server, in one place. A bound is checked before the memory or the work that it bounds is spent.
 * All are configurable (`limits` of the configuration); `limitRanges` says how far.
 */
export interface Limits {
  /** Bytes of one request message. 1 MiB: the largest real one (a registered PKCS#12, a batch) is under 100 KiB. */
  readonly messageBytesMax: number
  /** Nesting of structures. 32: the standard nests about 12 deep, and recursion stays far from the stack's end. */
  readonly depthMax: number
  /**
   * Items of one request message, structures and values. 20,000: the largest real one (a batch of a hundred keys with
   * all their attributes) has some thousands; each costs microseconds, in which nobody else is served.
   */
  readonly itemsMax: number
  /**
   * Bytes of one response to a batch. 16 MiB, which is what libmongocrypt takes; a hundred small items could otherwise
   * ask for a hundred megabytes.
   */
  readonly responseBytesMax: number
  /**
   * Bytes of responses that the clients of one thread have not taken, together. 256 MiB: one connection holds at most two
   * responses, but there may be thousands. Beyond it, the clients are dropped that have let one wait for longest.
   */
  readonly unsentBytesMax: number
  /** Batch items of one request. 100: clients send up to 10; each item may cost an RSA operation and a commit. */
  readonly batchItemsMax: number
  /** Identifiers in one Locate response. 10,000 are about 500 KB; more are read in pages, with Offset Items. */
  readonly locateItemsMax: number
  /** Open connections of all clients. 10,000 idle ones cost about 1 GB (85 KB each). */
  readonly connectionsMax: number
  /** Open connections of one client certificate. 256: pools of one database host have at most 100. */
  readonly connectionsPerClientMax: number
  /**
   * Connections that have not finished the TLS handshake, of all addresses. 512: at some 1,000 handshakes per second
   * that is half a second of honest arrivals.
   */
  readonly unauthenticatedConnectionsMax: number
  /** The same, of one address: a single host that opens silent connections cannot shut the others out. */
  readonly unauthenticatedPerAddressMax: number
  /** Milliseconds for TCP accept to a finished TLS handshake. 10 s: two round trips, even over a bad line. */
  readonly handshakeMsMax: number
  /** Milliseconds from the first byte of a request to its last. 30 s: 1 MiB at 35 KB per second. */
  readonly requestMsMax: number
  /** Milliseconds without a request before an open connection is closed. 10 min: pools keep connections for 1 to 5. */
  readonly idleMsMax: number
  /** Milliseconds for a client to take a response that is ready. 30 s, for the same reason as `requestMsMax`. */
  readonly responseMsMax: number
  /**
   * Requests of one connection that are received and not yet answered. 64: reading stops there, so that TCP slows the
   * client down; 16 in flight already fill one core. It stops earlier, at `messageBytesMax`, when they are large.
   */
  readonly pipelinedRequestsMax: number
  /** Operations in parts (Init Indicator) open at once in one account and thread. 256: each holds a cipher context. */
  readonly streamsPerAccountMax: number
  /** Milliseconds that SIGTERM waits for requests under way before it closes their connections. 10 s. */
  readonly drainMsMax: number
}

/** The values that hold when the configuration says nothing; the reason for each stands above. */
export const defaultLimits: Limits = Object.freeze({
  messageBytesMax: 1_048_576,
  depthMax: 32,
  itemsMax: 20_000,
  responseBytesMax: 16_777_216,
  unsentBytesMax: 268_435_456,
  batchItemsMax: 100,
  locateItemsMax: 10_000,
  connectionsMax: 10_000,
  connectionsPerClientMax: 256,
  unauthenticatedConnectionsMax: 512,
  unauthenticatedPerAddressMax: 128,
  handshakeMsMax: 10_000,
  requestMsMax: 30_000,
  idleMsMax: 600_000,
  responseMsMax: 30_000,
  pipelinedRequestsMax: 64,
  streamsPerAccountMax: 256,
  drainMsMax: 10_000,
})

/** The least and the greatest value that may be configured: beyond them the server would break its promises. */
export const limitRanges: Readonly<Record<keyof Limits, readonly [min: number, max: number]>> = {
  messageBytesMax: [4_096, 67_108_864],
  depthMax: [16, 64],
  itemsMax: [1_000, 1_000_000],
  responseBytesMax: [65_536, 268_435_456],
  unsentBytesMax: [33_554_432, 17_179_869_184],
  batchItemsMax: [1, 1_000],
  locateItemsMax: [1, 1_000_000],
  connectionsMax: [1, 100_000],
  connectionsPerClientMax: [1, 100_000],
  unauthenticatedConnectionsMax: [1, 100_000],
  unauthenticatedPerAddressMax: [1, 100_000],
  handshakeMsMax: [100, 60_000],
  requestMsMax: [100, 600_000],
  idleMsMax: [100, 86_400_000],
  responseMsMax: [100, 600_000],
  pipelinedRequestsMax: [1, 1_024],
  streamsPerAccountMax: [1, 1_024],
  drainMsMax: [0, 300_000],
}
