/**
 * Adds a chunk to those of a message that is not whole yet. Each costs some hundred bytes beside its own, so small ones
 * become one: a message in single bytes would otherwise cost hundreds of times what it has. Only what is no larger than
 * what follows it does, or each byte would be copied with each chunk.
 */
export function addChunk(chunks: Buffer[], chunk: Buffer): void {
  let last = chunk
  while (last.length <= smallBytesMax && (chunks.at(-1)?.length ?? Infinity) <= last.length) {
    last = Buffer.concat([chunks.pop()!, last])
  }
  chunks.push(last)
}

const smallBytesMax = 4_096
