import { main } from '../cli/main.js';
import { createSystemClock } from '../support/clock.js';
import { createSystemRandom } from '../support/random.js';
import { version } from './version.js';

// The bin entry. The command line starts at once; what serves (store, api, engine) is loaded when it is launched.
process.exitCode = await main(process.argv.slice(2), {
  launchers: {
    up: async (options) => (await import('./launch.js')).launchers.up(options),
    manager: async (options) => (await import('./launch.js')).launchers.manager(options),
    worker: async (options) => (await import('./launch.js')).launchers.worker(options),
    restore: async (options) => (await import('./launch.js')).launchers.restore(options),
  },
  clock: createSystemClock(),
  random: createSystemRandom(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  openEditor: async (editor, file) => (await import('./open-editor.js')).openEditor(editor, file),
  version,
});
