import { exitCodes, runCommandLine } from './run-command.ts'

process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // The reader of a pipe may stop reading (`| head`): that is no failure of ours.
  if (code === 'EPIPE') return
  process.stderr.write(`keyward: standard output cannot be written (${code})\n`)
  process.exit(exitCodes.usage)
})

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  nowMs: Date.now,
})
