import type { AnyCommand, Family } from './command.ts'
import { activate } from './command/activate.ts'
import { certificateIssue } from './command/certificate-issue.ts'
import { create } from './command/create.ts'
import { decrypt } from './command/decrypt.ts'
import { destroy } from './command/destroy.ts'
import { discoverVersions } from './command/discover-versions.ts'
import { encrypt } from './command/encrypt.ts'
import { get } from './command/get.ts'
import { locate } from './command/locate.ts'
import { mac } from './command/mac.ts'
import { macVerify } from './command/mac-verify.ts'
import { query } from './command/query.ts'
import { random } from './command/random.ts'
import { register } from './command/register.ts'
import { rekey } from './command/rekey.ts'
import { revoke } from './command/revoke.ts'
import { serve } from './command/serve.ts'
import { show } from './command/show.ts'
import { sign } from './command/sign.ts'
import { verify } from './command/verify.ts'

/** Every command, in the order of the help. */
export const commands: Readonly<Record<string, AnyCommand | Family>> = {
  serve,
  certificate: { summary: 'client certificates of the throw-away authority', commands: { issue: certificateIssue } },
  create,
  register,
  locate,
  show,
  get,
  activate,
  revoke,
  destroy,
  rekey,
  encrypt,
  decrypt,
  sign,
  verify,
  mac,
  'mac-verify': macVerify,
  random,
  query,
  'discover-versions': discoverVersions,
}
