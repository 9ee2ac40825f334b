import { resolve } from 'node:path'
import { command } from '../command.ts'

export const serve = command({
  summary: 'run the server, as npm start does',
  positionals: '',
  options: {
    'data-dir': { type: 'string', value: 'DIR', description: 'the store and its root key (KEYWARD_DATA_DIR; ./data)' },
    config: { type: 'string', value: 'FILE', description: 'configuration file (KEYWARD_CONFIG; ./keyward.json)' },
  },
  details: 'Of the options of every command it takes --host, --port (0 is any free one) and --certs. It runs until\n' +
    'SIGTERM or SIGINT; the README lists every setting.',
  examples: ['serve', '--port 0 serve --data-dir /var/lib/keyward'],
  async run({ values, globals }) {
    const settings = {
      KEYWARD_HOST: globals.host,
      KEYWARD_PORT: globals.port,
      KEYWARD_CERTS_DIR: absolute(globals.certs),
      KEYWARD_DATA_DIR: absolute(values['data-dir']),
      KEYWARD_CONFIG: absolute(values.config),
    }
    for (const [name, value] of Object.entries(settings)) if (value !== undefined) process.env[name] = value
    // The server is its own main: importing it starts it.
    await import('../../main.ts')
    return { json: undefined, text: '' }
  },
})

function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path)
}
