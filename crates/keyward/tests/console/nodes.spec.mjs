// Several servers on one PostgreSQL database: what is in force everywhere, who is silent, and what is left to say when
// the database is gone.

import { join } from 'node:path';
import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { startCluster } from './support/postgres.mjs';
import { startServer } from './support/server.mjs';
import { expect, test as base, withAndWithoutJavaScript } from './support/test.mjs';
import { World } from './support/world.mjs';

// All in one worker, which has one cluster.
base.describe.configure({ mode: 'default' });

const test = base.extend({
  cluster: [
    async ({}, use) => {
      const cluster = await startCluster();
      await use(cluster);
      await cluster.remove();
    },
    { scope: 'worker' },
  ],
  nodes: async ({ cluster }, use, { testId }) => {
    const nodes = [];
    const url = await cluster.database(`test_${testId.replaceAll('-', '_')}`);
    try {
      const first = await startServer({ settings: settings(url) });
      nodes.push(first);
      nodes.world = await World.setUp(first);
      const more = settings(url, join(first.folder, 'data', 'keyring'));
      nodes.push(...(await Promise.all([1, 2].map(() => startServer({ settings: more, isSetUp: true })))));
      await use(nodes);
    } finally {
      await Promise.all(nodes.map((node) => node.stop()));
    }
  },
  /** What is on the database of the nodes. */
  realm: async ({ nodes }, use) => use(nodes.world),
  origin: async ({ nodes }, use) => use(nodes[0].url),
});

withAndWithoutJavaScript(() => {
  test('a revocation is confirmed by every node, and every node refuses the key', async ({ page, nodes, realm }) => {
    const { id, admin, key } = await oneKey(realm);
    const everywhere = () => Promise.all(nodes.map((node) => realm.through(node).verify(admin, key.secret.token)));
    await expect.poll(everywhere).toEqual(['allowed', 'allowed', 'allowed']);
    await signIn(page, admin);
    await page.goto(`/o/${id}/credentials/${key.id}/revoke`);
    await page.getByRole('button', { name: 'Revoke API key' }).click();
    await expect(page.getByRole('status').first()).toContainText(/was revoked\. Confirmed on 3 of 3 nodes in \d+ ms\./);
    expect(await everywhere()).toEqual(['revoked', 'revoked', 'revoked']);
  });

  test('a node that was killed is silent, and a receipt does not count it', async ({ page, nodes, realm }) => {
    const { id, admin, key } = await oneKey(realm);
    await signIn(page, realm.operator);
    await page.goto('/deployment/system');
    const states = page.getByRole('region', { name: 'Nodes' }).getByRole('row');
    await expect(states.filter({ hasText: 'Current' })).toHaveCount(3);
    await nodes[2].kill();
    await expect(async () => {
      await page.reload();
      await expect(states.filter({ hasText: 'Silent' })).toHaveCount(1, { timeout: 500 });
    }).toPass();
    await expect(states.filter({ hasText: 'this one' })).toContainText('Current');
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'deployment-silent');

    await signIn(page, admin);
    await page.goto(`/o/${id}/credentials/${key.id}/revoke`);
    await page.getByRole('button', { name: 'Revoke API key' }).click();
    await expect(page.getByRole('status').first()).toContainText('Confirmed on 2 of 3 nodes; the others were waited for');
    await shoot(page, 'revoked-two-of-three');
    const left = () => Promise.all(nodes.slice(0, 2).map((node) => realm.through(node).verify(admin, key.secret.token)));
    expect(await left()).toEqual(['revoked', 'revoked']);
  });

  test.describe('a node whose database is gone', () => {
    // The node fails on purpose.
    test.use({ tolerated: [/: 503$/] });

    test('says so on a page that leads on when it is back', async ({ page, cluster, realm }) => {
      const { id, admin } = await oneKey(realm);
      await signIn(page, admin);
      await withoutDatabase(cluster, realm, admin, async () => {
        const reply = await page.goto(`/o/${id}/settings`);
        expect(reply.status()).toBe(503);
        await expect(page.getByRole('main')).toContainText('The database did not answer: nothing was changed');
        await expectAccessible(page);
        await expectToFit(page);
        await shoot(page, 'no-database');
      });
      await page.getByRole('link', { name: 'Try again' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Settings');
    });

    test('loses no form', async ({ page, cluster, realm, javaScriptEnabled }) => {
      const { id, admin } = await oneKey(realm);
      await signIn(page, admin);
      await page.goto(`/o/${id}/keys/keyward-api`);
      await page.getByRole('link', { name: 'Create API key' }).first().click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name', { exact: true }).fill('Kept');
      await dialog.getByRole('checkbox', { name: 'Viewer' }).check();
      const create = dialog.getByRole('button', { name: 'Create API key', exact: true });
      await withoutDatabase(cluster, realm, admin, async () => {
        await create.click();
        const said = javaScriptEnabled ? dialog.getByRole('alert') : page.getByRole('main');
        await expect(said).toContainText('The database did not answer: nothing was changed');
        await expectAccessible(page);
        await shoot(page, `no-database-form-${javaScriptEnabled ? 'with' : 'without'}-js`);
      });
      if (javaScriptEnabled) {
        await expect(dialog.getByLabel('Name', { exact: true })).toHaveValue('Kept');
      }
      await (javaScriptEnabled ? create : page.getByRole('button', { name: 'Send it again' })).click();
      await expect(dialog.locator('code').first()).toContainText(/^kwa_/);
      const { items } = await realm.ask(admin, 'GET', '/v1/credentials');
      expect(items.filter(({ name }) => name === 'Kept')).toHaveLength(1);
    });
  });
});

/** Ends the database for as long as `body` takes. */
async function withoutDatabase(cluster, world, person, body) {
  await cluster.halt();
  try {
    await body();
  } finally {
    await cluster.resume();
  }
  const answers = () => world.ask(person, 'GET', '/v1/sessions/current').then(() => true, () => false);
  await expect.poll(answers).toBe(true);
}

async function oneKey(world) {
  const { id, admin } = await world.organization();
  const roles = [{ role: 'Viewer', namespace: id }];
  const key = await world.credential(admin, { kind: 'keyward/api', name: 'Nightly import', namespace: id, roles });
  return { id, admin, key };
}

/** The bound is short, so that nobody waits long for a node that is dead. */
const settings = (url, ring) => `
[database]
url = "${url}"

[freshness]
bound = "3s"
poll = "50ms"
${ring ? `\n[keyring]\nfile = "${ring}"\n` : ''}`;
