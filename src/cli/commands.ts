import { aliasCreate, aliasDelete, aliasList, aliasMove } from './cmk-command/alias.ts'
import { dataKeyDecrypt, dataKeyGenerate, dataKeyReEncrypt } from './cmk-command/data-key.ts'
import { fileDecrypt, fileEncrypt } from './cmk-command/file.ts'
import { keyCreate } from './cmk-command/key-create.ts'
import { keyImport, keyImportParameters } from './cmk-command/key-import.ts'
import {
  keyArchive, keyCancelArchive, keyCancelDeletion, keyDeleteMaterial, keyDescribe, keyDisable, keyEnable, keyProtect,
  keyRotate, keyRotation, keyScheduleDeletion, keyUpdate,
} from './cmk-command/key-life.ts'
import { keyList, keyVersions } from './cmk-command/key-list.ts'
import { publicKey } from './cmk-command/public-key.ts'
import { tagDelete, tagList, tagSet } from './cmk-command/tag.ts'
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
  key: {
    summary: 'customer master keys (CMKs)',
    commands: {
      create: keyCreate,
      describe: keyDescribe,
      list: keyList,
      update: keyUpdate,
      enable: keyEnable,
      disable: keyDisable,
      archive: keyArchive,
      'cancel-archive': keyCancelArchive,
      'schedule-deletion': keyScheduleDeletion,
      'cancel-deletion': keyCancelDeletion,
      protect: keyProtect,
      rotate: keyRotate,
      rotation: keyRotation,
      versions: keyVersions,
      'import-parameters': keyImportParameters,
      import: keyImport,
      'delete-material': keyDeleteMaterial,
    },
  },
  alias: {
    summary: 'names of CMKs',
    commands: { create: aliasCreate, move: aliasMove, delete: aliasDelete, list: aliasList },
  },
  tag: { summary: 'tags of CMKs', commands: { set: tagSet, delete: tagDelete, list: tagList } },
  'data-key': {
    summary: 'data keys under CMKs',
    commands: { generate: dataKeyGenerate, decrypt: dataKeyDecrypt, 're-encrypt': dataKeyReEncrypt },
  },
  file: { summary: 'files encrypted here, under data keys', commands: { encrypt: fileEncrypt, decrypt: fileDecrypt } },
  'public-key': publicKey,
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
