import { changed, pairs, withCmks } from '../cmk.ts'
import { UsageError, command } from '../command.ts'
import { table } from '../output.ts'

export const tagSet = command({
  summary: 'give a CMK tags, or change them',
  positionals: '<cmk>',
  options: { tag: { type: 'string', multiple: true, value: 'KEY=VALUE', description: 'key and value' } },
  examples: ['tag set alias/orders --tag team=db --tag stage=live'],
  async run({ values: { tag = [] }, positionals: [cmk = ''], connect }) {
    if (tag.length === 0) throw new UsageError('--tag is missing: KEY=VALUE')
    return changed({ connect }, cmk, async (cmks) => {
      for (const [key, value] of Object.entries(pairs('--tag', tag))) await cmks.set(cmk, `cmk-tag-${key}`, value)
    })
  },
})

export const tagDelete = command({
  summary: 'take tags from a CMK',
  positionals: '<cmk>',
  options: { tag: { type: 'string', multiple: true, value: 'KEY', description: 'key of the tag' } },
  examples: ['tag delete alias/orders --tag team'],
  async run({ values: { tag: keys = [] }, positionals: [cmk = ''], connect }) {
    if (keys.length === 0) throw new UsageError('--tag is missing')
    return changed({ connect }, cmk, async (cmks) => {
      for (const key of keys) await cmks.delete(cmk, `cmk-tag-${key}`)
    })
  },
})

export const tagList = command({
  summary: 'list the tags of a CMK',
  positionals: '<cmk>',
  options: {},
  examples: ['tag list alias/orders'],
  async run({ positionals: [cmk = ''], connect }) {
    return withCmks({ connect }, cmk, async (cmks) => {
      const { tags } = await cmks.describe(cmk)
      return { json: tags, text: table(['key', 'value'], Object.entries(tags)) }
    })
  },
})
