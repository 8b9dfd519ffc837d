// `test` with a server, a world on it, and a browser in which nothing that must not happen goes unnoticed.

import { expect, test as base } from '@playwright/test';
import { startServer } from './server.mjs';
import { World } from './world.mjs';

export { expect };

/**
 * @typedef {object} Fixtures
 * @property {import('./server.mjs').Server} server The server; tests of one worker share it.
 * @property {World} world What is on it.
 * @property {string} origin The only origin that pages may ask anything of.
 * @property {RegExp[]} tolerated What a test provokes on purpose; with `test.use({ tolerated: […] })`.
 * @property {() => Promise<import('@playwright/test').Page>} anotherBrowser A page with cookies of its own.
 */

export const test = base.extend({
  server: [
    async ({}, use) => {
      const server = await startServer();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  world: [async ({ server }, use) => use(await World.setUp(server)), { scope: 'worker' }],
  origin: async ({ server }, use) => use(server.url),
  baseURL: async ({ origin }, use) => use(origin),
  tolerated: [[], { option: true }],

  troubles: async ({ tolerated }, use) => {
    const troubles = [];
    await use(troubles);
    const noticed = troubles.filter((trouble) => !tolerated.some((pattern) => pattern.test(trouble)));
    expect(noticed.join('\n'), 'what browsers complained of').toBe('');
  },
  context: async ({ context, origin, troubles }, use) => {
    await watch(context, origin, troubles);
    await use(context);
  },
  anotherBrowser: async ({ browser, origin, troubles }, use) => {
    const contexts = [];
    await use(async () => {
      const context = await browser.newContext();
      contexts.push(context);
      await watch(context, origin, troubles);
      return context.newPage();
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});

/**
 * Runs the tests that `declare` declares twice. What works without JavaScript must work with it, too.
 * @param {() => void} declare
 */
export function withAndWithoutJavaScript(declare) {
  for (const javaScriptEnabled of [true, false]) {
    test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
      test.use({ javaScriptEnabled });
      declare();
    });
  }
}

/** Notes every violation of the policy, error, failure and request elsewhere. */
async function watch(context, origin, troubles) {
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
      console.error(`the content security policy forbids ${effectiveDirective}: ${blockedURI} ${sample}`);
    });
  });
  context.on('console', (message) => {
    // That a request was refused is for the test to judge, and files of a page are judged below.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      troubles.push(`${message.location().url}: ${message.text()}`);
    }
  });
  context.on('weberror', (problem) => troubles.push(`${problem.page()?.url()}: ${problem.error()}`));
  context.on('dialog', async (dialog) => {
    troubles.push(`${dialog.page()?.url()}: a dialog said: ${dialog.message()}`);
    await dialog.dismiss();
  });
  context.on('request', (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (protocol.startsWith('http') && asked !== origin) {
      troubles.push(`a request went to ${request.url()}`);
    }
  });
  context.on('response', (response) => {
    const file = ['stylesheet', 'script', 'image', 'font', 'manifest'].includes(response.request().resourceType());
    if (response.status() >= 500 || (file && response.status() >= 400)) {
      troubles.push(`${response.url()}: ${response.status()}`);
    }
  });
}
