// The program as a server of its own: in a fresh folder, on a port that was free, ended by its process id.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @typedef {object} Server
 * @property {string} url Where it is: `http://127.0.0.1:PORT`. Another port after each start.
 * @property {string} [setupToken] The token of the first set-up, of a server that nobody has set up.
 * @property {string} folder Where it keeps what it writes: the database is `data/keyward.db`.
 * @property {string[]} log What it said on standard error so far.
 * @property {() => Promise<void>} kill Ends it as a power failure would.
 * @property {() => Promise<void>} start Starts it again, with everything that it had written.
 * @property {() => Promise<void>} stop Ends it and removes its folder.
 */

/**
 * Starts a server on an empty database; or, as one more node, on one that was set up.
 * @param {{ settings?: string, isSetUp?: boolean }} [wanted] More of its configuration, as TOML.
 * @returns {Promise<Server>}
 */
export async function startServer({ settings = '', isSetUp = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-console-'));
  await writeFile(join(folder, 'keyward.toml'), CONFIGURATION + settings);
  const log = [];
  let run;
  const start = async (again) => {
    run = runIn(folder, log);
    Object.assign(server, await announced(run, log, again));
  };
  const server = {
    folder,
    log,
    kill: () => run.end('SIGKILL'),
    start: () => start(true),
    stop: async () => {
      await run.end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await start(isSetUp);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Runs it in its folder, until it is ended or the tests are. */
function runIn(folder, log) {
  // Of the environment, it sees nothing.
  const running = spawn(process.env.KEYWARD_PROGRAM, ['serve', '--config', 'keyward.toml', '--log-level', 'warn'], {
    cwd: folder,
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => running.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise((resolve) => running.once('close', resolve).once('error', resolve));
  const end = async (signal) => {
    running.kill(signal);
    const patience = setTimeout(kill, PATIENCE);
    await ended;
    clearTimeout(patience);
    process.off('exit', kill);
  };
  return { said: running.stderr, ended, end };
}

/** Reads what it says for as long as it runs; answers as soon as it said where it is and, if need be, how to set it up. */
function announced({ said, ended }, log, isSetUp) {
  return new Promise((resolve, reject) => {
    const failed = (why) => reject(new Error(`the server ${why}:\n${log.join('\n')}`));
    const patience = setTimeout(failed, PATIENCE, 'never said where it is');
    ended.then((cause) => failed(cause instanceof Error ? `did not start: ${cause}` : `ended with ${cause}`));
    let rest = '';
    let url;
    said.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        log.push(line);
        url ??= line.match(/^listening on (\S+)/)?.[1];
        const setupToken = line.match(/\/setup#(\S+)/)?.[1];
        if (url && (setupToken || isSetUp)) {
          clearTimeout(patience);
          resolve({ url, setupToken });
        }
      }
    });
  });
}

/** One listener with everything that answers unasked. What comes from this machine may say that it came over https. */
const CONFIGURATION = `
data_dir = "data"

[server]
insecure_loopback = true

[[listener]]
name = "management"
address = "127.0.0.1:0"
`;

/** Milliseconds. A server that says nothing for so long is broken; a slow machine is not. */
const PATIENCE = 30_000;
