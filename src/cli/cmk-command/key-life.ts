import type { CmkClient } from '../../client/cmk.ts'
import type { KeywardName } from '../../kmip/keyward-attribute.ts'
import { changed, described, withCmks } from '../cmk.ts'
import { placesOf } from '../place.ts'
import { UsageError, command, wholeNumber } from '../command.ts'
import type { AnyCommand } from '../command.ts'

export const keyDescribe = command({
  summary: 'show all about a CMK',
  positionals: '<cmk>',
  options: {},
  details: 'A <cmk> is an id, key/<id>, an ARN or alias/<name>.',
  examples: ['key describe alias/orders'],
  async run({ positionals: [cmk = ''], connect }) {
    const client = await connect()
    return withCmks({ connect }, cmk, async (cmks) => {
      const description = await cmks.describe(cmk)
      return described(description, await placesOf(client, String(description.values['cmk-key-spec'])))
    })
  },
})

export const keyEnable = change(
  'enable', 'make a disabled CMK usable again', (cmks, cmk) => cmks.set(cmk, 'cmk-enabled', true))
export const keyDisable = change(
  'disable', 'refuse every use of a CMK, until it is enabled', (cmks, cmk) => cmks.set(cmk, 'cmk-enabled', false))
export const keyArchive = change(
  'archive', 'let a CMK decrypt and verify, and nothing else', (cmks, cmk) => cmks.set(cmk, 'cmk-archived', true))
export const keyCancelArchive = change(
  'cancel-archive', 'take a CMK out of the archive', (cmks, cmk) => cmks.set(cmk, 'cmk-archived', false))
export const keyCancelDeletion = change(
  'cancel-deletion', 'take back a scheduled deletion', (cmks, cmk) => cmks.delete(cmk, 'cmk-deletion-window'))
export const keyRotate = change(
  'rotate', 'make a new version of a CMK now', (cmks, cmk) => cmks.set(cmk, 'cmk-rotate', true))
export const keyDeleteMaterial = change(
  'delete-material', 'delete the imported material of a CMK, which then waits for the same again',
  (cmks, cmk) => cmks.set(cmk, 'cmk-material-present', false))

export const keyScheduleDeletion = command({
  summary: 'delete a CMK with all its versions, some days ahead',
  positionals: '<cmk>',
  options: { days: { type: 'string', value: 'N', description: 'how many, 7 to 366' } },
  details: 'Until then it can be taken back (key cancel-deletion); what it has encrypted cannot be read after it.',
  examples: ['key schedule-deletion alias/orders --days 30'],
  async run({ values, positionals: [cmk = ''], connect }) {
    if (values.days === undefined) throw new UsageError('--days is missing: 7 to 366')
    const days = wholeNumber('--days', values.days, 7, 366)
    return changed({ connect }, cmk, (cmks) => cmks.set(cmk, 'cmk-deletion-window', days))
  },
})

export const keyProtect = command({
  summary: 'protect a CMK from deletion',
  positionals: '<cmk>',
  options: {
    off: { type: 'boolean', description: 'take the protection away' },
    why: { type: 'string', value: 'TEXT', description: 'what it is protected for' },
  },
  examples: ['key protect alias/orders --why "the archive of 2026"', 'key protect --off alias/orders'],
  async run({ values, positionals: [cmk = ''], connect }) {
    const { why, off = false } = values
    if (off && why !== undefined) throw new UsageError('--why is of a protection, not of --off')
    return changed({ connect }, cmk, async (cmks) => {
      await cmks.set(cmk, 'cmk-deletion-protection', !off)
      if (why !== undefined) await cmks.set(cmk, 'cmk-deletion-protection-description', why)
    })
  },
})

export const keyRotation = command({
  summary: 'rotate a CMK automatically, or no more',
  positionals: '<cmk>',
  options: {
    every: { type: 'string', value: 'TIME', description: 'how often: 7d to 365d' },
    off: { type: 'boolean', description: 'no more' },
  },
  examples: ['key rotation alias/orders --every 90d', 'key rotation alias/orders --off'],
  async run({ values: { every, off = false }, positionals: [cmk = ''], connect }) {
    if ((every === undefined) === !off) throw new UsageError('give one of --every and --off')
    return changed({ connect }, cmk, async (cmks) => {
      if (every !== undefined) await cmks.set(cmk, 'cmk-rotation-interval', every)
      await cmks.set(cmk, 'cmk-rotation-automatic', !off)
    })
  },
})

export const keyUpdate = command({
  summary: 'change the description of a CMK, or what its address encrypts to',
  positionals: '<cmk>',
  options: {
    description: { type: 'string', value: 'TEXT', description: 'what it is for; empty: none' },
    'ciphertext-format': {
      type: 'string', value: 'FORMAT',
      description: 'blob: what clients without --blob encrypt by alias/<name>, key/<id> or ARN describes itself; ' +
        'kmip: it does not',
    },
  },
  examples: [
    'key update alias/orders --description "orders of the shop"', 'key update alias/orders --ciphertext-format blob',
  ],
  async run({ values, positionals: [cmk = ''], connect }) {
    const { description, 'ciphertext-format': format } = values
    if (description === undefined && format === undefined) {
      throw new UsageError('give --description, --ciphertext-format or both')
    }
    if (format !== undefined && format !== 'blob' && format !== 'kmip') {
      throw new UsageError('--ciphertext-format is blob or kmip')
    }
    return changed({ connect }, cmk, async (cmks) => {
      if (description !== undefined) await setOrDelete(cmks, cmk, 'cmk-description', description)
      if (format !== undefined) await setOrDelete(cmks, cmk, 'cmk-ciphertext-format', format === 'kmip' ? '' : format)
    })
  },
})

/** An attribute that is empty is deleted, if it is there. */
async function setOrDelete(cmks: CmkClient, cmk: string, name: KeywardName, value: string): Promise<void> {
  if (value !== '') await cmks.set(cmk, name, value)
  else if ((await cmks.describe(cmk)).values[name] !== undefined) await cmks.delete(cmk, name)
}

function change(
  name: string, summary: string, action: (cmks: CmkClient, cmk: string) => Promise<unknown>,
): AnyCommand {
  return command({
    summary,
    positionals: '<cmk>',
    options: {},
    examples: [`key ${name} alias/orders`],
    async run({ positionals: [cmk = ''], connect }) {
      return changed({ connect }, cmk, (cmks) => action(cmks, cmk))
    },
  })
}
