// One credential's page, and everything that is done with it.

import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

withAndWithoutJavaScript(() => {
  test('the page says what it is, what it may do and why', async ({ page, world }) => {
    const { id, admin, app, key } = await apiKey(world, { expires_at: '2099-01-01T00:00:00Z', sources: ['192.0.2.0/24'] });
    await signIn(page, admin);
    await page.goto(address(id, key));
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nightly import');
    await expect(page.getByRole('main')).toContainText('Active');
    await expect(fact(page, 'Namespace')).toContainText('Shop');
    await expect(fact(page, 'Created')).toContainText('by you');
    await expect(fact(page, 'Expires')).toContainText('in 7');
    await expect(fact(page, 'Allowed networks')).toHaveText('192.0.2.0/24');
    await expect(fact(page, 'Last used')).toHaveText('Never');
    const rights = page.getByRole('region', { name: 'What it can do' });
    await expect(rights).toContainText('Shop application');
    await expect(rights).toContainText('Reader');
    await expect(rights.getByRole('listitem').filter({ hasText: 'items' })).toContainText('read');
    await expect(rights).toContainText('security APIs');
    await expect(page.getByRole('table').filter({ hasText: 'Secret' })).toContainText('Current');
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link').click();
    await expect(page).toHaveURL(`/o/${id}/keys/keyward-api`);
    expect(app.id).toMatch(/^app_/);
  });

  test('why it can do nothing at present is said', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['keyward'] });
    const owner = await world.member(admin, 'Olive Owner', { roles: [{ role: 'Admin', namespace: id }] });
    const roles = [{ role: 'Viewer', namespace: id }];
    const key = await world.credential(owner, { kind: 'keyward/management', name: 'Live', roles });
    await signIn(page, admin);
    const rights = page.getByRole('region', { name: 'What it can do' });
    await page.goto(address(id, key));
    await expect(rights).toContainText('Capped by what Olive Owner may do now');
    await world.ask(admin, 'POST', `/v1/users/${owner.user}/suspend`);
    await page.reload();
    await expect(rights).toContainText('Nothing at present: its owner, Olive Owner, is no active member');
    await world.ask(admin, 'POST', `/v1/credentials/${key.id}/disable`);
    await page.reload();
    await expect(rights).toContainText('Nothing at present: it was disabled just now');
    await world.ask(admin, 'POST', `/v1/credentials/${key.id}/revoke`, {});
    await page.reload();
    await expect(rights).toContainText('Nothing at present: it was revoked just now');
    await expect(page.getByRole('main').getByRole('link', { name: 'Revoke' })).toHaveCount(0);
    await expectAccessible(page);
  });

  test('its uses are drawn and listed, and its history is told', async ({ page, world }) => {
    const { id, admin, app, key } = await apiKey(world);
    const ask = (permission) => world.verify(admin, key.secret.token, { permission, namespace: app.id });
    expect([await ask('items:read'), await ask('items:edit')]).toEqual(['allowed', 'allowed']);
    await world.ask(admin, 'PATCH', `/v1/credentials/${key.id}`, { name: 'Renamed' });
    await signIn(page, admin);
    // Uses are counted a moment after they were made.
    await expect(async () => {
      await page.goto(address(id, key));
      await expect(page.getByRole('region', { name: 'Use', exact: true })).toContainText('Allowed 2', { timeout: 500 });
    }).toPass();
    await expect(fact(page, 'Last used')).toContainText('just now');
    const chart = page.getByRole('img', { name: /Uses by day/ });
    await expect(chart).toBeVisible();
    await page.getByText('Show the figures as a table').click();
    const figures = page.getByRole('table', { name: /Uses by day/ });
    await expect(figures.getByRole('row').nth(1).getByRole('cell')).toHaveText(['2', '0']);
    const history = page.getByRole('region', { name: 'History' });
    await expect(history.getByRole('listitem')).toHaveText([/Edited by you/, /Created by you/]);
    await expect(history.getByRole('link', { name: 'Open in the audit log' })).toHaveAttribute('href', `/o/${id}/audit?target=${key.id}`);
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('who may not read the log is not shown the history', async ({ page, world }) => {
    const { id, admin, key } = await apiKey(world);
    const role = await world.role(admin, 'Looks', ['credentials:read']);
    const looker = await world.member(admin, 'Luke Looker', { roles: [{ role: role.id, namespace: id }] });
    await signIn(page, looker);
    await page.goto(address(id, key));
    await expect(page.getByRole('region', { name: 'Use', exact: true })).toContainText('usage:read');
    await expect(page.getByRole('region', { name: 'History' })).toHaveCount(0);
    await expect(page.getByRole('main').getByRole('link', { name: /Revoke|Rotate|Edit|Disable/ })).toHaveCount(0);
    await page.goto(`${address(id, key)}/revoke`);
    await submit(page, 'Revoke API key');
    await expect(page.getByRole('alert')).toContainText('credentials:revoke');
  });

  test('rotating asks, keeps the id, and cannot happen twice', async ({ page, world }) => {
    const { id, admin, key } = await apiKey(world);
    await signIn(page, admin);
    await page.goto(`${address(id, key)}/rotate`);
    const again = await page.context().newPage();
    await again.goto(`${address(id, key)}/rotate`);
    await expect(dialog(page)).toContainText('After the grace, every request with the present secret is refused.');
    await page.getByLabel('Grace').selectOption('1 hour');
    await submit(page, 'Rotate API key');
    await expect(dialog(page)).toContainText(/Confirmed on 1 of 1 nodes/);
    expect(await world.verify(admin, key.secret.token)).toBe('allowed');
    await submit(again, 'Rotate API key');
    await expect(again.getByRole('alert')).toContainText('nothing was replaced now');
    await again.goto(address(id, key));
    const secrets = again.getByRole('table').filter({ hasText: 'Secret' });
    await expect(secrets.getByRole('row')).toHaveCount(3);
    await expect(secrets).toContainText('In its grace');
    await expectAccessible(again);
    await again.goto(`${address(id, key)}/rotate`);
    await expect(dialog(again)).toContainText('still in its grace.');
  });

  test('revoking says what is in use, is confirmed everywhere, and is final', async ({ page, world }) => {
    const { id, admin, key } = await apiKey(world);
    expect(await world.verify(admin, key.secret.token)).toBe('allowed');
    await signIn(page, admin);
    await expect(async () => {
      await page.goto(`${address(id, key)}/revoke`);
      await expect(dialog(page)).toContainText('It is in use: last used just now, with its current secret.', { timeout: 500 });
    }).toPass();
    await expectAccessible(page);
    await expectToFit(page);
    await submit(page, 'Revoke API key');
    await expect(page).toHaveURL(`/o/${id}/keys/keyward-api`);
    await expect(page.getByRole('status').first()).toContainText(/Nightly import was revoked\. Confirmed on 1 of 1 nodes in \d+ ms/);
    expect(await world.verify(admin, key.secret.token)).toBe('revoked');
    for (const act of ['edit', 'rotate', 'revoke', 'disable', 'enable']) {
      const reply = await page.goto(`${address(id, key)}/${act}`);
      expect(reply.status()).toBe(409);
      await expect(dialog(page)).toContainText('Nightly import was revoked just now: nothing can be changed any more.');
      await expect(dialog(page).getByRole('button')).toHaveCount(0);
    }
  });

  test('a reason for revoking is told on the page of the key, in its history and in the audit log', async ({ page, world }) => {
    const { id, admin, key } = await apiKey(world);
    await signIn(page, admin);
    await page.goto(`${address(id, key)}/revoke`);
    await expect(page.getByLabel('Why')).toHaveValue('requested');
    await page.getByLabel('Why').selectOption('It leaked, or may have been in wrong hands');
    await submit(page, 'Revoke API key');
    await expect(page.getByRole('status').first()).toContainText('was revoked');
    await page.goto(address(id, key));
    await expect(page.getByRole('main')).toContainText('it was revoked just now, because it may have been in wrong hands.');
    await expect(page.getByRole('region', { name: 'History' }).getByRole('listitem').first())
      .toContainText('Revoked by you, because it may have been in wrong hands');
    const [entry] = (await world.ask(admin, 'GET', `/v1/audit?target=${key.id}&operation=credentials.revoke`)).items;
    expect(entry.details.reason).toBe('compromised');
    expect((await world.ask(admin, 'GET', `/v1/credentials/${key.id}`)).revoke_reason).toBe('compromised');
  });

  test('a key on which much hangs is revoked by typing its name', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['keyward'] });
    const roles = [{ role: 'Admin', namespace: id }];
    const in60Days = new Date(Date.now() + 60 * 86_400_000).toISOString();
    const maker = await world.credential(admin, { kind: 'keyward/management', name: 'Maker', roles, expires_at: in60Days });
    const made = [];
    for (const name of ['One', 'Two', 'Three']) {
      const wanted = { kind: 'keyward/management', name, roles: [{ role: 'Viewer', namespace: id }] };
      made.push(await world.credential({ token: maker.secret.token }, wanted));
    }
    await signIn(page, admin);
    await page.goto(`${address(id, maker)}/revoke`);
    await page.getByLabel('Also revoke the 3 credentials that it has made').check();
    await page.getByLabel('Why').selectOption('A newer one took its place');
    await page.getByLabel('Type Maker to confirm').fill('maker');
    await submit(page, 'Revoke management key');
    await expect(page.getByLabel('Type Maker to confirm')).toHaveAccessibleDescription('This is not its name: nothing was revoked.');
    await expect(page.getByLabel('Also revoke the 3 credentials that it has made')).toBeChecked();
    await expect(page.getByLabel('Why')).toHaveValue('superseded');
    await expectAccessible(page);
    expect(await world.verify(admin, maker.secret.token)).toBe('allowed');
    await page.getByLabel('Type Maker to confirm').fill('Maker');
    await submit(page, 'Revoke management key');
    await expect(page.getByRole('status').first()).toContainText('Maker was revoked. So were the 3 credentials that it had made.');
    for (const key of [maker, ...made]) {
      expect(await world.verify(admin, key.secret.token)).toBe('revoked');
    }
  });

  test('disabling stops it and enabling starts it again', async ({ page, world }) => {
    const { id, admin, key } = await apiKey(world);
    await signIn(page, admin);
    await page.goto(address(id, key));
    await page.getByRole('link', { name: 'Disable' }).click();
    await submit(page, 'Disable API key');
    await expect(page.getByRole('status').first()).toContainText(/Nightly import was disabled\. Confirmed on 1 of 1/);
    await expect(page).toHaveURL(address(id, key));
    expect(await world.verify(admin, key.secret.token)).toBe('disabled');
    await page.getByRole('link', { name: 'Enable' }).click();
    await submit(page, 'Enable API key');
    await expect(page.getByRole('main')).toContainText('Active');
    expect(await world.verify(admin, key.secret.token)).toBe('allowed');
  });

  test('editing changes name, roles and networks, and keeps what was typed when something is wrong', async ({ page, world }) => {
    const { id, admin, app, key } = await apiKey(world);
    await signIn(page, admin);
    await page.goto(`${address(id, key)}/edit`);
    await page.getByLabel('Name', { exact: true }).fill('Renamed');
    await page.getByLabel('Allowed networks').fill('192.0.2.0/24\nhome');
    await page.getByRole('checkbox', { name: /^Viewer/ }).check();
    await submit(page, 'Save');
    await expect(page.getByLabel('Allowed networks')).toHaveAccessibleDescription(/`home` is no network/);
    await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Renamed');
    await expect(page.getByRole('checkbox', { name: /^Viewer/ })).toBeChecked();
    await expectAccessible(page);
    await expectToFit(page);
    await page.getByLabel('Allowed networks').fill('192.0.2.0/24\n2001:db8::1');
    await submit(page, 'Save');
    await expect(page.getByRole('status').first()).toContainText('Renamed was saved.');
    const found = await world.ask(admin, 'GET', `/v1/credentials/${key.id}`);
    expect(found.name).toBe('Renamed');
    expect(found.sources).toEqual(['192.0.2.0/24', '2001:db8::1/128']);
    expect(found.roles.map((held) => [held.role_name, held.namespace]).sort()).toEqual([['Reader', app.id], ['Viewer', app.id]]);
  });

  test('of two browsers one revokes while the other edits: nothing is lost, nothing comes back', async ({ page, world, anotherBrowser }) => {
    const { id, admin, key } = await apiKey(world);
    const other = await world.member(admin, 'Bob Barlow', { super_admin: true });
    const second = await anotherBrowser();
    await signIn(page, admin);
    await signIn(second, other);
    await page.goto(`${address(id, key)}/edit`);
    await page.getByLabel('Name', { exact: true }).fill('Mine');
    await second.goto(`${address(id, key)}/edit`);
    await second.getByLabel('Name', { exact: true }).fill('Theirs');
    await submit(second, 'Save');
    await expect(second.getByRole('status').first()).toContainText('Theirs was saved.');
    await submit(page, 'Save');
    await expect(page.getByRole('alert')).toContainText('It was changed just now, after you opened this, and nothing of yours was saved: its name is now Theirs');
    await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Mine');
    await second.goto(`${address(id, key)}/revoke`);
    await submit(second, 'Revoke API key');
    await expect(second.getByRole('status').first()).toContainText('was revoked');
    await submit(page, 'Save');
    await expect(page.getByRole('alert')).toContainText('It was revoked just now, after you opened this: nothing was saved');
    await expect(dialog(page)).toContainText('Mine');
    await expect(page.getByRole('button', { name: 'Save' })).toHaveCount(0);
    const found = await world.ask(admin, 'GET', `/v1/credentials/${key.id}`);
    expect([found.name, found.state]).toEqual(['Theirs', 'revoked']);
    expect(await world.verify(admin, key.secret.token)).toBe('revoked');
  });

  test('G12 Edit Application shows the userKey, and the secret again', async ({ page, world }) => {
    const { id, admin, key } = await application(world);
    await signIn(page, admin);
    await page.goto(`${address(id, key)}/edit`);
    await expect(dialog(page).getByRole('heading', { name: 'Edit Application' })).toBeVisible();
    await expect(dialog(page)).toContainText(key.publicId);
    await expect(dialog(page)).not.toContainText(key.secret.secret);
    await expect(page.getByLabel('Permissions group').locator('option:checked')).toHaveText('_read_only');
    await expectAccessible(page);
    await expectToFit(page);
    await page.getByRole('button', { name: 'Show secret' }).click();
    await expect(dialog(page)).toContainText('Show the secret of Newsletter');
    await expect(dialog(page)).toContainText(key.publicId);
    await expect(dialog(page)).toContainText(key.secret.secret);
  });

  test('G12 G23 the name and the permissions group are changed there', async ({ page, world }) => {
    const { id, admin, app, key } = await application(world);
    await signIn(page, admin);
    await page.goto(`${address(id, key)}/edit`);
    await page.getByLabel('Name', { exact: true }).fill('Mailings');
    await page.getByLabel('Permissions group').selectOption('_customer_service');
    await submit(page, 'Save');
    await expect(page.getByRole('status').first()).toContainText('Mailings was saved.');
    const found = await world.ask(admin, 'GET', `/v1/credentials/${key.id}`);
    expect([found.name, found.roles.map((held) => [held.role_name, held.namespace])]).toEqual(['Mailings', [['_customer_service', app.id]]]);
  });

  test('G14 Delete, and every later attempt fails', async ({ page, world }) => {
    const { id, admin, app, key } = await application(world);
    expect(await pair(world, admin, key, app)).toBe('allowed');
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gigya-application_key?in=${app.id}`);
    await page.getByRole('link', { name: /^Delete/ }).click();
    await expect(dialog(page)).toContainText('All future attempts to use this userKey and secret will fail.');
    await submit(page, 'Delete');
    await expect(page.getByRole('status').first()).toContainText('Newsletter was deleted.');
    expect(await pair(world, admin, key, app)).toBe('revoked');
  });

  test('G22 seen from another API key its data is blank', async ({ page, world }) => {
    const { id, admin, key } = await application(world);
    const other = await world.app(admin, 'Other site');
    await signIn(page, admin);
    const reply = await page.goto(`${address(id, key)}/edit?in=${other.id}`);
    expect(reply.status()).toBe(200);
    await expect(dialog(page).getByRole('heading', { name: 'Edit Application' })).toBeVisible();
    for (const label of ['Name', 'Permissions group', 'userKey', 'secret']) {
      await expect(page.getByLabel(label, { exact: true })).toHaveValue('');
    }
    for (const hidden of ['Newsletter', key.publicId, key.secret.secret, '_read_only']) {
      expect(await page.getByRole('main').innerHTML()).not.toContain(hidden);
    }
    await expect(dialog(page).getByRole('button')).toHaveCount(0);
    await expect(page.getByRole('alert')).toHaveCount(0);
    await expectAccessible(page);
  });

  test('an application that was added is edited and taken away there, and stays where it was made', async ({ page, world }) => {
    const { id, admin, app, key } = await application(world);
    const other = await world.app(admin, 'Other site');
    const roles = [{ role: '_customer_service' }];
    await world.ask(admin, 'POST', '/v1/credentials/import', { public_id: key.publicId, namespace: other.id, roles });
    await signIn(page, admin);
    await page.goto(`${address(id, key)}/edit?in=${other.id}`);
    await expect(page.getByLabel('Permissions group').locator('option:checked')).toHaveText('_customer_service');
    await page.getByLabel('Permissions group').selectOption('_no_permissions');
    await submit(page, 'Save');
    await expect(page.getByRole('status').first()).toContainText('Newsletter was saved.');
    await page.goto(address(id, key));
    await expect(page.getByRole('region', { name: 'Also used by' })).toContainText('_no_permissions');
    await page.getByRole('link', { name: 'Delete from Other site' }).click();
    await expect(dialog(page)).toContainText('The application stays where it was created');
    await submit(page, 'Delete');
    await expect(page.getByRole('status').first()).toContainText('Newsletter was deleted from this API key.');
    expect(await pair(world, admin, key, app)).toBe('allowed');
    expect((await page.goto(`${address(id, key)}/unlink?in=${other.id}`)).status()).toBe(404);
  });

  test('K17 K18 the pencil changes the name, and nothing else', async ({ page, world }) => {
    const { id, admin, key } = await cmsKey(world);
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gigantik-api_key`);
    await page.getByRole('link', { name: /^Edit/ }).click();
    await expect(dialog(page).getByRole('heading', { name: 'Edit API Key' })).toBeVisible();
    await expect(dialog(page).getByRole('textbox')).toHaveCount(1);
    await expect(dialog(page).getByRole('combobox')).toHaveCount(0);
    await page.getByLabel('Name', { exact: true }).fill('Website');
    await submit(page, 'Save');
    await expect(page).toHaveURL(`/o/${id}/keys/gigantik-api_key`);
    await expect(page.getByRole('row', { name: /Website/ })).toBeVisible();
    expect(await world.verify(admin, key.secret.token)).toBe('allowed');
    expect((await page.goto(`${address(id, key)}/rotate`)).status()).toBe(409);
  });

  test('K17 K19 K20 the trash can says what it does, and revokes', async ({ page, world }) => {
    const { id, admin, key } = await cmsKey(world);
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gigantik-api_key`);
    await expect(page.getByRole('main')).toContainText('It is strongly recommended to delete any API keys lost, misplaced or accidentally released publicly.');
    await page.getByRole('link', { name: /^Delete/ }).click();
    await expect(dialog(page).getByRole('heading', { name: 'Delete CMS?' })).toBeVisible();
    await expect(dialog(page)).toContainText('Its access is revoked: the next call with it fails. This cannot be undone.');
    await dialog(page).getByRole('link', { name: 'Cancel' }).click();
    expect(await world.verify(admin, key.secret.token)).toBe('allowed');
    await page.goto(`/o/${id}/keys/gigantik-api_key`);
    await page.getByRole('link', { name: /^Delete/ }).click();
    await submit(page, 'Delete API Key');
    await expect(page.getByRole('status').first()).toContainText('CMS was deleted.');
    expect(await world.verify(admin, key.secret.token)).toBe('revoked');
    await expect(page.getByRole('row', { name: /CMS/ })).toHaveCount(0);
  });

  test('K21 several keys stand side by side, and none is regenerated', async ({ page, world }) => {
    const { id, admin, key } = await cmsKey(world);
    const roles = [{ role: 'Viewer', namespace: id }];
    const second = await world.credential(admin, { kind: 'gigantik/api_key', name: 'Second', roles });
    await signIn(page, admin);
    for (const one of [key, second]) {
      await page.goto(address(id, one));
      await expect(page.getByRole('main').getByRole('link', { name: /Rotate|Regenerate/i })).toHaveCount(0);
      await page.goto(`${address(id, one)}/rotate`);
      await expect(dialog(page)).toContainText('The secret of this API Key cannot be replaced: create another one.');
    }
  });

  test('S13 S14 S6 S7 Re-Generate asks first; cancelling keeps the key, confirming replaces it at once', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gainsight'] });
    const key = await world.credential(admin, { kind: 'gainsight/access_key', name: 'Feed' });
    await signIn(page, admin);
    await page.goto(`${address(id, key)}/edit`);
    await expect(dialog(page).getByRole('heading', { name: 'Edit Connection' })).toBeVisible();
    await expect(dialog(page)).toContainText('Gainsight API');
    await expect(page.getByLabel('Name of the connection')).toHaveValue('Feed');
    await dialog(page).getByRole('link', { name: 'Re-Generate Access Key' }).click();
    await expect(dialog(page)).toContainText('all future API requests to the specific Gainsight org will fail');
    await expectAccessible(page);
    await dialog(page).getByRole('link', { name: 'Cancel' }).click();
    expect(await world.verify(admin, key.secret.token)).toBe('allowed');
    await page.goto(`${address(id, key)}/edit`);
    await dialog(page).getByRole('link', { name: 'Re-Generate Access Key' }).click();
    await submit(page, 'Re-Generate');
    await expect(dialog(page)).toContainText('A new access key is generated.');
    const renewed = (await dialog(page).getByRole('definition').first().locator('code').textContent()).trim();
    expect(renewed).not.toBe(key.secret.token);
    expect(await world.verify(admin, renewed)).toBe('allowed');
    expect(await world.verify(admin, key.secret.token)).not.toBe('allowed');
  });

  test('S18 a connection cannot take a name that is taken', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gainsight'] });
    await world.credential(admin, { kind: 'gainsight/m2m_oauth', name: 'Warehouse' });
    const key = await world.credential(admin, { kind: 'gainsight/m2m_oauth', name: 'Feed' });
    await signIn(page, admin);
    await page.goto(`${address(id, key)}/edit`);
    await page.getByLabel('Name of the connection').fill('WAREHOUSE');
    await submit(page, 'Save');
    await expect(page.getByLabel('Name of the connection')).toHaveAccessibleDescription(/is taken here: choose another/);
    await expect(page.getByLabel('Name of the connection')).toHaveValue('WAREHOUSE');
    expect((await world.ask(admin, 'GET', `/v1/credentials/${key.id}`)).name).toBe('Feed');
  });

  test('H13 H14 H15 Regenerate replaces the secret of that identity, and keeps the rest', async ({ page, world, origin }) => {
    const { id, admin, key } = await identity(world);
    const other = await world.credential(admin, { kind: 'gateway_hub/application_key', name: 'Other', roles: [{ role: 'Operator', namespace: id }] });
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gateway_hub-application_key`);
    const row = page.getByRole('row', { name: /Grafana/ });
    await row.hover();
    await expect(row.getByRole('link', { name: /^Delete/ })).toBeVisible();
    await row.getByRole('link', { name: /^Regenerate/ }).click();
    await expect(dialog(page).getByRole('heading', { name: 'Regenerate API key' })).toBeVisible();
    await expect(dialog(page)).toContainText('The name, the roles and the client_id of Grafana stay, the client_secret is replaced.');
    await submit(page, 'Regenerate API key');
    await expect(dialog(page)).toContainText('The new API Keys:');
    await expect(dialog(page)).toContainText('You cannot recover API keys once you have closed the New API Key window.');
    const [publicId, secret] = await dialog(page).getByRole('definition').locator('code').allTextContents();
    expect(publicId.trim()).toBe(key.publicId);
    const renewed = { ...key, secret: { client_secret: secret.trim() } };
    expect(await exchanges(origin, key)).toBe(false);
    expect(await exchanges(origin, renewed)).toBe(true);
    expect(await exchanges(origin, other)).toBe(true);
    const found = await world.ask(admin, 'GET', `/v1/credentials/${key.id}`);
    expect([found.name, found.roles.map((held) => held.role_name)]).toEqual(['Grafana', ['Operator']]);
  });

  test('H16 Delete is permanent', async ({ page, world, origin }) => {
    const { id, admin, key } = await identity(world);
    await signIn(page, admin);
    await page.goto(`${address(id, key)}/revoke`);
    await expect(dialog(page)).toContainText('Delete operations are permanent and cannot be undone.');
    await submit(page, 'Delete');
    await expect(page.getByRole('status').first()).toContainText('Grafana was deleted.');
    expect(await exchanges(origin, key)).toBe(false);
    await page.goto(address(id, key));
    await expect(page.getByRole('main').getByRole('link', { name: /Regenerate|Enable|Restore/ })).toHaveCount(0);
  });

  test('P14 no dialog changes the expiry', async ({ page, world }) => {
    const { id, admin, key } = await passportKey(world, { expires_at: '2099-01-01T00:00:00Z' });
    await signIn(page, admin);
    await page.goto(address(id, key));
    await expect(fact(page, 'Expiry Date')).toContainText('in 7');
    await expect(page.getByRole('main').getByRole('link', { name: /Edit/ })).toHaveCount(0);
    await page.goto(`${address(id, key)}/edit`);
    await expect(dialog(page)).toContainText('Nothing of this API key can be changed after it was made.');
    await expect(dialog(page).getByRole('button', { name: /Save/ })).toHaveCount(0);
  });

  test('P11 P15 P16 revoking works with and without an expiry, and hits no other key', async ({ page, world }) => {
    const { id, admin, app, key } = await passportKey(world);
    const wanted = { kind: 'passport/api_key', namespace: app.id };
    const dated = await world.credential(admin, { ...wanted, name: 'Dated', expires_at: '2099-01-01T00:00:00Z' });
    const third = await world.credential(admin, { ...wanted, name: 'Third' });
    await signIn(page, admin);
    for (const one of [key, dated]) {
      expect(await pair(world, admin, one, app)).toBe('allowed');
      await page.goto(`${address(id, one)}/revoke`);
      await expect(dialog(page)).toContainText('This prevents any further use of the API key. No other API keys are affected.');
      await submit(page, 'Revoke API key');
      await expect(page.getByRole('status').first()).toContainText('was revoked.');
      expect(await pair(world, admin, one, app)).toBe('revoked');
    }
    expect(await pair(world, admin, third, app)).toBe('allowed');
  });
});

