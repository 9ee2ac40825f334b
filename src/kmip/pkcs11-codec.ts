/**
 * Parameters of PKCS#11 functions as KMIP carries them (PKCS#11 profile of KMIP 2.1): a CK_BYTE is one byte, a CK_ULONG
 * eight, one that counts or measures four, before what it counts; structures stand in line, strings are padded with
 * spaces; a byte before what may be NULL says whether it is there.
 */
export class Pkcs11CodecError extends Error {}

export class Pkcs11Reader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length
  }

  byte(): number {
    return this.#take(1)[0]!
  }

  /** CK_ULONG; handles, types and flags of ours are below 2^53. */
  ulong(): number {
    const value = this.#take(8).readBigUInt64BE()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Pkcs11CodecError('a number is too large')
    return Number(value)
  }

  /** A count or a length. */
  count(): number {
    return this.#take(4).readUInt32BE()
  }

  /** A variable-length array of CK_BYTE. */
  bytes(): Buffer {
    return this.#take(this.count())
  }

  /** Whether what may be NULL is there. */
  isPresent(): boolean {
    const flag = this.byte()
    if (flag > 1) throw new Pkcs11CodecError('neither present nor absent')
    return flag === 1
  }

  end(): void {
    if (!this.done) throw new Pkcs11CodecError('trailing bytes')
  }

  #take(length: number): Buffer {
    const end = this.#offset + length
    if (end > this.#bytes.length) throw new Pkcs11CodecError('cut off')
    const taken = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return taken
  }
}

export class Pkcs11Writer {
  readonly #parts: Buffer[] = []

  byte(value: number): this {
    this.#parts.push(Buffer.from([value]))
    return this
  }

  ulong(value: number): this {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(BigInt(value))
    this.#parts.push(bytes)
    return this
  }

  count(value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    this.#parts.push(bytes)
    return this
  }

  bytes(value: Buffer): this {
    this.count(value.length)
    this.#parts.push(value)
    return this
  }

  /** A string of fixed length, padded with spaces. */
  padded(text: string, length: number): this {
    const bytes = Buffer.alloc(length, ' ')
    Buffer.from(text, 'utf8').copy(bytes)
    this.#parts.push(bytes)
    return this
  }

  take(): Buffer {
    return Buffer.concat(this.#parts)
  }
}
