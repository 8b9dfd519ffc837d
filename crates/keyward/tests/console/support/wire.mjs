// The way between browsers and a server, on which posted forms and the answers to them are held up. It has one address,
// wherever the server behind it is after its next start.

import { createConnection, createServer } from 'node:net';

/**
 * @typedef {object} Wire
 * @property {string} url Where browsers reach the server through it.
 * @property {(what: 'forms' | 'answers') => Promise<void>} hold From now on no form passes, or each form but no answer
 *   to one. Resolves when the first is held. What is held is lost when its server ends.
 * @property {() => void} release From now on everything passes again.
 * @property {() => Promise<void>} stop
 */

/**
 * @param {import('./server.mjs').Server} server
 * @returns {Promise<Wire>}
 */
export async function startWire(server) {
  const open = new Set();
  let held;
  let tell;
  const listener = createServer((browser) => {
    const { hostname, port } = new URL(server.url);
    const behind = createConnection({ host: hostname, port });
    let form = false;
    open.add(browser);
    // Whichever end breaks, the other one learns it.
    for (const [one, other] of [[browser, behind], [behind, browser]]) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    browser.on('close', () => open.delete(browser));
    const pass = (what, to) => (bytes) => {
      form ||= what === 'forms' && bytes.subarray(0, 5).toString() === 'POST ';
      if (form && held === what) {
        tell();
      } else {
        to.write(bytes);
      }
    };
    browser.on('data', pass('forms', behind));
    behind.on('data', pass('answers', browser));
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    hold: (what) => {
      held = what;
      return new Promise((resolve) => {
        tell = resolve;
      });
    },
    release: () => {
      held = undefined;
    },
    stop: () => {
      open.forEach((browser) => browser.destroy());
      return new Promise((resolve) => listener.close(resolve));
    },
  };
}
