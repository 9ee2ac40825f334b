#!/usr/bin/env node
// The `keyward` command: brings what it needs like run.mjs does, then is src/cli/main.ts.
import { fail, install, runScript } from './bootstrap.mjs'

install({ development: false })
  .then(() => runScript('src/cli/main.ts', process.argv.slice(2)))
  .catch(fail)
