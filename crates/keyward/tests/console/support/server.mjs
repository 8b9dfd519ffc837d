// The program as a server of its own: in a fresh folder, on a port that was free, ended by its process id.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @typedef {object} Server
 * @property {string} url Where it is: `http://127.0.0.1:PORT`.
 * @property {string} setupToken The token of the first set-up.
 * @property {string[]} log What it said on standard error so far.
 * @property {() => Promise<void>} stop Ends it and removes its folder.
 */

/**
 * Starts a server that nobody has set up.
 * @returns {Promise<Server>}
 */
export async function startServer() {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-console-'));
  await writeFile(join(folder, 'keyward.toml'), CONFIGURATION);
  // Of the environment, it sees nothing.
  const running = spawn(process.env.KEYWARD_PROGRAM, ['serve', '--config', 'keyward.toml', '--log-level', 'warn'], {
    cwd: folder,
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => running.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise((resolve) => running.once('close', resolve).once('error', resolve));

  const stop = async () => {
    running.kill('SIGTERM');
    const patience = setTimeout(kill, PATIENCE);
    await ended;
    clearTimeout(patience);
    process.off('exit', kill);
    await rm(folder, { recursive: true, force: true });
  };
  const log = [];
  try {
    const { url, setupToken } = await announced(running, ended, log);
    return { url, setupToken, log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Reads what it says for as long as it runs; answers as soon as it said where it is and how to set it up. */
function announced(running, ended, log) {
  return new Promise((resolve, reject) => {
    const failed = (why) => reject(new Error(`the server ${why}:\n${log.join('\n')}`));
    const patience = setTimeout(failed, PATIENCE, 'never said where it is');
    ended.then((cause) => failed(cause instanceof Error ? `did not start: ${cause}` : `ended with ${cause}`));
    let rest = '';
    let url;
    running.stderr.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        log.push(line);
        url ??= line.match(/^listening on (\S+)/)?.[1];
        const setupToken = line.match(/\/setup#(\S+)/)?.[1];
        if (setupToken) {
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
