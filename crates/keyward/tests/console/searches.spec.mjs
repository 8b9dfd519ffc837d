// A secret that is typed into a search does not stay in an address.

import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

withAndWithoutJavaScript(() => {
  test('an address with a secret in it leads to the same without it', async ({ page, world }) => {
    const { id, admin, key } = await shop(world);
    const { token } = key.secret;
    await signIn(page, admin);
    for (const [path, rest] of [
      [`/o/${id}/keys/keyward-api?sort=name&q=${token}`, '?sort=name'],
      [`/o/${id}/audit?who=%20${token}&outcome=done`, '?outcome=done'],
      [`/o/${id}/members?q=${token}`, ''],
      [`/o/${id}/explain?credential=${token}`, ''],
    ]) {
      await page.goto(path);
      await expect(page).toHaveURL(path.split('?')[0] + rest);
      await expect(page.getByRole('status').first()).toContainText('What you looked for is a secret, and was not looked up');
      expect(await page.content()).not.toContain(token);
    }
    await expectAccessible(page);
    await expectToFit(page);
    // The public id is no secret.
    await page.goto(`/o/${id}/keys/keyward-api?q=${key.publicId}`);
    await expect(page).toHaveURL(new RegExp(`q=${key.publicId}$`));
    await expect(page.getByRole('rowheader', { name: 'Nightly import' })).toBeVisible();
  });

  test('also somebody who is not signed in is led away first', async ({ page, world }) => {
    const { id, key } = await shop(world);
    await page.goto(`/o/${id}/keys/keyward-api?q=${key.secret.token}`);
    await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
    expect(page.url()).not.toContain(key.secret.token);
    expect(await page.content()).not.toContain(key.secret.token);
  });
});

test('a page does not send a secret as a search, and says why', async ({ page, world }) => {
  const { id, admin, key } = await shop(world);
  const { token } = key.secret;
  const sent = [];
  page.on('request', (request) => sent.push(request.url()));
  await signIn(page, admin);
  await page.goto(`/o/${id}/keys/keyward-api`);
  const search = page.getByRole('searchbox');
  await search.fill(` ${token}`);
  await search.press('Enter');
  await expect.poll(() => search.evaluate((field) => field.validationMessage)).toContain('This is a secret: it was not sent.');
  await shoot(page, 'search-secret');
  // What is only like one is a search as any other.
  await search.fill(`${token}x`);
  await expect(page.getByRole('main')).toContainText('No API keys match.');
  await search.fill(key.publicId);
  await expect(page.getByRole('rowheader', { name: 'Nightly import' })).toBeVisible();

  await page.goto(`/o/${id}/audit`);
  await page.getByLabel('Who').fill(`Bearer ${token}`);
  await page.getByRole('button', { name: 'Search' }).click();
  await expect.poll(() => page.getByLabel('Who').evaluate((field) => field.validationMessage)).toContain('This is a secret');
  expect(sent.filter((url) => url.endsWith(token))).toEqual([]);
});

/** An organization with a key. */
async function shop(world) {
  const { id, admin } = await world.organization();
  const roles = [{ role: 'Viewer', namespace: id }];
  const key = await world.credential(admin, { kind: 'keyward/api', name: 'Nightly import', roles });
  return { id, admin, key };
}
