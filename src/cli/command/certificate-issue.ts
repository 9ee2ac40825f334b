import { X509Certificate } from 'node:crypto'
import { issueClientCertificate } from '../../server/pki.ts'
import { command, wholeNumber } from '../command.ts'
import { certificatesDirectory } from '../connection.ts'
import { dateText, fields, isoDate } from '../output.ts'

export const certificateIssue = command({
  summary: 'issue a client certificate from the throw-away authority',
  positionals: '<name>',
  options: {
    account: { type: 'string', value: 'ACCOUNT', description: 'what the caller belongs to (alpha, as alice)' },
    days: { type: 'string', value: 'N', description: 'validity, 1 to 825 (365)' },
  },
  details: 'Works on the files of the certificates directory (ca.pem and ca.key), not through the server, which\n' +
    'needs no restart: whoever holds <name>.pem and <name>.key is <name> of the account.',
  examples: ['certificate issue carol --account gamma', '--as carol locate'],
  async run({ values, positionals: [name = ''], globals, io }) {
    const { certificatePath, keyPath, pem } = await issueClientCertificate({
      directory: certificatesDirectory(globals, io.environment),
      name,
      account: values.account ?? 'alpha',
      days: wholeNumber('--days', values.days ?? '365', 1, 825),
      nowMs: io.nowMs(),
    })
    const validTo = Math.floor(Date.parse(new X509Certificate(pem).validTo) / 1_000)
    const account = values.account ?? 'alpha'
    return {
      json: { principal: name, account, certificate: certificatePath, key: keyPath, validTo: isoDate(validTo) },
      text: fields([
        ['Principal', name], ['Account', account], ['Certificate', certificatePath], ['Key', keyPath],
        ['Valid to', dateText(validTo)],
      ]),
    }
  },
})
