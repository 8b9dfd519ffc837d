// The lists of key pages: what they show in the words of each vendor, and finding, sorting, ending and taking away many.

import { readFile } from 'node:fs/promises';
import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

/** @param {import('@playwright/test').Page} page */
const main = (page) => page.getByRole('main');
const crumbs = (page) => page.getByRole('navigation', { name: 'Breadcrumb' });
const headings = async (page) => (await page.getByRole('columnheader').allInnerTexts()).map((text) => text.trim());
const names = (page) => page.getByRole('rowheader').getByRole('link');
const row = (page, name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });

/** The role of an organization's template with this name. */
async function roleNamed(world, by, name) {
  const { items } = await world.ask(by, 'GET', '/v1/roles');
  return items.find((role) => role.name === name);
}

/** Keys of the profile `keyward`, each with a role at the organization. */
async function keys(world, { id, admin }, wanted) {
  const role = await roleNamed(world, admin, 'Viewer');
  const made = [];
  for (const one of wanted) {
    const roles = [{ role: role.id, namespace: id }];
    made.push(await world.credential(admin, { kind: 'keyward/api', roles, ...one }));
  }
  return made;
}

/** An organization on Gigya with two sites and an application on the first. */
async function gigya(world) {
  const { id, admin } = await world.organization({ profiles: ['gigya'] });
  const shop = await world.app(admin, 'Shop');
  const blog = await world.app(admin, 'Web log');
  const group = await roleNamed(world, admin, '_read_only');
  const roles = [{ role: group.id, namespace: shop.id }];
  const wanted = { kind: 'gigya/application_key', name: 'Importer', namespace: shop.id, roles };
  const application = await world.credential(admin, wanted);
  return { id, admin, shop, blog, group, application };
}

