// Why a request is allowed or refused.

import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

withAndWithoutJavaScript(() => {
  test('what is allowed shows every check', async ({ page, world }) => {
    const { id, admin, app, key } = await shop(world);
    await signIn(page, admin);
    await page.goto(`/o/${id}/explain?credential=${key.id}`);
    await expect(page.getByLabel('Credential')).toHaveValue(key.id);
    await page.getByLabel('Permission').fill('items:read');
    await page.getByLabel('Namespace').selectOption(app.id);
    await explain(page);
    await expect(answer(page)).toContainText('With its secret, the credential may do this.');
    await expect(answer(page).getByRole('link', { name: 'Nightly import' })).toHaveAttribute('href', `/o/${id}/credentials/${key.id}`);
    await expect(check(page, 'A role allows it')).toContainText('Passed');
    await expect(check(page, 'The secret is right')).toContainText('Does not apply');
    await expect(page.locator('.check')).toHaveCount(20);
    await page.getByText('The same as a call of the API').click();
    await expect(page.locator('pre')).toContainText(`"credential_id":"${key.id}"`);
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'explain-allowed');
  });

  test('what is refused shows the first check that failed', async ({ page, world }) => {
    const { id, admin, key, other } = await shop(world);
    await signIn(page, admin);
    await page.goto(`/o/${id}/explain`);
    await page.getByLabel('Credential').fill('nightly');
    await page.getByLabel('Permission').fill('items:read');
    await page.getByLabel('Namespace').selectOption(other.id);
    await explain(page);
    await expect(answer(page)).toContainText('Refused');
    await expect(page.locator('.check-failed')).toHaveCount(1);
    await expect(page.locator('.check-failed')).toContainText(`Warehouse ${other.id}`);
    await expect(check(page, 'It is not used too often')).toContainText('Not reached');
    await expect(page.getByLabel('Permission')).toHaveValue('items:read');
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'explain-refused');

    await world.ask(admin, 'POST', `/v1/credentials/${key.id}/revoke`, {});
    await explain(page);
    await expect(answer(page)).toContainText('The credential was revoked.');
    await expect(page.locator('.check-failed')).toContainText('It is neither disabled nor revoked');
  });

  test('an expired key is refused', async ({ page, world }) => {
    const { id, admin } = await shop(world);
    const roles = [{ role: 'Viewer', namespace: id }];
    const ends = new Date(Date.now() + 2_000);
    const wanted = { kind: 'keyward/api', name: 'Short', roles, expires_at: ends.toISOString() };
    const short = await world.credential(admin, wanted);
    await signIn(page, admin);
    await page.goto(`/o/${id}/explain?credential=${short.publicId}`);
    await expect(async () => {
      await explain(page);
      await expect(answer(page)).toContainText('The credential has expired.', { timeout: 500 });
    }).toPass();
    await expect(page.locator('.check-failed')).toContainText('It has not expired');
  });

  test('what was pasted is judged, and is nowhere in the answer', async ({ page, world }) => {
    const { id, admin, app, key } = await shop(world);
    const { token } = key.secret;
    await signIn(page, admin);
    for (const text of [token, `Authorization: Bearer ${token}`, `curl -sS -H 'Authorization: Bearer ${token}' https://api.example.com/items`]) {
      await page.goto(`/o/${id}/explain`);
      await page.getByLabel('or what was sent').fill(text);
      await page.getByLabel('Namespace').selectOption(app.id);
      await explain(page);
      await expect(answer(page)).toContainText('The credential is good, and may do this.');
      await expect(check(page, 'The secret is right')).toContainText('Passed');
      await expectNowhere(page, token);
    }
    await page.getByText('The same as a call of the API').click();
    await expect(page.locator('pre')).toContainText('THE_KEY');

    // With one character of the secret exchanged.
    const wrong = token.slice(0, -10) + (token.at(-10) === 'a' ? 'b' : 'a') + token.slice(-9);
    await page.getByLabel('or what was sent').fill(wrong);
    await explain(page);
    await expect(answer(page)).toContainText('Refused');
    await expectNowhere(page, wrong);
  });

  test('what cannot be read is told, and not repeated', async ({ page, world }) => {
    const { id, admin } = await shop(world);
    await signIn(page, admin);
    await page.goto(`/o/${id}/explain`);
    await page.getByLabel('or what was sent').fill('hunter2 is my password');
    await page.getByLabel('Permission').fill('not a permission');
    await page.getByLabel('Address').fill('here');
    await explain(page);
    await expect(page.getByLabel('or what was sent')).toHaveAccessibleDescription(/no credential in it/);
    await expect(page.getByLabel('Permission')).toHaveValue('not a permission');
    await expect(page.getByLabel('Permission')).toHaveAttribute('aria-invalid', 'true');
    await expect(page.getByLabel('Address')).toHaveAccessibleDescription(/no IP address/);
    await expectNowhere(page, 'hunter2');
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'explain-wrong');

    await page.goto(`/o/${id}/explain`);
    await page.getByLabel('or what was sent').fill('kwa_junk');
    await explain(page);
    await expect(answer(page)).toContainText('Refused');
    await expectNowhere(page, 'kwa_junk');
  });

  test('of several with a name one is chosen, and everything filled in is kept', async ({ page, world }) => {
    const { id, admin, app } = await shop(world);
    const roles = [{ role: 'Viewer', namespace: app.id }];
    await world.credential(admin, { kind: 'keyward/api', name: 'Nightly export', namespace: app.id, roles });
    await signIn(page, admin);
    await page.goto(`/o/${id}/explain`);
    await page.getByLabel('Credential').fill('nightly');
    await page.getByLabel('Permission').fill('items:read');
    await page.getByLabel('Namespace').selectOption(app.id);
    await explain(page);
    await expect(page.getByLabel('Credential')).toHaveAccessibleDescription(/choose one below/);
    await page.getByRole('button', { name: 'Nightly export' }).click();
    await expect(answer(page)).toContainText('Nightly export');
    await expect(page.getByLabel('Permission')).toHaveValue('items:read');
  });

  test("another organization's credential is unknown", async ({ page, world }) => {
    const { key } = await shop(world);
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    await page.goto(`/o/${id}/explain?credential=${key.id}`);
    await explain(page);
    await expect(answer(page)).toContainText('No such credential');
    await expect(page.locator('body')).not.toContainText('Nightly import');
    await expect(page.locator('body')).not.toContainText(key.publicId);
  });

  test('who may not ask gets a word of help, and no answer', async ({ page, world }) => {
    const { id, admin, key } = await shop(world);
    const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: 'Viewer', namespace: id }] });
    await signIn(page, bob);
    await page.goto(`/o/${id}/explain`);
    await expect(page.getByRole('main')).toContainText('credentials:verify');
    await expect(page.getByRole('button', { name: 'Explain' })).toHaveCount(0);
    await expectAccessible(page);
    await page.goto('/me');
    const token = await page.locator('input[name=form_token]').first().inputValue();
    const headers = { 'sec-fetch-site': 'same-origin' };
    const form = { form_token: token, credential: key.id };
    const reply = await page.request.post(`/o/${id}/explain`, { form, headers });
    expect(reply.status()).toBe(403);
  });

  test('a sign-in on the way never carries what was pasted', async ({ page, world }) => {
    const { id, admin, key } = await shop(world);
    await signIn(page, admin);
    await page.goto(`/o/${id}/explain`);
    await page.getByLabel('or what was sent').fill(key.secret.token);
    await page.context().clearCookies();
    await explain(page);
    await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
    await expectNowhere(page, key.secret.token);
  });
});

/** An organization with two applications and a key that may read in the first. */
async function shop(world) {
  const { id, admin } = await world.organization();
  const app = await world.app(admin, 'Shop');
  const other = await world.app(admin, 'Warehouse');
  const roles = [{ role: 'Viewer', namespace: app.id }];
  const key = await world.credential(admin, { kind: 'keyward/api', name: 'Nightly import', namespace: app.id, roles });
  return { id, admin, app, other, key };
}

const explain = (page) => page.getByRole('button', { name: 'Explain', exact: true }).click();
const answer = (page) => page.getByRole('status').filter({ has: page.getByRole('heading') });
const check = (page, what) => page.locator('.check').filter({ hasText: what });

/** Neither in the page nor in its address. */
async function expectNowhere(page, secret) {
  expect(await page.content()).not.toContain(secret);
  expect(page.url()).not.toContain(secret);
  expect(await page.locator('textarea').evaluateAll((all) => all.map((area) => area.value).join(''))).toBe('');
}
