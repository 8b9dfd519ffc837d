// The audit log: read, searched, taken out, proved.

import { readFile } from 'node:fs/promises';
import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

withAndWithoutJavaScript(() => {
  test('G3 a use of a Gigya key is recorded with its user key and the name of its application', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gigya'] });
    const app = await world.app(admin, 'Shop');
    const roles = [{ role: '_read_only', namespace: app.id }];
    const wanted = { kind: 'gigya/application_key', name: 'Loyalty programme', namespace: app.id, roles };
    const key = await world.credential(admin, wanted);
    const [secret] = Object.values(key.secret).filter((part) => part !== key.publicId);
    await world.ask(admin, 'POST', '/v1/verify', { id: key.publicId, secret });
    await signIn(page, admin);
    await page.goto(`/o/${id}/audit?what=credentials.use`);
    const use = entries(page).first();
    await expect(use).toContainText('Use a key');
    await expect(use).toContainText('Loyalty programme');
    await expect(use).toContainText(key.publicId);
    await expect(page.locator('body')).not.toContainText(secret);
    await expectAccessible(page);
  });

  test('what was done and what was refused is told in plain words', async ({ page, world }) => {
    const { id, admin, app, key, bob } = await busy(world);
    await signIn(page, admin);
    await page.goto(`/o/${id}/audit`);
    const refused = entries(page).filter({ hasText: 'Refused' }).first();
    await expect(refused).toContainText('Bob Barlow');
    await expect(refused).toContainText('End a credential for ever');
    await expect(refused.getByRole('link', { name: 'Nightly import' })).toHaveAttribute('href', `/o/${id}/credentials/${key.id}`);
    await expect(refused.getByRole('link', { name: 'Bob Barlow' })).toHaveAttribute('href', `/o/${id}/members/${bob.user}`);
    await expect(refused).toContainText('127.0.0.1');
    await refused.getByLabel(/Details/).click();
    for (const text of ['credentials.revoke', key.id, 'Place in the chain', 'Hash of the chain']) {
      await expect(refused).toContainText(text);
    }
    await expect(entries(page).filter({ hasText: 'Create an application' })).toContainText('Shop');
    expect(app.id).toMatch(/^app_/);
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'audit');
  });

  test('the log is searched by who, what, on what, outcome, day and request', async ({ page, world }) => {
    const { id, admin } = await busy(world);
    await signIn(page, admin);
    await page.goto(`/o/${id}/audit`);
    const search = async () => page.getByRole('button', { name: 'Search' }).click();

    await page.getByLabel('Who').fill('bob');
    await search();
    await expect(page).toHaveURL(/who=bob/);
    await expect(entries(page)).toHaveCount(1);
    await entries(page).first().getByLabel(/Details/).click();
    const request = (await entries(page).first().textContent()).match(/req_[0-9a-z]{26}/)[0];

    await page.goto(`/o/${id}/audit?request=${request}`);
    await expect(entries(page)).toHaveCount(1);

    await page.goto(`/o/${id}/audit`);
    await page.getByLabel('What', { exact: true }).selectOption('credentials.create');
    await search();
    await expect(page).toHaveURL(/what=credentials.create/);
    await expect(entries(page)).toHaveCount(1);

    await page.goto(`/o/${id}/audit?target=Nightly`);
    await expect(entries(page)).toHaveCount(2);
    await page.goto(`/o/${id}/audit?outcome=refused`);
    await expect(entries(page)).toHaveCount(1);

    await page.goto(`/o/${id}/audit?to=2020-01-01`);
    await expect(page.getByRole('main')).toContainText('No entry fits.');
    await page.getByRole('link', { name: 'Clear' }).click();
    await expect(entries(page)).not.toHaveCount(0);
  });

  test('what cannot be looked for is told beside its field', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    const answer = await page.goto(`/o/${id}/audit?request=nonsense&from=2026-11-13&to=2026-11-12`);
    expect(answer.status()).toBe(422);
    await expect(page.getByLabel('Request')).toHaveAccessibleDescription(/nonsense/);
    await expect(page.getByLabel('Request')).toHaveValue('nonsense');
    await expect(page.getByLabel('To')).toHaveAccessibleDescription(/before the first/);
    await expectAccessible(page);
    await shoot(page, 'audit-wrong');
  });

  test('a long log has pages', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    for (let n = 0; n < 52; n += 1) {
      await world.role(admin, `Role ${n}`, ['items:read']);
    }
    await signIn(page, admin);
    await page.goto(`/o/${id}/audit?what=roles.create`);
    await expect(entries(page)).toHaveCount(50);
    await expect(entries(page).first()).toContainText('Role 51');
    await page.getByRole('link', { name: 'Older' }).click();
    await expect(entries(page)).toHaveCount(2);
    await expect(entries(page).last()).toContainText('Role 0');
    await page.getByRole('link', { name: 'Newest' }).click();
    await expect(entries(page)).toHaveCount(50);
  });

  test('the chain is checked', async ({ page, world }) => {
    const { id, admin } = await busy(world);
    await signIn(page, admin);
    await page.goto(`/o/${id}/audit`);
    await page.getByRole('button', { name: 'Check the chain' }).click();
    const proof = page.getByRole('region', { name: 'Proof of the log' });
    await expect(proof).toContainText('The chain is intact.');
    await expect(proof).toContainText(/\d+ entries and \d+ signed checkpoints/);
    await expect(proof).toContainText(/[0-9a-f]{64}/);
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('the log is exported as it is filtered, and no cell is a formula', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const app = await world.app(admin, '=1+1');
    await world.role(admin, 'Reader', ['items:read']);
    await signIn(page, admin);
    await page.goto(`/o/${id}/audit?what=apps.create`);
    const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
    const lines = (await readFile(await csv.path(), 'utf8')).trim().split('\r\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^"place","time","operation"/);
    expect(lines[1]).toContain(`"${app.id}","'=1+1","done"`);
    expect(lines[1]).toContain('"Ada Admin"');
    const link = page.getByRole('link', { name: 'JSON lines' });
    const [json] = await Promise.all([page.waitForEvent('download'), link.click()]);
    const entry = JSON.parse(await readFile(await json.path(), 'utf8'));
    expect(entry).toMatchObject({ operation: 'apps.create', target: app.id, caller: admin.user, outcome: 'done' });
  });

  test('who may not read it gets no page, and no export', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: 'Viewer', namespace: id }] });
    await signIn(page, bob);
    await expect(page.getByRole('link', { name: 'Audit log' })).toHaveCount(0);
    for (const path of ['/audit', '/audit/export.csv', '/audit/export.jsonl']) {
      const answer = await page.request.get(`/o/${id}${path}`);
      expect(answer.status(), path).toBe(403);
    }
  });
});

/** An organization in which something was done, and Bob was refused something. */
async function busy(world) {
  const { id, admin } = await world.organization();
  const app = await world.app(admin, 'Shop');
  const roles = [{ role: 'Viewer', namespace: app.id }];
  const key = await world.credential(admin, { kind: 'keyward/api', name: 'Nightly import', namespace: app.id, roles });
  const reader = await world.role(admin, 'Key reader', ['credentials:read']);
  const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: reader.id, namespace: app.id }] });
  await expect(world.ask(bob, 'POST', `/v1/credentials/${key.id}/revoke`, {})).rejects.toThrow(/403/);
  return { id, admin, app, key, bob };
}

function entries(page) {
  return page.getByRole('main').locator('.log').getByRole('listitem');
}
