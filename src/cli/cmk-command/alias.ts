import { changed, withCmks } from '../cmk.ts'
import { UsageError, command } from '../command.ts'
import { table } from '../output.ts'

const to = { to: { type: 'string', value: 'CMK', description: 'the CMK that it is to mean' } } as const

export const aliasCreate = command({
  summary: 'give a CMK an alias',
  positionals: '<alias>',
  options: to,
  examples: ['alias create alias/orders --to 0192...'],
  async run({ values, positionals: [alias = ''], connect }) {
    const cmk = target(values)
    return changed({ connect }, cmk, (cmks) => cmks.add(cmk, 'cmk-alias', alias))
  },
})

export const aliasMove = command({
  summary: 'let an alias mean another CMK from now on',
  positionals: '<alias>',
  options: to,
  examples: ['alias move alias/orders --to 0193...'],
  async run({ values, positionals: [alias = ''], connect }) {
    const cmk = target(values)
    return changed({ connect }, cmk, (cmks) => cmks.set(cmk, 'cmk-alias-move', alias))
  },
})

export const aliasDelete = command({
  summary: 'delete an alias; its CMK stays',
  positionals: '<alias>',
  options: {},
  examples: ['alias delete alias/orders'],
  async run({ positionals: [alias = ''], connect }) {
    return withCmks({ connect }, alias, async (cmks) => {
      const { values } = await cmks.describe(alias)
      const id = String(values['cmk-id'])
      await cmks.delete(`key/${id}`, 'cmk-alias', alias)
      return { json: { alias, id }, text: `${alias} is deleted; ${id} stays` }
    })
  },
})

export const aliasList = command({
  summary: 'list the aliases of a CMK, or of all',
  positionals: '[cmk]',
  options: {},
  examples: ['alias list', 'alias list 0192... --json'],
  async run({ positionals: [cmk], connect }) {
    return withCmks({ connect }, cmk ?? '', async (cmks) => {
      const ids = cmk === undefined ? await cmks.locateAll({ 'cmk-primary': true }) : [cmk]
      const found = await Promise.all(ids.map((id) => cmks.describe(id)))
      const rows = found.flatMap(({ values, aliases }) => aliases.map((alias) => ({ alias, id: values['cmk-id'] })))
      return { json: rows, text: table(['alias', 'id'], rows.map(({ alias, id }) => [alias, String(id)])) }
    })
  },
})

function target({ to: cmk }: { readonly to?: string }): string {
  if (cmk === undefined) throw new UsageError('--to is missing: the CMK that the alias is to mean')
  return cmk
}