test('by keyboard alone: create, copy, revoke', async ({ page, world }) => {
  const { id, admin } = await world.organization({ profiles: ['gigantik'] });
  await signIn(page, admin);
  await page.goto(`/o/${id}/keys/gigantik-api_key`);
  await tabTo(page, page.getByRole('link', { name: 'Create API Key' }));
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByLabel('Name', { exact: true }));
  await page.keyboard.type('Typed');
  await tabTo(page, dialog(page).getByLabel('Role'));
  await page.keyboard.type('Editor');
  await tabTo(page, page.getByRole('button', { name: 'Create & View' }));
  await page.keyboard.press('Enter');
  await tabTo(page, dialog(page).getByRole('button', { name: 'Copy', exact: true }).first());
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByRole('status')).toContainText('Copied');
  const token = await page.evaluate(() => navigator.clipboard.readText());
  expect(await world.verify(admin, token)).toBe('allowed');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('row', { name: /Typed/ })).toBeVisible();
  await tabTo(page, page.getByRole('link', { name: 'Delete Typed' }));
  await page.keyboard.press('Enter');
  // What destroys is never under the finger.
  await expect(dialog(page).getByRole('link', { name: 'Cancel' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
  expect(await world.verify(admin, token)).toBe('allowed');
  await tabTo(page, page.getByRole('link', { name: 'Delete Typed' }));
  await page.keyboard.press('Enter');
  await tabTo(page, dialog(page).getByRole('button', { name: 'Delete API Key' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status').first()).toContainText('Typed was deleted.');
  expect(await world.verify(admin, token)).toBe('revoked');
});

test('its pages in pictures', async ({ page, world }) => {
  const { id, admin, app, key } = await apiKey(world);
  const ask = (permission) => world.verify(admin, key.secret.token, { permission, namespace: app.id });
  for (let turn = 0; turn < 5; turn += 1) {
    await ask(turn % 3 ? 'items:read' : 'items:delete');
  }
  await world.ask(admin, 'POST', `/v1/credentials/${key.id}/rotate`, { confirm: true, grace_seconds: 3600 });
  await signIn(page, admin);
  await expect(async () => {
    await page.goto(address(id, key));
    await expect(fact(page, 'Last used')).toContainText('just now', { timeout: 500 });
  }).toPass();
  await shoot(page, 'key');
  await expectToFit(page);
  for (const act of ['edit', 'rotate', 'revoke']) {
    await page.goto(address(id, key));
    await page.getByRole('main').getByRole('link', { name: act, exact: false }).first().click();
    await expect(dialog(page)).toBeVisible();
    await shoot(page, `key-${act}`);
  }
  const gigya = await application(world);
  await page.context().clearCookies();
  await signIn(page, gigya.admin);
  await page.goto(`${address(gigya.id, gigya.key)}/edit`);
  await shoot(page, 'key-gigya-edit');
});

const address = (organization, key) => `/o/${organization}/credentials/${key.id}`;
const dialog = (page) => page.getByRole('dialog');
const submit = (page, name) => dialog(page).getByRole('button', { name, exact: true }).click();

/** Presses the tabulator until something has the focus. */
async function tabTo(page, locator) {
  await expect(locator).toBeVisible();
  for (let presses = 0; presses < 80; presses += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) {
      return;
    }
    await page.keyboard.press('Tab');
  }
  await expect(locator, 'is reached by the tabulator').toBeFocused();
}

/** What the page says of it under a word. */
const fact = (page, word) => page.getByRole('region', { name: 'Details' }).locator('dt', { hasText: new RegExp(`^${word}$`) }).locator('+ dd');

async function apiKey(world, more = {}) {
  const { id, admin } = await world.organization({ profiles: ['keyward'] });
  const app = await world.app(admin, 'Shop');
  const reader = await world.role(admin, 'Reader', ['items:read', 'items:edit']);
  const roles = [{ role: reader.id, namespace: app.id }];
  const key = await world.credential(admin, { kind: 'keyward/api', name: 'Nightly import', namespace: app.id, roles, ...more });
  return { id, admin, app, key };
}

async function application(world) {
  const { id, admin } = await world.organization({ profiles: ['gigya'] });
  const app = await world.app(admin, 'Home site');
  const roles = [{ role: '_read_only', namespace: app.id }];
  const key = await world.credential(admin, { kind: 'gigya/application_key', name: 'Newsletter', namespace: app.id, roles });
  return { id, admin, app, key };
}

async function cmsKey(world) {
  const { id, admin } = await world.organization({ profiles: ['gigantik'] });
  const roles = [{ role: 'Editor', namespace: id }];
  return { id, admin, key: await world.credential(admin, { kind: 'gigantik/api_key', name: 'CMS', roles }) };
}

async function identity(world) {
  const { id, admin } = await world.organization({ profiles: ['gateway_hub'] });
  const roles = [{ role: 'Operator', namespace: id }];
  return { id, admin, key: await world.credential(admin, { kind: 'gateway_hub/application_key', name: 'Grafana', roles }) };
}

async function passportKey(world, more = {}) {
  const { id, admin } = await world.organization({ profiles: ['passport'] });
  const app = await world.app(admin, 'Plant');
  const key = await world.credential(admin, { kind: 'passport/api_key', name: 'Sensor', namespace: app.id, ...more });
  return { id, admin, app, key };
}

/** Whether a key of id and secret is accepted in an application: `allowed`, or the reason why not. */
async function pair(world, by, key, app) {
  const question = { id: key.publicId, secret: key.secret.secret, namespace: app.id };
  const answer = await world.ask(by, 'POST', '/v1/verify', question);
  return answer.allowed ? 'allowed' : answer.reason;
}

/** Whether client credentials are exchanged for a token. */
async function exchanges(origin, key) {
  const fields = { grant_type: 'client_credentials', client_id: key.publicId, client_secret: key.secret.client_secret };
  const reply = await fetch(`${origin}/oauth2/token`, { method: 'POST', body: new URLSearchParams(fields) });
  return reply.ok;
}