withAndWithoutJavaScript(() => {
  test('G11 applications are listed at Admin › Applications, each with its userKey', async ({ page, world }) => {
    const { id, admin, application, shop, blog } = await gigya(world);
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gigya-application_key`);
    await expect(crumbs(page)).toHaveText(/Admin\s*Applications/);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Applications');
    await expect(page.getByRole('link', { name: 'Create New Application' })).toHaveAttribute(
      'href',
      `/o/${id}/keys/gigya-application_key/new?in=${shop.id}`,
    );
    expect(await headings(page)).toEqual([
      'Name',
      'userKey',
      'Permissions group',
      'Last used',
      'State',
      'Actions',
    ]);
    await expect(row(page, 'Importer')).toContainText(application.publicId);
    await expect(row(page, 'Importer')).toContainText('_read_only');
    await expect(main(page)).toContainText('All calls should be made over HTTPS.');
    await expectAccessible(page);
    await expectToFit(page);

    // Each site has a list of its own.
    await page.goto(`/o/${id}/keys/gigya-application_key?in=${blog.id}`);
    await expect(main(page)).toContainText('There are no applications on this API key yet.');
    await expect(page.getByLabel('Site key')).toHaveValue(blog.id);
  });

  test('G18 Add Existing Application stands beside Create New Application', async ({ page, world }) => {
    const { id, admin, blog, shop, group, application } = await gigya(world);
    const roles = [{ role: group.id }];
    const imported = { public_id: application.publicId, namespace: blog.id, roles };
    await world.ask(admin, 'POST', '/v1/credentials/import', imported);
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gigya-application_key`);
    const add = page.getByRole('link', { name: 'Add Existing Application' });
    await expect(add).toHaveAttribute('href', `/o/${id}/keys/gigya-application_key/import?in=${shop.id}`);
    const [left, right] = [await add.boundingBox(), await page.getByRole('link', { name: 'Create New' }).boundingBox()];
    expect(Math.abs(left.y - right.y)).toBeLessThan(4);

    // Where it was imported it is only taken out again.
    await page.goto(`/o/${id}/keys/gigya-application_key?in=${blog.id}`);
    await expect(row(page, 'Importer')).toContainText('Imported');
    await expect(row(page, 'Importer').getByRole('link', { name: 'Delete' })).toHaveAttribute(
      'href',
      `/o/${id}/credentials/${application.id}/unlink?in=${blog.id}`,
    );
    await expectAccessible(page);
  });

  test('K7 K17 API Keys are listed at Organization › API Keys, with a pencil and a trash can', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gigantik'] });
    const editor = await roleNamed(world, admin, 'Editor');
    const roles = [{ role: editor.id }];
    const key = await world.credential(admin, { kind: 'gigantik/api_key', name: 'Drops', roles });
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gigantik-api_key`);
    await expect(crumbs(page)).toHaveText(/Organization\s*API Keys/);
    await expect(page.getByRole('link', { name: 'Create API Key' })).toBeVisible();
    expect(await headings(page)).toEqual(['Name', 'Role', 'Created', 'Last used', 'Actions']);
    const actions = row(page, 'Drops').getByRole('cell').last().getByRole('link');
    await expect(actions).toHaveCount(2);
    const [pencil, trash] = [await actions.first().boundingBox(), await actions.last().boundingBox()];
    expect(pencil.x).toBeLessThan(trash.x);
    await expect(actions.first()).toHaveAccessibleName('Edit Drops');
    await expect(actions.first()).toHaveAttribute('href', `/o/${id}/credentials/${key.id}/edit`);
    await expect(actions.last()).toHaveAccessibleName('Delete Drops');
    await expect(actions.last()).toHaveAttribute('href', `/o/${id}/credentials/${key.id}/revoke`);
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('K21 several keys stand side by side, and none offers to be regenerated', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gigantik'] });
    const viewer = await roleNamed(world, admin, 'Viewer');
    for (const name of ['One', 'Two', 'Three']) {
      await world.credential(admin, { kind: 'gigantik/api_key', name, roles: [{ role: viewer.id }] });
    }
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gigantik-api_key`);
    await expect(names(page)).toHaveText(['Three', 'Two', 'One']);
    await expect(main(page)).not.toContainText(/regenerate|rotate/i);
    await expect(main(page).locator('a[href*="/rotate"]')).toHaveCount(0);
  });

  test('S8 S19 connections of both types are on one page, each with its name and type', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gainsight'] });
    await world.credential(admin, { kind: 'gainsight/access_key', name: 'Rules engine' });
    await world.credential(admin, { kind: 'gainsight/m2m_oauth', name: 'Warehouse' });
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gainsight-access_key`);
    await expect(crumbs(page)).toHaveText(/Administration\s*Connectors 2.0/);
    await expect(page.getByRole('link', { name: 'Create Connection' })).toBeVisible();
    expect(await headings(page)).toEqual([
      'Name of the connection',
      'Authentication Type',
      'Created',
      'Last used',
      'State',
      'Actions',
    ]);
    await expect(row(page, 'Rules engine')).toContainText('Access_Key');
    await expect(row(page, 'Warehouse')).toContainText('OAuth');
    await expect(main(page)).toContainText('A maximum of 15 M2M OAuth keys can be created per organization.');
    await page.goto(`/o/${id}/keys/gainsight-access_key?kind=m2m_oauth`);
    await expect(names(page)).toHaveText(['Warehouse']);
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('S9 only what may be created is offered to whom', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gainsight'] });
    const reader = await world.role(admin, 'Key reader', ['credentials:read']);
    const roles = [{ role: reader.id, namespace: id }];
    const member = await world.member(admin, 'Rita Reader', { roles });
    await world.credential(admin, { kind: 'gainsight/access_key', name: 'Rules engine' });
    await signIn(page, member);
    await page.goto(`/o/${id}/keys/gainsight-access_key`);
    await expect(names(page)).toHaveText(['Rules engine']);
    await expect(page.getByRole('link', { name: 'Create Connection' })).toHaveCount(0);
    await expect(page.getByRole('checkbox')).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Actions for' })).toHaveCount(0);
    await expectAccessible(page);
  });

  test('S17 the page says that M2M OAuth cannot be used for Event APIs', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gainsight'] });
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gainsight-access_key`);
    await expect(page.getByText('M2M OAuth cannot be used for Event APIs.')).toBeVisible();
  });

  test('S13 three dots of a connection lead to Edit Connection', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gainsight'] });
    const key = await world.credential(admin, { kind: 'gainsight/access_key', name: 'Rules engine' });
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gainsight-access_key`);
    const edit = page.getByRole('link', { name: 'Edit Connection' });
    await expect(edit).toBeHidden();
    await page.getByRole('button', { name: 'Actions for Rules engine' }).click();
    await expect(edit).toBeVisible();
    await expect(edit).toHaveAttribute('href', `/o/${id}/credentials/${key.id}/edit`);
    await expect(page.getByRole('link', { name: 'Re-Generate Access Key' })).toHaveCount(0);
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await expect(edit).toBeHidden();
    await expect(page.getByRole('button', { name: 'Actions for Rules engine' })).toBeFocused();
  });

  test('H13 hovering over an identity, or reaching it by keyboard, shows regenerate and delete', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gateway_hub'] });
    const role = await roleNamed(world, admin, 'Operator');
    const roles = [{ role: role.id }];
    const key = await world.credential(admin, { kind: 'gateway_hub/application_key', name: 'Reporter', roles });
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gateway_hub-application_key`);
    await expect(crumbs(page)).toHaveText(/Web Console\s*Application keys/);
    expect(await headings(page)).toEqual(['Name', 'client_id', 'Roles', 'Created', 'Last used', 'State', 'Actions']);
    await expect(row(page, 'Reporter')).toContainText(key.publicId);
    const regenerate = row(page, 'Reporter').getByRole('link', { name: 'Regenerate' });
    const remove = row(page, 'Reporter').getByRole('link', { name: 'Delete' });
    const opacity = () => regenerate.evaluate((link) => getComputedStyle(link.parentElement).opacity);
    await page.mouse.move(0, 0);
    expect(await opacity()).toBe('0');
    await row(page, 'Reporter').hover();
    expect(await opacity()).toBe('1');
    await expect(regenerate).toHaveAttribute('href', `/o/${id}/credentials/${key.id}/rotate`);
    await expect(remove).toHaveAttribute('href', `/o/${id}/credentials/${key.id}/revoke`);
    await page.mouse.move(0, 0);
    await regenerate.focus();
    expect(await opacity()).toBe('1');
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('H17 no expiry is shown anywhere, and several identities stand side by side', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gateway_hub'] });
    const role = await roleNamed(world, admin, 'Operator');
    for (const name of ['Reporter', 'Collector']) {
      await world.credential(admin, { kind: 'gateway_hub/application_key', name, roles: [{ role: role.id }] });
    }
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gateway_hub-application_key`);
    await expect(names(page)).toHaveText(['Collector', 'Reporter']);
    await expect(main(page)).not.toContainText(/expir/i);
  });

  test('P18 P19 API keys are in the account setting, which says that earlier keys are not revoked', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['passport'] });
    const shop = await world.app(admin, 'Shop');
    const made = { kind: 'passport/api_key', namespace: shop.id };
    const first = await world.credential(admin, { ...made, name: 'First' });
    const expires_at = new Date(Date.now() + 5 * 86_400_000).toISOString();
    await world.credential(admin, { ...made, name: 'Second', expires_at });
    await world.ask(admin, 'POST', `/v1/credentials/${first.id}/revoke`, {});
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/passport-api_key`);
    await expect(crumbs(page)).toHaveText(/User profile\s*Authenticator & Access\s*API keys/);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Account setting');
    await expect(page.getByRole('heading', { level: 2, name: 'API Keys' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Generate New API Key' })).toBeVisible();
    await expect(main(page)).toContainText('previously created API keys will not be revoked');
    expect(await headings(page)).toEqual([
      'Name',
      'API Key ID',
      'Namespace',
      'Created',
      'Expiry Date',
      'Last used',
      'State',
      'Actions',
    ]);
    // Revoked ones stay, marked.
    await expect(row(page, 'First')).toContainText('Revoked');
    await expect(row(page, 'First').getByRole('link')).toHaveCount(1);
    await expect(row(page, 'Second')).toContainText('in 5 days');
    await expect(row(page, 'Second')).toContainText('Shop');
    await expect(row(page, 'Second').getByRole('link', { name: 'Revoke' })).toBeVisible();
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('personal keys are one’s own, or everybody’s for those who may see them', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['passport'] });
    const viewer = await world.role(admin, 'Reader', ['items:read']);
    const member = await world.member(admin, 'Mia Member', { roles: [{ role: viewer.id, namespace: id }] });
    await world.credential(member, { kind: 'passport/api_key', name: 'Hers', namespace: id });
    await world.credential(admin, { kind: 'passport/api_key', name: 'His', namespace: id });
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/passport-api_key`);
    await expect(names(page)).toHaveText(['His', 'Hers']);
    await expect(row(page, 'Hers')).toContainText('Mia Member');
    await page.getByRole('link', { name: 'Mine' }).click();
    await expect(page.getByRole('link', { name: 'Mine' })).toHaveAttribute('aria-current', 'page');
    await expect(names(page)).toHaveText(['His']);
  });

  test('a member sees their own personal keys alone', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['passport'] });
    const viewer = await world.role(admin, 'Reader', ['items:read']);
    const member = await world.member(admin, 'Mia Member', { roles: [{ role: viewer.id, namespace: id }] });
    await world.credential(member, { kind: 'passport/api_key', name: 'Hers', namespace: id });
    await world.credential(admin, { kind: 'passport/api_key', name: 'His', namespace: id });
    await signIn(page, member);
    await page.goto(`/o/${id}/keys/passport-api_key`);
    await expect(names(page)).toHaveText(['Hers']);
    await expect(page.getByRole('link', { name: 'Mine' })).toHaveCount(0);
  });

  test('a page without an application leads to where one is made', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gigya'] });
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/gigya-application_key`);
    await expect(page.getByRole('link', { name: 'Go to Namespaces' })).toHaveAttribute('href', `/o/${id}/namespaces`);
    await expect(page.getByRole('link', { name: 'Create New Application' })).toHaveCount(0);
    await expectAccessible(page);
  });

  test('each row tells everything that the issue of keys is about, and of a token only its end', async ({ page, world }) => {
    const organization = await world.organization();
    const { id, admin } = organization;
    const [key] = await keys(world, organization, [{ name: '<b>Nightly</b> import', owner: admin.user }]);
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/keyward-api`);
    const shown = row(page, '<b>Nightly</b> import');
    for (const text of ['Viewer', admin.name, 'just now', 'in 3 months', 'Never', 'Active', key.publicId.slice(-4)]) {
      await expect(shown).toContainText(text);
    }
    expect(await page.content()).not.toContain(key.publicId);
    expect(await page.content()).not.toContain(key.secret.token);
    await expect(shown.getByRole('link', { name: '<b>Nightly</b> import', exact: true })).toHaveAttribute(
      'href',
      `/o/${id}/credentials/${key.id}`,
    );
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('keys are searched, filtered and sorted, and the address says so', async ({ page, world }) => {
    const organization = await world.organization();
    const { id, admin } = organization;
    const soon = new Date(Date.now() + 3 * 86_400_000).toISOString();
    const [alpha, , gamma] = await keys(world, organization, [
      { name: 'Alpha' },
      { name: 'beta', expires_at: soon },
      { name: 'Gamma' },
    ]);
    await world.ask(admin, 'POST', `/v1/credentials/${gamma.id}/disable`, {});
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/keyward-api`);
    await expect(names(page)).toHaveText(['Gamma', 'beta', 'Alpha']);

    const search = page.getByRole('searchbox', { name: 'Search by name or ID' });
    await search.fill('ALPH');
    await applied(page, () => search.press('Enter'));
    await expect(names(page)).toHaveText(['Alpha']);
    await expect(page).toHaveURL(/[?&]q=ALPH/);
    await search.fill(alpha.publicId);
    await applied(page, () => search.press('Enter'));
    await expect(page).toHaveURL(new RegExp(`q=${alpha.publicId}`));
    await expect(names(page)).toHaveText(['Alpha']);
    await search.fill('nothing like it');
    await applied(page, () => search.press('Enter'));
    await expect(main(page)).toContainText('No API keys match.');
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Clear filters' }).click();
    await expect(names(page)).toHaveText(['Gamma', 'beta', 'Alpha']);

    await chosen(page, () => page.getByLabel('State', { exact: true }).selectOption('Disabled'));
    await expect(names(page)).toHaveText(['Gamma']);
    await page.goto(`/o/${id}/keys/keyward-api?expires=7`);
    await expect(names(page)).toHaveText(['beta']);
    await page.goto(`/o/${id}/keys/keyward-api?unused=7`);
    await expect(names(page)).toHaveCount(0);

    await page.goto(`/o/${id}/keys/keyward-api`);
    await page.getByRole('columnheader', { name: 'Name', exact: true }).getByRole('link').click();
    await expect(page.getByRole('columnheader', { name: 'Name', exact: true })).toHaveAttribute('aria-sort', 'ascending');
    await expect(names(page)).toHaveText(['Alpha', 'beta', 'Gamma']);
    await expect(page).toHaveURL(/\?sort=name$/);
    await page.getByRole('columnheader', { name: 'Name', exact: true }).getByRole('link').click();
    await expect(page.getByRole('columnheader', { name: 'Name', exact: true })).toHaveAttribute('aria-sort', 'descending');
    await expect(names(page)).toHaveText(['Gamma', 'beta', 'Alpha']);
    await page.goBack();
    await expect(page.getByRole('columnheader', { name: 'Name', exact: true })).toHaveAttribute('aria-sort', 'ascending');
    await expectAccessible(page);
  });

  test('a long list has pages', async ({ page, world }) => {
    test.slow();
    const organization = await world.organization();
    const wanted = Array.from({ length: 53 }, (_, n) => ({ name: `Key ${String(n).padStart(2, '0')}` }));
    await keys(world, organization, wanted);
    await signIn(page, organization.admin);
    await page.goto(`/o/${organization.id}/keys/keyward-api?sort=name`);
    await expect(names(page)).toHaveCount(50);
    await expect(page.getByRole('link', { name: 'Back to start' })).toHaveCount(0);
    await page.getByRole('link', { name: 'Next' }).click();
    await expect(names(page)).toHaveText(['Key 50', 'Key 51', 'Key 52']);
    await expect(page.getByRole('link', { name: 'Next' })).toHaveCount(0);
    await page.reload();
    await expect(names(page)).toHaveText(['Key 50', 'Key 51', 'Key 52']);
    await page.getByRole('link', { name: 'Back to start' }).click();
    await expect(names(page)).toHaveCount(50);
  });

  test('many keys are revoked together after a word was typed', async ({ page, world }) => {
    const organization = await world.organization();
    const { id, admin } = organization;
    const [one, two] = await keys(world, organization, [{ name: 'One' }, { name: 'Two' }, { name: 'Three' }]);
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/keyward-api?sort=name`);
    await page.getByRole('checkbox', { name: 'Select One' }).check();
    await page.getByRole('checkbox', { name: 'Select Two' }).check();
    await page.getByRole('button', { name: 'Revoke' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('listitem')).toHaveText([/One|Two/, /One|Two/]);
    await expect(dialog).not.toContainText('Three');
    await expectAccessible(page);
    await dialog.getByLabel('Why').selectOption('It leaked, or may have been in wrong hands');
    await dialog.getByLabel('Type revoke 2 to confirm').fill('revoke 3');
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await expect(dialog.getByLabel('Type revoke 2 to confirm')).toHaveAttribute('aria-invalid', 'true');
    expect(await world.verify(admin, one.secret.token)).toBe('allowed');
    await dialog.getByLabel('Type revoke 2 to confirm').fill('Revoke 2');
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await expect(main(page)).toContainText('2 API keys were revoked.');
    await expect(main(page)).toContainText('Confirmed on 1 of 1 nodes');
    await expect(page).toHaveURL(/\?sort=name$/);
    expect(await world.verify(admin, one.secret.token)).toBe('revoked');
    expect(await world.verify(admin, two.secret.token)).toBe('revoked');
    for (const key of [one, two]) {
      expect((await world.ask(admin, 'GET', `/v1/credentials/${key.id}`)).revoke_reason).toBe('compromised');
    }
  });

  test('of many keys each that is refused is named with the reason', async ({ page, world }) => {
    const organization = await world.organization();
    const { id, admin } = organization;
    const [, two] = await keys(world, organization, [{ name: 'One' }, { name: 'Two' }]);
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/keyward-api`);
    await page.getByRole('checkbox', { name: 'Select One' }).check();
    await page.getByRole('checkbox', { name: 'Select Two' }).check();
    await page.getByRole('button', { name: 'Disable', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Type disable 2 to confirm').fill('disable 2');
    // Meanwhile somebody else does it with one of them.
    await world.ask(admin, 'POST', `/v1/credentials/${two.id}/disable`, {});
    await dialog.getByRole('button', { name: 'Disable' }).click();
    await expect(dialog.getByRole('heading', { level: 2 })).toHaveText('1 API key was disabled, 1 refused');
    await expect(dialog.getByRole('list', { name: 'Refused' })).toContainText(/Two.*disabled already/s);
    await expect(dialog.getByRole('list', { name: 'Done' })).toHaveText('One');
    await expectAccessible(page);
    await dialog.getByRole('link', { name: 'Close' }).last().click();
    await expect(row(page, 'One')).toContainText('Disabled');
  });

  test('the present list is taken away as CSV, without formulas and without secrets', async ({ page, world }) => {
    const organization = await world.organization();
    const { id, admin } = organization;
    const [key] = await keys(world, organization, [{ name: '=1+1, "two"' }, { name: 'Other' }]);
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/keyward-api?q=two`);
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export CSV' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^keyward-api-\d{4}-\d\d-\d\d\.csv$/);
    const text = await readFile(await file.path(), 'utf8');
    const lines = text.split('\r\n');
    expect(lines[0]).toMatch(/^Name,ID,Roles,Namespace,.*,id,public_id,kind,namespace,owner,created_by$/);
    expect(lines[1]).toContain(`"'=1+1, ""two""",${key.publicId},Viewer,`);
    expect(lines[1]).toContain(key.id);
    expect(lines.length).toBe(3);
    expect(text).not.toContain(key.secret.token);
  });
});

test('a search updates the table alone, keeps the focus, and says what it found', async ({ page, world }) => {
  const organization = await world.organization();
  await keys(world, organization, [{ name: 'Alpha' }, { name: 'Beta' }]);
  await signIn(page, organization.admin);
  await page.goto(`/o/${organization.id}/keys/keyward-api`);
  const search = page.getByRole('searchbox', { name: 'Search by name or ID' });
  await search.pressSequentially('alp');
  await expect(names(page)).toHaveText(['Alpha']);
  await expect(search).toBeFocused();
  await expect(page.getByRole('status').filter({ hasText: '1 API key' })).toHaveCount(1);
  await expect(page).toHaveURL(/\?q=alp$/);
  await page.goBack();
  await expect(names(page)).toHaveText(['Beta', 'Alpha']);
});

test('one box ticks all on the page', async ({ page, world }) => {
  const organization = await world.organization();
  await keys(world, organization, [{ name: 'Alpha' }, { name: 'Beta' }]);
  await signIn(page, organization.admin);
  await page.goto(`/o/${organization.id}/keys/keyward-api`);
  await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
  await expect(page.getByText('2 selected')).toBeVisible();
  await page.getByRole('checkbox', { name: 'Select Beta' }).uncheck();
  await expect(page.getByText('1 selected')).toBeVisible();
});

test('somebody who may not see a page’s keys takes nothing away', async ({ page, world, anotherBrowser }) => {
  const organization = await world.organization();
  await keys(world, organization, [{ name: 'Alpha' }]);
  const member = await world.member(organization.admin, 'Nora Nobody');
  await signIn(page, member);
  const reply = await page.request.get(`/o/${organization.id}/keys/keyward-api/export.csv`);
  expect((await reply.text()).split('\r\n').length).toBe(2);
  const stranger = (await world.organization()).admin;
  const elsewhere = await anotherBrowser();
  await signIn(elsewhere, stranger);
  const refused = await elsewhere.request.get(`/o/${organization.id}/keys/keyward-api/export.csv`);
  expect(refused.status()).toBe(404);
});

test('the lists look like this', async ({ page, world }) => {
  test.slow();
  const organization = await world.organization({ profiles: ['keyward', 'gigya', 'gigantik', 'gainsight', 'passport'] });
  const { id, admin } = organization;
  const soon = new Date(Date.now() + 3 * 86_400_000).toISOString();
  const made = await keys(world, organization, [
    { name: 'Nightly import', owner: admin.user },
    { name: 'Billing export to the data warehouse of the finance department', expires_at: soon },
    { name: 'مفتاح الاستيراد' },
    { name: 'Status page' },
    { name: 'CI' },
  ]);
  await world.ask(admin, 'POST', `/v1/credentials/${made[3].id}/disable`, {});
  await world.credential(admin, { kind: 'gainsight/access_key', name: 'Rules engine' });
  await world.credential(admin, { kind: 'gainsight/m2m_oauth', name: 'Warehouse' });
  const shop = await world.app(admin, 'Shop');
  const role = await roleNamed(world, admin, '_read_only');
  const roles = [{ role: role.id, namespace: shop.id }];
  await world.credential(admin, { kind: 'gigya/application_key', name: 'Importer', namespace: shop.id, roles });
  await world.credential(admin, { kind: 'passport/api_key', name: 'Files', namespace: shop.id });
  await signIn(page, admin);
  for (const slug of ['keyward-api', 'gainsight-access_key', 'gigya-application_key', 'passport-api_key']) {
    await page.goto(`/o/${id}/keys/${slug}`);
    await shoot(page, `keys-${slug}`);
  }
  await page.goto(`/o/${id}/keys/keyward-api`);
  await page.getByRole('checkbox', { name: 'Select CI' }).check();
  await page.getByText('More filters').click();
  await shoot(page, 'keys-ticked');
  await page.getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await shoot(page, 'keys-bulk');
  await page.goto(`/o/${id}/keys/keyward-management`);
  await shoot(page, 'keys-empty');
});

/** Does something that asks for another part of the list, and waits for it. */
async function applied(page, act) {
  const answered = page.waitForResponse((response) => response.url().includes('/keys/'));
  await act();
  await answered;
}

/** Chooses something; without JavaScript, the form has to be sent. */
async function chosen(page, choose) {
  const apply = page.getByRole('button', { name: 'Apply' });
  await choose();
  if (await apply.isVisible()) {
    await apply.click();
  }
}
