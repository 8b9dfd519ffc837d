// The whole life of a key with JavaScript switched off: links and forms, and nothing else.

import { expectAccessible, signIn } from './support/pages.mjs';
import { expect, test } from './support/test.mjs';

test.use({ javaScriptEnabled: false });

test('a key is made, shown once, rotated, revoked and remembered', async ({ page, world }) => {
  const { admin } = await world.organization();
  await signIn(page, admin);
  const navigation = page.getByRole('navigation').first();
  const dialog = page.getByRole('dialog');

  await navigation.getByRole('link', { name: 'API keys' }).click();
  await page.getByRole('main').getByRole('link', { name: 'Create API key' }).first().click();
  await expectAccessible(page);
  await page.getByLabel('Name', { exact: true }).fill('Nightly import');
  await dialog.getByRole('checkbox', { name: 'Viewer' }).check();
  await dialog.getByRole('button', { name: 'Create API key' }).click();
  const first = await token(dialog);
  await expectAccessible(page);
  expect(await world.verify(admin, first)).toBe('allowed');

  // Opened again, by reload or by the way back, the page makes no second key and shows no secret.
  await page.reload();
  expect(await page.content()).not.toContain(first);
  await navigation.getByRole('link', { name: 'API keys' }).click();
  await expect(page.getByRole('row', { name: /Nightly import/ })).toHaveCount(1);
  await page.getByRole('row', { name: /Nightly import/ }).getByRole('link', { name: 'Nightly import', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nightly import');
  const key = page.url();
  expect(await page.content()).not.toContain(first);

  await page.getByRole('main').getByRole('link', { name: 'Rotate' }).click();
  await dialog.getByRole('button', { name: /Rotate/ }).click();
  const second = await token(dialog);
  expect(second).not.toBe(first);
  expect(await world.verify(admin, second)).toBe('allowed');

  await page.goto(key);
  await page.getByRole('main').getByRole('link', { name: 'Revoke' }).click();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Revoke API key' }).click();
  await expect(page.getByRole('status').first()).toContainText('Nightly import was revoked');
  expect(await world.verify(admin, second)).toBe('revoked');

  await navigation.getByRole('link', { name: 'Audit log' }).click();
  for (const what of ['credentials.create', 'credentials.rotate', 'credentials.revoke']) {
    await expect(page.getByRole('main')).toContainText(what);
  }
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.goto(key);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

/** The one string that the dialog shows. */
async function token(dialog) {
  const shown = dialog.getByText(/^kwa_[0-9A-Za-z]+_[0-9A-Za-z]+$/).first();
  return (await shown.textContent()).trim();
}
