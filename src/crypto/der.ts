/**
 * The part of DER (ITU-T X.690) that keys need. The reader is strict: definite minimal lengths,
 * no element beyond its parent; the bytes come from clients.
 */
export class DerError extends Error {
  override name = 'DerError'
}

export const DerTag = {
  Integer: 0x02, BitString: 0x03, OctetString: 0x04, Null: 0x05, ObjectIdentifier: 0x06, Utf8String: 0x0c,
  Sequence: 0x30, Set: 0x31,
} as const

/** Walks the elements of one level. */
export class DerReader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length
  }

  /** The tag of the next element, or -1 at the end. */
  peek(): number {
    return this.#bytes[this.#offset] ?? -1
  }

  /** The contents of the next element. */
  read(tag: number): Buffer {
    if (this.peek() !== tag) throw new DerError('unexpected element')
    const start = this.#offset + 1
    const first = this.#bytes[start]
    if (first === undefined) throw new DerError('cut off')
    const { length, header } = first < 0x80 ? { length: first, header: 1 } : this.#longLength(start, first)
    const end = start + header + length
    if (end > this.#bytes.length) throw new DerError('cut off')
    this.#offset = end
    return this.#bytes.subarray(start + header, end)
  }

  /** The next element with its header. */
  readRaw(): Buffer {
    const start = this.#offset
    this.read(this.peek())
    return this.#bytes.subarray(start, this.#offset)
  }

  sequence(): DerReader {
    return new DerReader(this.read(DerTag.Sequence))
  }

  /** A non-negative INTEGER. */
  integer(): bigint {
    const bytes = this.read(DerTag.Integer)
    const first = bytes[0]
    if (first === undefined || first >= 0x80) throw new DerError('not a positive integer')
    if (first === 0 && bytes.length > 1 && bytes[1]! < 0x80) throw new DerError('not a minimal integer')
    return BigInt(`0x${bytes.toString('hex')}`)
  }

  /** Object identifier, as the hex of its contents. */
  oid(): string {
    return this.read(DerTag.ObjectIdentifier).toString('hex')
  }

  octets(): Buffer {
    return this.read(DerTag.OctetString)
  }

  /** A BIT STRING of whole bytes. */
  bits(): Buffer {
    const bytes = this.read(DerTag.BitString)
    if (bytes[0] !== 0) throw new DerError('not whole bytes')
    return bytes.subarray(1)
  }

  null(): void {
    if (this.read(DerTag.Null).length !== 0) throw new DerError('not a null')
  }

  end(): void {
    if (!this.done) throw new DerError('trailing bytes')
  }

  #longLength(start: number, first: number): { length: number; header: number } {
    const count = first & 0x7f
    if (count === 0 || count > 4 || start + count >= this.#bytes.length) throw new DerError('bad length')
    const length = this.#bytes.readUIntBE(start + 1, count)
    if (length < 0x80 || (count > 1 && this.#bytes[start + 1] === 0)) throw new DerError('not a minimal length')
    return { length, header: count + 1 }
  }
}

/** Reads one outer SEQUENCE that is all of `bytes`. */
export function outerSequence(bytes: Buffer): DerReader {
  const reader = new DerReader(bytes)
  const inner = reader.sequence()
  reader.end()
  return inner
}

export function derElement(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, content) => sum + content.length, 0)
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(length)]), ...contents])
}

export function derSequence(...elements: readonly Uint8Array[]): Buffer {
  return derElement(DerTag.Sequence, ...elements)
}

export function derInteger(value: bigint): Buffer {
  return derUnsigned(unsignedBytes(value))
}

/** The INTEGER of a big-endian number of at least one byte, with leading zeros or without. */
export function derUnsigned(bytes: Uint8Array): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1
  const short = bytes.subarray(start)
  return short[0]! < 0x80 ? derElement(DerTag.Integer, short) : derElement(DerTag.Integer, zero, short)
}

export function derOid(hex: string): Buffer {
  return derElement(DerTag.ObjectIdentifier, Buffer.from(hex, 'hex'))
}

export function derOctets(bytes: Uint8Array): Buffer {
  return derElement(DerTag.OctetString, bytes)
}

export function derBits(bytes: Uint8Array): Buffer {
  return derElement(DerTag.BitString, Buffer.from([0]), bytes)
}

export function derNull(): Buffer {
  return Buffer.from([DerTag.Null, 0])
}

/** Big-endian, without leading zeros (one byte for zero), or padded to `length` bytes. */
export function unsignedBytes(value: bigint, length = 0): Buffer {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(Math.max(length * 2, hex.length + (hex.length % 2)), '0'), 'hex')
}

export function unsignedInteger(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

const zero = Buffer.alloc(1)

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes = [...unsignedBytes(BigInt(length))]
  return [0x80 + bytes.length, ...bytes]
}
