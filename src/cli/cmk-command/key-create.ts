import type { CmkValues } from '../../client/cmk.ts'
import { changed, pairs, withCmks } from '../cmk.ts'
import { command } from '../command.ts'

export const keyCreate = command({
  summary: 'create a customer master key (CMK)',
  positionals: '',
  options: {
    spec: {
      type: 'string', value: 'SPEC',
      description: 'Aliyun_AES_256 (the default), _192, _128, Aliyun_SM4, RSA_2048, RSA_3072, RSA_4096, EC_P256, ' +
        'EC_P256K, EC_SM2, or Tencent Cloud\'s names',
    },
    usage: { type: 'string', value: 'USAGE', description: 'ENCRYPT/DECRYPT or SIGN/VERIFY' },
    external: { type: 'boolean', description: 'its material will be imported: see key import-parameters' },
    'protection-level': { type: 'string', value: 'LEVEL', description: 'SOFTWARE, HSM or EXTERNAL (SOFTWARE)' },
    instance: { type: 'string', value: 'NAME', description: 'the HSM or key manager, as keyward query names it' },
    'external-key': { type: 'string', value: 'ID', description: 'with EXTERNAL: the key\'s identifier at its manager' },
    class: { type: 'string', value: 'CLASS', description: 'customer, default or service (customer)' },
    alias: { type: 'string', multiple: true, value: 'NAME', description: 'alias/<name> for it' },
    tag: { type: 'string', multiple: true, value: 'KEY=VALUE', description: 'a tag of it' },
    description: { type: 'string', value: 'TEXT', description: 'what it is for' },
    'rotate-every': { type: 'string', value: 'TIME', description: 'rotate automatically: 7d to 365d' },
    protect: { type: 'boolean', description: 'protect it from deletion' },
  },
  details: 'A CMK is Enabled at once, but for one with --external, which waits for its material.',
  examples: [
    'key create --alias alias/orders --rotate-every 90d', 'key create --spec EC_SM2 --usage SIGN/VERIFY --json',
    'key create --external --alias alias/ours',
  ],
  async run({ values, connect }) {
    const { spec, usage, description, alias = [], tag = [], 'rotate-every': interval } = values
    const level = values['protection-level']
    const attributes: CmkValues = {
      'cmk-class': values.class ?? 'customer',
      ...(spec !== undefined && { 'cmk-key-spec': spec }),
      ...(usage !== undefined && { 'cmk-usage': usage }),
      ...(level !== undefined && { 'cmk-protection-level': level }),
      ...(values.instance !== undefined && { 'cmk-instance': values.instance }),
      ...(values['external-key'] !== undefined && { 'cmk-external-key': values['external-key'] }),
      ...(values.external === true && { 'cmk-origin': 'EXTERNAL' }),
      ...(description !== undefined && { 'cmk-description': description }),
      ...(interval !== undefined && { 'cmk-rotation-automatic': true, 'cmk-rotation-interval': interval }),
      ...(values.protect === true && { 'cmk-deletion-protection': true }),
      ...Object.fromEntries(Object.entries(pairs('--tag', tag)).map(([key, value]) => [`cmk-tag-${key}`, value])),
    }
    const { id } = await withCmks({ connect }, alias.join(' '), (cmks) => cmks.create(attributes, alias))
    return changed({ connect }, id, async () => undefined)
  },
})
