import { decrypt } from './decrypt.ts'
import { encrypt } from './encrypt.ts'
import { hash } from './hash.ts'
import { mac } from './mac.ts'
import { macVerify } from './mac-verify.ts'
import type { AnyOperation } from './operation.ts'
import { rngRetrieve } from './rng-retrieve.ts'
import { rngSeed } from './rng-seed.ts'
import { sign } from './sign.ts'
import { signatureVerify } from './signature-verify.ts'

/** Every operation that the server has: Query's list, version gates, audit and dispatch follow from it. */
export const operations: readonly AnyOperation[] = [
  decrypt,
  encrypt,
  hash,
  mac,
  macVerify,
  rngRetrieve,
  rngSeed,
  sign,
  signatureVerify,
]
