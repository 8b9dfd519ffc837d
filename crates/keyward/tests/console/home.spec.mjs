// The overview: an organization at a glance, and how to begin.

import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';
import { PROFILES } from './support/world.mjs';

withAndWithoutJavaScript(() => {
  test('a new organization shows how to begin', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['keyward', 'gainsight'] });
    await signIn(page, admin);
    await expect(page).toHaveURL(`/o/${id}`);
    const steps = page.getByRole('region', { name: 'First steps' });
    await expect(steps.getByRole('heading', { level: 3 })).toHaveText([
      'Create a key',
      'Try it',
      'Invite a colleague',
      'Set a second factor',
    ]);
    await expect(steps.getByRole('listitem').first().getByRole('link')).not.toHaveCount(0);
    await expect(steps.getByRole('link', { name: 'Go to the members' })).toHaveAttribute('href', `/o/${id}/members`);
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'home-begin');
    await steps.getByRole('listitem').first().getByRole('link').first().click();
    await expect(page).toHaveURL(/\/keys\//);
  });

  test('a member without any role is told whom to ask', async ({ page, world }) => {
    const { admin } = await world.organization({ name: 'Wayne & Sons' });
    const nora = await world.member(admin, 'Nora Newcomer');
    await signIn(page, nora);
    await expect(page.getByRole('main')).toContainText('You are a member of Wayne & Sons, but hold no role yet.');
    await expect(page.getByRole('main')).toContainText(nora.email);
    await expect(page.getByRole('region', { name: 'First steps' })).toHaveCount(0);
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'home-no-role');
  });

  test('the organization is shown at a glance', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const roles = [{ role: 'Viewer', namespace: id }];
    const soon = new Date(Date.now() + 10 * 24 * 3_600_000).toISOString();
    const create = (name, more) => world.credential(admin, { kind: 'keyward/api', name, roles, ...more });
    const ending = await create('Ends soon', { expires_at: soon });
    await create('Lasts', {});
    const gone = await create('Gone', {});
    await world.ask(admin, 'POST', `/v1/credentials/${gone.id}/revoke`, {});
    expect(await world.verify(admin, ending.secret.token)).toBe('allowed');
    await signIn(page, admin);
    const region = (name) => page.getByRole('region', { name });
    await expect(region('Expire within 30 days').getByRole('link')).toHaveText(['Ends soon']);
    await expect(region('Expire within 30 days')).toContainText('in 10 days');
    await expect(region('Not used for 90 days')).toContainText('Every older key was used.');
    const changed = region('Changed lately').getByRole('listitem');
    await expect(changed).toHaveCount(3);
    await expect(changed.first()).toContainText('Gone');
    await expect(changed.first()).toContainText('Revoked');
    await expect(async () => {
      await page.reload();
      await expect(page.getByRole('img', { name: 'Uses in the last 30 days' })).toHaveAccessibleDescription(/1 uses? /, {
        timeout: 500,
      });
    }).toPass();
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'home');
    await region('Expire within 30 days').getByRole('link').click();
    await expect(page).toHaveURL(`/o/${id}/credentials/${ending.id}`);
  });

  test('others see their own keys alone, and none of what they may not', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const app = await world.app(admin, 'Shop');
    const key = (name, namespace) =>
      world.credential(admin, { kind: 'keyward/api', name, namespace, roles: [{ role: 'Viewer', namespace }] });
    await key('Everybody sees', app.id);
    await key('Nobody sees', id);
    const reader = await world.role(admin, 'Key reader', ['credentials:read']);
    const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: reader.id, namespace: app.id }] });
    await signIn(page, bob);
    await expect(page.getByRole('main')).toContainText('Everybody sees');
    await expect(page.getByRole('main')).not.toContainText('Nobody sees');
  });

  test('a suspended member is told so', async ({ page, world }) => {
    const { admin } = await world.organization();
    const roles = [{ role: 'Viewer', namespace: admin.organization }];
    const bob = await world.member(admin, 'Bob Barlow', { roles });
    await signIn(page, bob);
    await world.ask(admin, 'POST', `/v1/users/${bob.user}/suspend`);
    const answer = await page.goto(`/o/${admin.organization}`);
    expect(answer.status()).toBeLessThan(500);
    await expect(page.locator('body')).not.toContainText('First steps');
  });
});

test('organizations of every profile have an overview', async ({ page, world }) => {
  const { admin } = await world.organization({ profiles: PROFILES });
  await signIn(page, admin);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  await expectToFit(page);
});
