// The first set-up, on a server of its own for each test.

import { expectAccessible, expectToFit, shoot } from './support/pages.mjs';
import { startServer } from './support/server.mjs';
import { expect, test as base, withAndWithoutJavaScript } from './support/test.mjs';
import { PASSWORD } from './support/world.mjs';

const test = base.extend({
  fresh: async ({}, use) => {
    const server = await startServer();
    await use(server);
    await server.stop();
  },
  origin: async ({ fresh }, use) => use(fresh.url),
});

withAndWithoutJavaScript(() => {
  test('the form makes the first operator and their organization, once', async ({ page, fresh }) => {
    await page.goto('/setup');
    await fill(page, fresh.setupToken);
    await page.getByRole('button').click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('is set up');
    await expect(page.getByRole('main')).toContainText('ada@example.com');
    await expect(page.getByRole('main')).not.toContainText(PASSWORD);
    await expectAccessible(page);
    expect(await signInStatus(fresh)).toBe(201);

    await page.goto('/setup');
    await fill(page, fresh.setupToken);
    await page.getByRole('button').click();
    await expect(page.locator('.problem')).toBeVisible();
  });

  test('what is wrong stands beside its field, and what was typed stays, less the password', async ({ page, fresh }) => {
    await page.goto('/setup');
    await fill(page, 'kwset_wrong');
    await page.getByRole('button').click();
    await expect(page.getByLabel('Set-up token')).toHaveAttribute('aria-invalid', 'true');
    await expect(page.getByLabel('Set-up token')).toHaveAccessibleDescription(/\S/);
    await expect(page.getByLabel('E-mail address')).toHaveValue('ada@example.com');
    await expect(page.getByLabel('Password')).toHaveValue('');
    await expectAccessible(page);
    expect(await signInStatus(fresh)).toBe(401);
  });
});

test('the form is accessible, fits a narrow window, and looks like this', async ({ page }) => {
  await page.goto('/setup');
  await expectAccessible(page);
  await expectToFit(page);
  await shoot(page, 'setup');
});

async function fill(page, token) {
  await page.getByLabel('Set-up token').fill(token);
  await page.getByLabel('E-mail address').fill('ada@example.com');
  await page.getByLabel('Name').fill('Ada Lovelace');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByLabel('First organization').fill('Acme');
}

/** What the REST API answers to the operator's address and password. */
async function signInStatus(server) {
  const reply = await fetch(`${server.url}/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD }),
  });
  return reply.status;
}
