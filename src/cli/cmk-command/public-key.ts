import { KeyFormatType } from '../../kmip/generated/enums.ts'
import { withCmks } from '../cmk.ts'
import { command } from '../command.ts'
import { outputOptions, writeOutput } from '../data.ts'
import { pemText } from '../pem.ts'

export const publicKey = command({
  summary: 'get the public key of an asymmetric CMK, as PEM',
  positionals: '<cmk>',
  options: { ...outputOptions },
  examples: ['public-key alias/signer > signer.pem'],
  async run({ values: { out }, positionals: [cmk = ''], connect }) {
    const { version, publicKey: der } = await withCmks({ connect }, cmk, (cmks) => cmks.publicKey(cmk))
    const pem = pemText('public', KeyFormatType.X_509, der)!
    if (out === undefined) return { json: { version, publicKey: pem }, text: pem }
    writeOutput(out, pem)
    return { json: { out, version }, text: `written to ${out}` }
  },
})
