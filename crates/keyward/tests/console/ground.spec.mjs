// The ground itself: what must not happen in a page is noticed, and the world is there.

import { expectAccessible, expectToFit } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';
import { PROFILES } from './support/world.mjs';

withAndWithoutJavaScript(() => {
  test('a style that the policy forbids is noticed', async ({ page, troubles }) => {
    await show(page, '<p style="color: red">Hello');
    await expectNoticed(troubles, /Content Security Policy/i);
  });

  test('a request that leaves the server is noticed', async ({ page, context, troubles }) => {
    await context.route('http://elsewhere.example/**', (route) => route.fulfill({ body: '' }));
    await show(page, '<img alt="" src="http://elsewhere.example/a.png">', { 'content-security-policy': '' });
    await expectNoticed(troubles, /http:\/\/elsewhere\.example\/a\.png/);
  });

  test('a file of a page that is missing is noticed', async ({ page, troubles }) => {
    await show(page, '<img alt="" src="/v1/nothing">');
    await expectNoticed(troubles, /\/v1\/nothing: 404/);
  });

  test('a failure of the server is noticed', async ({ page, troubles }) => {
    await show(page, '<main>Hello</main>', {}, 500);
    await expectNoticed(troubles, /\/made-up: 500/);
  });

  test('a page that is not accessible, or too wide, is told from one that is neither', async ({ page }) => {
    await show(page, '<main><h1>Hello</h1><label for="a">Name</label><input id="a"></main>');
    await expectAccessible(page);
    await expectToFit(page);
    await show(page, `<main><h1>${'W'.repeat(100)}</h1><label for="b">Name</label><input id="a"></main>`);
    await expect(expectAccessible(page)).rejects.toThrow(/label: <input/);
    await expect(expectToFit(page)).rejects.toThrow(/width/);
  });
});

test('an error in a script is noticed', async ({ page, troubles }) => {
  await show(page, '<script>nothing.here()</script>', { 'content-security-policy': '' });
  await expectNoticed(troubles, /nothing is not defined/);
});

test('an alert is noticed', async ({ page, troubles }) => {
  await show(page, '<script>alert("boo")</script>', { 'content-security-policy': '' });
  await expectNoticed(troubles, /a dialog said: boo/);
});

test('another browser is watched as well', async ({ anotherBrowser, troubles }) => {
  await show(await anotherBrowser(), '<p style="color: red">Hello');
  await expectNoticed(troubles, /Content Security Policy/i);
});

test.describe('what is provoked on purpose', () => {
  test.use({ tolerated: [/Content Security Policy/i] });
  test('is tolerated', async ({ page, troubles }) => {
    await show(page, '<p style="color: red">Hello');
    await expect.poll(() => troubles.length).toBeGreaterThan(0);
  });
});

test('the world has organizations of every profile, people, places, roles and keys', async ({ world }) => {
  const { id, admin } = await world.organization({ profiles: PROFILES });
  const app = await world.app(admin, 'Shop');
  const workspace = await world.workspace(admin, 'Till', app.id);
  const group = await world.usergroup(admin, 'Cashiers', app.id);
  const reader = await world.role(admin, 'Reader', ['events:read']);
  const member = await world.member(admin, 'Bob Barlow', { roles: [{ role: reader.id, namespace: app.id }] });
  await world.grant(admin, member.user, reader.id, workspace.id);
  await world.grant(admin, group.id, reader.id, workspace.id);
  expect(member.organization).toBe(id);

  const roles = [{ role: reader.id, namespace: app.id }];
  const key = await world.credential(admin, { kind: 'keyward/api', name: 'Nightly import', namespace: app.id, roles });
  const question = { permission: 'events:read', namespace: app.id };
  expect(await world.verify(admin, key.secret.token, question)).toBe('allowed');
  await world.ask(admin, 'POST', `/v1/credentials/${key.id}/revoke`, {});
  expect(await world.verify(admin, key.secret.token, question)).toBe('revoked');
});

/** Waits until it was noticed, and forgives it: the test would fail. */
async function expectNoticed(troubles, pattern) {
  await expect.poll(() => troubles.join('\n')).toMatch(pattern);
  troubles.length = 0;
}

/** Opens a made-up page of the server, with the console's policy if nothing else is said. */
async function show(page, body, headers = {}, status = 200) {
  await page.route('/made-up', (route) =>
    route.fulfill({
      status,
      contentType: 'text/html; charset=utf-8',
      headers: { 'content-security-policy': "default-src 'none'; img-src 'self'", ...headers },
      body: `<!doctype html><html lang="en"><title>Made up</title>${body}`,
    }),
  );
  await page.goto('/made-up');
}
