import { discoverVersions as operation } from '../../client/operations.ts'
import { major, minor } from '../../kmip/version.ts'
import { command } from '../command.ts'

export const discoverVersions = command({
  summary: 'list the protocol versions of the server',
  positionals: '',
  options: {},
  examples: ['discover-versions'],
  async run({ connect }) {
    const client = await connect()
    const { protocolVersion } = await client.request(operation, { protocolVersion: [] })
    const versions = protocolVersion.map((version) => `${major(version)}.${minor(version)}`)
    return { json: { protocolVersion: versions }, text: versions.join('\n') }
  },
})
