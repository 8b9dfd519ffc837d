// A server that ends in the middle of a request: what is known then, and what is not lost.

import { expectAccessible, shoot, signIn } from './support/pages.mjs';
import { startServer } from './support/server.mjs';
import { expect, test as base } from './support/test.mjs';
import { startWire } from './support/wire.mjs';
import { World } from './support/world.mjs';

const test = base.extend({
  // Of this test alone, which ends it.
  mortal: async ({}, use) => {
    const server = await startServer();
    await use(server);
    await server.stop();
  },
  wire: async ({ mortal }, use) => {
    const wire = await startWire(mortal);
    await use(wire);
    await wire.stop();
  },
  /** What is on it. */
  realm: async ({ mortal }, use) => use(await World.setUp(mortal)),
  origin: async ({ wire }, use) => use(wire.url),
});

// What htmx says of a request that failed.
test.use({ tolerated: [/htmx: htmx:error/] });

for (const [held, shown] of [
  ['forms', /^kwa_/],
  ['answers', 'cannot be shown again'],
]) {
  const reached = held === 'forms' ? 'before the form reaches it' : 'before its answer is out';

  test(`a server that is killed ${reached}: the form stays, and sent again it makes one key`, async ({
    page,
    mortal,
    wire,
    realm,
  }) => {
    const admin = await filledIn(page, realm);
    const holding = wire.hold(held);
    await create(page).click();
    await holding;
    await mortal.kill();
    const said = dialog(page).getByRole('alert');
    await expect(said).toContainText('The server did not answer, so it is not known whether this was done.');
    await expect(said).toContainText('send it again, nothing is made twice');
    await expect(dialog(page).getByLabel('Name', { exact: true })).toHaveValue('Nightly import');
    await expectAccessible(page);
    await shoot(page, 'no-answer');
    // It still does not answer: that is said once.
    await create(page).click();
    await expect(said).toHaveCount(1);

    wire.release();
    await mortal.start();
    await create(page).click();
    await expect(held === 'forms' ? dialog(page).locator('code').first() : dialog(page)).toContainText(shown);
    const { items } = await realm.ask(admin, 'GET', '/v1/credentials');
    expect(items.map(({ name }) => name)).toEqual(['Nightly import']);
  });

  test.describe('without JavaScript', () => {
    test.use({ javaScriptEnabled: false });

    test(`a server that is killed ${reached}: what the browser sends again makes one key`, async ({
      page,
      mortal,
      wire,
      realm,
    }) => {
      const admin = await filledIn(page, realm);
      const holding = wire.hold(held);
      await create(page).click({ noWaitAfter: true });
      await holding;
      const broken = page.waitForEvent('requestfailed');
      await mortal.kill();
      await broken;
      wire.release();
      await mortal.start();
      await page.reload();
      await expect(held === 'forms' ? dialog(page).locator('code').first() : dialog(page)).toContainText(shown);
      const { items } = await realm.ask(admin, 'GET', '/v1/credentials');
      expect(items.map(({ name }) => name)).toEqual(['Nightly import']);
    });
  });
}

test('what else was asked of a server that is gone says so where it was asked', async ({ page, mortal, realm }) => {
  const { id, admin } = await realm.organization();
  await signIn(page, admin);
  await page.goto(`/o/${id}/keys/keyward-api`);
  await mortal.kill();
  await page.getByRole('link', { name: 'Create API key' }).first().click();
  await expect(page.getByRole('alert')).toHaveText('The server did not answer. Try again in a moment.');
  await expectAccessible(page);
  await shoot(page, 'no-answer-page');
  await mortal.start();
  await page.getByRole('link', { name: 'Create API key' }).first().click();
  await expect(dialog(page)).toBeVisible();
  await expect(page.getByText('The server did not answer')).toHaveCount(0);
});

test('a restart ends no session and forgets no key', async ({ page, mortal, realm }) => {
  const { id, admin } = await realm.organization();
  const roles = [{ role: 'Viewer', namespace: id }];
  const key = await realm.credential(admin, { kind: 'keyward/api', name: 'Nightly import', namespace: id, roles });
  await signIn(page, admin);
  await page.goto(`/o/${id}/settings/edit`);
  await page.getByLabel('Name', { exact: true }).fill('Acme of the North');
  await mortal.kill();
  await mortal.start();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('status').first()).toContainText('The settings were saved.');
  expect(await realm.verify(admin, key.secret.token)).toBe('allowed');
});

/** Somebody who is signed in, with the dialog filled in that makes a key. */
async function filledIn(page, world) {
  const { id, admin } = await world.organization();
  await signIn(page, admin);
  await page.goto(`/o/${id}/keys/keyward-api`);
  await page.getByRole('link', { name: 'Create API key' }).first().click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('Nightly import');
  await dialog(page).getByRole('checkbox', { name: 'Viewer' }).check();
  return admin;
}

const dialog = (page) => page.getByRole('dialog');
const create = (page) => dialog(page).getByRole('button', { name: 'Create API key', exact: true });
