// The settings of an organization.

import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

withAndWithoutJavaScript(() => {
  test('an admin sees how the organization and the server are set up', async ({ page, world }) => {
    const { id, name, admin } = await world.organization({ profiles: ['keyward', 'gigantik'] });
    await signIn(page, admin);
    await page.goto(`/o/${id}/settings`);
    const general = page.getByRole('region', { name: 'General' });
    await expect(general).toContainText(name);
    await expect(general).toContainText(id);
    await expect(general).toContainText('Anywhere');
    const profiles = page.getByRole('region', { name: 'Profiles' });
    const recorded = await world.ask(admin, 'GET', '/v1/profiles/gigantik');
    const row = profiles.getByRole('row', { name: /^Gigantik CMS/ });
    await expect(row).toContainText('gigantik');
    await expect(row).toContainText(recorded.digest.slice(0, 12));
    const signingIn = page.getByRole('region', { name: 'Sign-in' });
    await expect(signingIn).toContainText('30 minutes');
    await expect(signingIn).toContainText('12 hours');
    await expect(signingIn.getByRole('listitem')).toContainText(['5 failures wait 30 seconds', '10', '15', '20', '25']);
    await expect(page.getByRole('region', { name: 'Freshness' })).toContainText('5 seconds');
    // What belongs to the whole deployment is not told.
    await expect(page.getByRole('main')).not.toContainText('Key ring');
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('name and networks are edited, and hold at once', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const clerk = await world.role(admin, 'Clerk', ['items:read']);
    const roles = [{ role: clerk.id, namespace: id }];
    const key = await world.credential(admin, { kind: 'keyward/api', name: 'Till', namespace: id, roles });
    const question = { permission: 'items:read', namespace: id, source: '198.51.100.7' };
    await signIn(page, admin);
    await page.goto(`/o/${id}/settings`);
    await page.getByRole('link', { name: 'Edit settings' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Acme of the North');
    await page.getByLabel('Source networks').fill('203.0.113.0/24, 2001:db8::/32');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('status')).toContainText(/The settings were saved\. Confirmed on 1 of 1 nodes/);
    const general = page.getByRole('region', { name: 'General' });
    await expect(general).toContainText('Acme of the North');
    await expect(general.getByRole('listitem')).toHaveText(['203.0.113.0/24', '2001:db8::/32']);
    expect(await world.verify(admin, key.secret.token, question)).not.toBe('allowed');
    expect(await world.verify(admin, key.secret.token, { ...question, source: '203.0.113.9' })).toBe('allowed');
  });

  test('what is no network is refused beside the field, and what was typed stays', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    await page.goto(`/o/${id}/settings`);
    await page.getByRole('link', { name: 'Edit settings' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Acme of the South');
    await page.getByLabel('Source networks').fill('203.0.113.0/99');
    await page.getByRole('button', { name: 'Save' }).click();
    const field = page.getByLabel('Source networks');
    await expect(field).toHaveAccessibleDescription(/203\.0\.113\.0\/99/);
    await expect(field).toHaveValue('203.0.113.0/99');
    await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Acme of the South');
    await expectAccessible(page);
  });

  test('of two who edit the settings at once, the second is told and overwrites nothing', async ({
    page,
    anotherBrowser,
    world,
  }) => {
    const { id, admin } = await world.organization();
    const other = await anotherBrowser();
    for (const browser of [page, other]) {
      await signIn(browser, admin);
      await browser.goto(`/o/${id}/settings`);
      await browser.getByRole('link', { name: 'Edit settings' }).click();
      await expect(browser.getByLabel('Name', { exact: true })).toBeVisible();
    }
    await page.getByLabel('Name', { exact: true }).fill('First');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('status')).toContainText('saved');
    await other.getByLabel('Name', { exact: true }).fill('Second');
    await other.getByRole('button', { name: 'Save' }).click();
    await expect(other.getByRole('alert')).toContainText('The organization was changed since you read it');
    await expect(other.getByLabel('Name', { exact: true })).toHaveValue('Second');
    const kept = await world.ask(admin, 'GET', `/v1/organizations/${id}`);
    expect(kept.name).toBe('First');
  });

  test('a profile is added with its roles, and is not taken away while its keys live', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    await page.goto(`/o/${id}/settings`);
    await page.getByRole('link', { name: 'Choose profiles' }).click();
    await page.getByLabel('Gigantik CMS').check();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('status')).toContainText('The profiles were saved.');
    await expect(page.getByRole('region', { name: 'Profiles' })).toContainText('Gigantik CMS');

    const { items } = await world.ask(admin, 'GET', '/v1/roles?name=Owner');
    const roles = [{ role: items[0].id, namespace: id }];
    await world.credential(admin, { kind: 'gigantik/api_key', name: 'Site', namespace: id, roles });
    await page.getByRole('link', { name: 'Choose profiles' }).click();
    await page.getByLabel('Gigantik CMS').uncheck();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('alert')).toContainText('1 credentials of the profile `gigantik` are not revoked');
    await expect(page.getByLabel('Gigantik CMS')).not.toBeChecked();
  });

  test('a member without rights sees the settings and changes nothing', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const nina = await world.member(admin, 'Nina Nobody');
    await signIn(page, nina);
    await page.goto(`/o/${id}/settings`);
    await expect(page.getByRole('region', { name: 'General' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Edit settings' })).toHaveCount(0);
    await expect(page.getByRole('link', { name: 'Choose profiles' })).toHaveCount(0);
    await page.goto(`/o/${id}/settings/edit`);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('alert')).toContainText('organizations:edit');
  });

  test('a suspended organization says so', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    await world.ask(world.operator, 'POST', `/v1/organizations/${id}/suspend`, {});
    await page.goto(`/o/${id}/settings`);
    await expect(page.getByRole('main')).toContainText('This organization is suspended');
    await expectAccessible(page);
  });
});

test('the settings look like this', async ({ page, world }) => {
  const { id, admin } = await world.organization({ profiles: ['keyward', 'gigya', 'gateway_hub'] });
  await world.ask(admin, 'PATCH', `/v1/organizations/${id}`, { sources: ['203.0.113.0/24', '2001:db8::/32'] });
  await signIn(page, admin);
  await page.goto(`/o/${id}/settings`);
  await shoot(page, 'settings');
  await page.getByRole('link', { name: 'Edit settings' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toBeVisible();
  await shoot(page, 'settings-edit');
  await page.goto(`/o/${id}/settings/profiles`);
  await shoot(page, 'settings-profiles');
});
