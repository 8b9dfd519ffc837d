// A sign-in that is not fresh enough, or has ended, in the middle of a form: nothing that was filled in is lost, and
// nothing is done before whoever asked for it has proved who they are.

import { codeOf } from './support/authenticator.mjs';
import { age } from './support/database.mjs';
import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

withAndWithoutJavaScript(() => {
  test('a key without limits wants a fresh sign-in, and is made as it was filled in', async ({
    page,
    world,
    server,
    javaScriptEnabled,
  }) => {
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    await fillIn(page, id, 'Admin');
    await dialog(page).getByLabel('Allowed networks').fill('192.0.2.0/24');
    await age(server, admin, 'signed_in_at', FRESH + 1);
    await create(page).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Confirm that it is you');
    await expect(page.getByRole('main')).toContainText('What you had filled in is kept.');
    await expect(page).toHaveTitle('Confirm that it is you · Keyward');
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, `sign-in-again-${javaScriptEnabled ? 'with' : 'without'}-js`);
    const card = await page.getByRole('heading', { level: 1 }).boundingBox();
    const { width } = page.viewportSize();
    expect(card.x, 'it stands in the middle, without the frame of the page before').toBeGreaterThan(width / 4);
    expect(await names(world, admin)).toEqual([]);

    await page.getByLabel('Password').fill('this is not it');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByLabel('Password')).toHaveAccessibleDescription(/\S/);
    await goOn(page, admin);
    await expect(dialog(page).locator('code').first()).toContainText(/^kwa_/);
    const { items } = await world.ask(admin, 'GET', '/v1/credentials');
    expect(items.map(({ name, sources }) => [name, sources])).toEqual([['Nightly import', ['192.0.2.0/24']]]);
    expect(items[0].roles.map(({ role_name: role, namespace }) => [role, namespace])).toEqual([['Admin', id]]);
  });

  test('a secret is shown again after a fresh sign-in, and stands nowhere before', async ({ page, world, server }) => {
    const { id, admin } = await world.organization({ profiles: ['gigya'] });
    const app = await world.app(admin, 'Shop');
    const roles = [{ role: '_read_only', namespace: app.id }];
    const wanted = { kind: 'gigya/application_key', name: 'Newsletter', namespace: app.id, roles };
    const key = await world.credential(admin, wanted);
    await signIn(page, admin);
    await page.goto(`/o/${id}/credentials/${key.id}/reveal`);
    await age(server, admin, 'signed_in_at', FRESH + 1);
    await dialog(page).getByRole('button', { name: 'Show', exact: true }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Confirm that it is you');
    expect(await page.content()).not.toContain(key.secret.secret);
    await goOn(page, admin);
    await expect(dialog(page)).toContainText(key.secret.secret);
  });

  test('a namespace is deleted after a fresh sign-in, by the name that was typed', async ({ page, world, server }) => {
    const { id, admin } = await world.organization();
    const app = await world.app(admin, 'Shop');
    const roles = [{ role: 'Viewer', namespace: app.id }];
    await world.credential(admin, { kind: 'keyward/api', name: 'Nightly import', namespace: app.id, roles });
    await signIn(page, admin);
    await page.goto(`/o/${id}/namespaces/${app.id}/delete`);
    await page.getByLabel('Type Shop to confirm').fill('Shop');
    await age(server, admin, 'signed_in_at', FRESH + 1);
    await dialog(page).getByRole('button', { name: /^Delete/ }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Confirm that it is you');
    await world.ask(admin, 'GET', `/v1/apps/${app.id}`);
    await goOn(page, admin);
    await expect(page.getByRole('status').first()).toContainText('Shop');
    await expect(world.ask(admin, 'GET', `/v1/apps/${app.id}`)).rejects.toThrow(/404/);
  });

  test('a button without a form around it is pressed again after a fresh sign-in', async ({ page, world, server }) => {
    const { admin } = await world.organization();
    await signIn(page, admin);
    await page.goto('/me/access');
    await age(server, admin, 'signed_in_at', FRESH + 1);
    await page.getByRole('button', { name: 'Set up' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Confirm that it is you');
    await expect(page.getByRole('main')).not.toContainText('What you had filled in');
    await goOn(page, admin);
    await expect(dialog(page).getByRole('img', { name: 'QR code' })).toBeVisible();
  });

  test('who signs out of a session that has ended is signed out', async ({ page, world, server }) => {
    const { admin } = await world.organization();
    await signIn(page, admin);
    await age(server, admin, 'last_seen_at', 31);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(/\/sign-in$/);
  });

  test('the second factor is removed after a fresh sign-in with it, and no code is carried', async ({
    page,
    world,
    server,
  }) => {
    const { admin } = await world.organization();
    const secret = await withSecondFactor(world, admin);
    await signInWithCode(page, admin, codeOf(secret));
    await page.goto('/me/access/second-factor/remove');
    await age(server, admin, 'signed_in_at', FRESH + 1);
    await dialog(page).getByRole('button', { name: 'Remove it' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Confirm that it is you');
    await page.getByLabel('Code', { exact: true }).fill(codeOf(secret, 1));
    await goOn(page, admin);
    await expect(page.getByRole('status').first()).toContainText('Your second factor was removed.');
  });

  for (const [end, time, minutes] of [
    ['was not used for too long', 'last_seen_at', 31],
    ['is too old', 'expires_at', 12 * 60 + 1],
  ]) {
    test(`a session that ${end} ends, and what was filled in goes on in the next one`, async ({ page, world, server }) => {
      const { id, admin } = await world.organization();
      const secret = await withSecondFactor(world, admin);
      await signInWithCode(page, admin, codeOf(secret));
      await fillIn(page, id, 'Viewer');
      await age(server, admin, time, minutes);
      await create(page).click();
      await expect(page.getByRole('alert')).toContainText('Your session has ended');
      await expectAccessible(page);
      expect(await names(world, admin)).toEqual([]);
      await page.getByLabel('E-mail').fill(admin.email);
      await page.getByLabel('Password').fill(admin.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByLabel('Code', { exact: true }).fill(codeOf(secret, 1));
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByText('Nothing of it was sent yet')).toBeVisible();
      await expectNothingSecret(page, admin);
      await page.getByRole('button', { name: 'Send it now' }).click();
      await expect(dialog(page).locator('code').first()).toContainText(/^kwa_/);
      expect(await names(world, admin)).toEqual(['Nightly import']);

    });
  }

  test('a password that was typed is asked for again, not carried', async ({ page, world }) => {
    const { admin } = await world.organization();
    await signIn(page, admin);
    await page.goto('/me/access/password');
    await page.getByLabel('Current password').fill(admin.password);
    await page.getByLabel('New password', { exact: true }).fill('another long pass-phrase 9');
    await page.getByLabel('New password again').fill('another long pass-phrase 9');
    await world.ask(admin, 'DELETE', '/v1/sessions');
    await page.getByRole('button', { name: 'Change password' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
    const content = await page.content();
    expect(content).not.toContain('another+long');
    expect(content).not.toContain('another long');
    await expectNothingSecret(page, admin);
  });
});

/** Proves who they are, and sends what was filled in. */
async function goOn(page, person) {
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('Nothing of it was sent yet')).toBeVisible();
  await expectNothingSecret(page, person);
  await page.getByRole('button', { name: 'Send it now' }).click();
}

/** Neither a password nor a code stands in the page, whatever is hidden in it. */
async function expectNothingSecret(page, person) {
  const fields = page.locator('input[type="hidden"]');
  const held = await fields.evaluateAll((all) => all.map(({ name, value }) => `${name}=${value}`));
  expect(held.join('\n')).not.toContain(person.password);
  expect(held.filter((field) => /^(password|code)=|[&=](password|code)=/.test(field))).toEqual([]);
}

async function fillIn(page, organization, role) {
  await page.goto(`/o/${organization}/keys/keyward-api`);
  await page.getByRole('link', { name: 'Create API key' }).first().click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('Nightly import');
  await dialog(page).getByRole('checkbox', { name: role }).check();
}

async function names(world, person) {
  const { items } = await world.ask(person, 'GET', '/v1/credentials');
  return items.map(({ name }) => name);
}

/** The key of an authenticator that belongs to somebody from now on. */
async function withSecondFactor(world, person) {
  const { secret } = await world.ask(person, 'POST', '/v1/users/current/second-factor', {});
  await world.ask(person, 'POST', '/v1/users/current/second-factor/confirm', { code: codeOf(secret, -1) });
  return secret;
}

async function signInWithCode(page, person, code) {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Code', { exact: true }).fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/o\/org_/);
}

const dialog = (page) => page.getByRole('dialog');
const create = (page) => dialog(page).getByRole('button', { name: 'Create API key', exact: true });

/** For how many minutes a sign-in is fresh. */
const FRESH = 10;
