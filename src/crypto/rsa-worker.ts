import { constants, privateDecrypt, privateEncrypt } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { parentPort } from 'node:worker_threads'

/** A raw or PKCS#1 v1.5 private-key operation, which node:crypto has only as a blocking call. */
export interface RsaTask {
  readonly id: number
  readonly operation: 'decryptRaw' | 'decryptPkcs1' | 'signPkcs1'
  readonly key: KeyObject
  readonly data: Uint8Array
}
export type RsaAnswer = { readonly id: number; readonly result?: Uint8Array }

const { RSA_NO_PADDING, RSA_PKCS1_PADDING } = constants

function run({ operation, key, data }: RsaTask): Buffer {
  switch (operation) {
    case 'decryptRaw': return privateDecrypt({ key, padding: RSA_NO_PADDING }, data)
    case 'decryptPkcs1': return privateDecrypt({ key, padding: RSA_PKCS1_PADDING }, data)
    default: return privateEncrypt({ key, padding: RSA_PKCS1_PADDING }, data)
  }
}

parentPort?.on('message', (task: RsaTask) => {
  let answer: RsaAnswer
  try {
    answer = { id: task.id, result: run(task) }
  } catch {
    // Which failure it was stays here: outside they are all the same.
    answer = { id: task.id }
  }
  parentPort!.postMessage(answer)
})
