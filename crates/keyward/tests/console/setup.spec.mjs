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
  test('the form makes the first operator and their organization, once', async ({ page, fresh, anotherBrowser }) => {
    await page.goto('/setup');
    await fill(page, fresh.setupToken);
    await page.getByRole('button', { name: 'Set up' }).click();
    await expect(page).toHaveURL(/\/o\/org_/);
    await expect(page.getByRole('navigation')).toContainText('Acme');
    await expect(page.getByRole('navigation')).toContainText('ada@example.com');

    const second = await anotherBrowser();
    await second.goto('/setup');
    await fill(second, fresh.setupToken);
    await second.getByRole('button', { name: 'Set up' }).click();
    await expect(second.getByRole('alert')).toContainText('has its first operator');
  });

  test('what is wrong stands beside its field, and what was typed stays, less the password', async ({ page }) => {
    await page.goto('/setup');
    await fill(page, 'kwset_wrong');
    await page.getByRole('button', { name: 'Set up' }).click();
    await expect(page.getByLabel('Set-up token')).toHaveAttribute('aria-invalid', 'true');
    await expect(page.getByLabel('Set-up token')).toHaveAccessibleDescription(/\S/);
    await expect(page.getByLabel('E-mail')).toHaveValue('ada@example.com');
    await expect(page.getByLabel('Your name')).toHaveValue('Ada Lovelace');
    await expect(page.getByLabel('Password')).toHaveValue('');
    await expectAccessible(page);
  });
});

test('the link puts its token into the form, and the address forgets it', async ({ page, fresh }) => {
  await page.goto(`/setup#${fresh.setupToken}`);
  await expect(page.getByLabel('Set-up token')).toHaveValue(fresh.setupToken);
  await expect(page).toHaveURL(`${fresh.url}/setup`);
});

test('the form is accessible, fits a narrow window, and looks like this', async ({ page }) => {
  await page.goto('/setup');
  await expectAccessible(page);
  await expectToFit(page);
  await shoot(page, 'setup');
});

async function fill(page, token) {
  await page.getByLabel('Set-up token').fill(token);
  await page.getByLabel('First organization').fill('Acme');
  await page.getByLabel('Your name').fill('Ada Lovelace');
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByLabel('Password').fill(PASSWORD);
}
