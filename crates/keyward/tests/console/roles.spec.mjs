// Roles: the matrix, one role, and what is done with it.

import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';
import { PROFILES } from './support/world.mjs';

withAndWithoutJavaScript(() => {
  for (const { profile, role, held, wider, not } of [
    { profile: 'keyward', role: 'Viewer', held: 'items:read', wider: null, not: 'items:delete' },
    {
      profile: 'gigya',
      role: '_read_only',
      held: 'accounts:search',
      wider: ['reports:getGMStats', 'reports:*'],
      not: 'ds:store',
    },
    {
      profile: 'gigantik',
      role: 'Editor',
      held: 'orders:read',
      wider: ['content:publish', 'content:*'],
      not: 'orders:refund',
    },
    { profile: 'gainsight', role: 'Viewer', held: 'users.list:read', wider: null, not: 'bulk:write' },
    { profile: 'gateway_hub', role: 'Operator', held: 'snapshots:edit', wider: null, not: 'entities:edit' },
    {
      profile: 'passport',
      role: 'Application Developer',
      held: 'workspaces:edit',
      wider: ['scripts:run', 'scripts:*'],
      not: 'permission_profiles:edit',
    },
  ]) {
    test(`the matrix of ${profile} says what each role holds, and how`, async ({ page, world }) => {
      const { id, admin } = await world.organization({ profiles: [profile] });
      await signIn(page, admin);
      await page.goto(`/o/${id}/roles`);
      await expect(await cell(page, held, role)).toHaveText('held');
      await expect(await cell(page, not, role)).toHaveText('not held');
      if (wider) {
        await expect(await cell(page, wider[0], role)).toHaveText(`held through ${wider[1]}`);
      }
      // Whoever holds everything holds what is not declared, too.
      const widest = page.getByRole('table').first().getByRole('row').nth(1);
      await expect(widest).toContainText('Everything');
      await expectAccessible(page);
      await expectToFit(page);
    });
  }

  test('K12 the order of roles is there to see, from the widest to the narrowest', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gigantik'] });
    await signIn(page, admin);
    await page.goto(`/o/${id}/roles`);
    const order = page.getByRole('region', { name: 'From widest to narrowest' });
    await expect(order.getByRole('rowheader')).toContainText(['Owner', 'Admin', 'Editor', 'Viewer']);
    await expect(order.getByRole('row', { name: /^Owner/ })).toContainText(/Admin\s*Editor\s*Viewer/);
    await expect(order.getByRole('row', { name: /^Editor/ }).getByRole('link')).toHaveText(['Editor', 'Viewer']);
    await expect(order.getByRole('row', { name: /^Viewer/ })).toContainText('no other role');
  });

  test('K12 roles above one’s own are marked', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gigantik'] });
    const { id: held } = await role(world, admin, 'Admin');
    await signIn(page, await world.member(admin, 'Anna Admin', { roles: [{ role: held, namespace: id }] }));
    await page.goto(`/o/${id}/roles`);
    const order = page.getByRole('region', { name: 'From widest to narrowest' });
    await expect(order.getByRole('row', { name: /^Owner/ })).toContainText('cannot be granted by you');
    for (const name of ['Admin', 'Editor', 'Viewer']) {
      await expect(order.getByRole('row', { name: new RegExp(`^${name}`) })).not.toContainText('cannot be granted');
    }
    await expectAccessible(page);
  });

  test('H5 Administrator and Operator are read-only; a role of one’s own begins as a copy', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gateway_hub'] });
    await signIn(page, admin);
    for (const name of ['Administrator', 'Operator']) {
      await page.goto(`/o/${id}/roles`);
      const order = page.getByRole('region', { name: 'From widest to narrowest' });
      await order.getByRole('rowheader').getByRole('link', { name, exact: true }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
      await expect(page.getByRole('main')).toContainText('read-only');
      await expect(page.getByRole('link', { name: 'Edit', exact: true })).toHaveCount(0);
      await expect(page.getByRole('link', { name: 'Delete', exact: true })).toHaveCount(0);
    }
    await page.getByRole('link', { name: 'New role from this one' }).click();
    await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Copy of Operator');
    await expect(group(page, 'snapshots').getByLabel('edit')).toBeChecked();
    await expect(group(page, 'entities').getByLabel('edit')).not.toBeChecked();
    await group(page, 'entities').getByLabel('edit').check();
    await page.getByLabel('Other patterns').fill('dataviews:*');
    await expectAccessible(page);
    await expectToFit(page);
    await page.getByRole('button', { name: 'Create role' }).click();
    await expect(page.getByRole('status')).toContainText('The role Copy of Operator was created.');
    const patterns = page.getByRole('region', { name: 'Patterns' });
    await expect(patterns).toContainText('entities:edit');
    await expect(patterns).toContainText('dataviews:*');
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('an edit says how many it changes, and is proven', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const clerk = await world.role(admin, 'Clerk', ['items:read']);
    await world.member(admin, 'Bob Barlow', { roles: [{ role: clerk.id, namespace: id }] });
    await world.member(admin, 'Cleo Cash', { roles: [{ role: clerk.id, namespace: id }] });
    const roles = [{ role: clerk.id, namespace: id }];
    const key = await world.credential(admin, { kind: 'keyward/api', name: 'Till', namespace: id, roles });
    const asked = { permission: 'items:edit', namespace: id };
    expect(await world.verify(admin, key.secret.token, asked)).not.toBe('allowed');

    await signIn(page, admin);
    await page.goto(`/o/${id}/roles/${clerk.id}`);
    const holders = page.getByRole('region', { name: 'Who holds it' });
    await expect(holders.getByRole('rowheader')).toContainText(['Bob Barlow', 'Cleo Cash', 'Till']);
    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    await expect(page.getByRole('main')).toContainText('Saving changes what 2 users and 1 credential may do');
    await group(page, 'items').getByLabel('edit').check();
    await page.getByRole('button', { name: 'Save role' }).click();
    await expect(page.getByRole('status')).toContainText(/The role Clerk was saved\. Confirmed on 1 of 1 nodes/);
    expect(await world.verify(admin, key.secret.token, asked)).toBe('allowed');
  });

  test('nobody widens a role beyond their own rights: refused beside the field, and nothing typed is lost', async ({
    page,
    world,
  }) => {
    const { id, admin } = await world.organization();
    const reads = ['items', 'organizations', 'apps', 'workspaces', 'usergroups'].map((resource) => `${resource}:read`);
    const deputy = await world.role(admin, 'Deputy', ['roles:*', ...reads]);
    const clerk = await world.role(admin, 'Clerk', ['items:read']);
    const dee = await world.member(admin, 'Dee Deputy', { roles: [{ role: deputy.id, namespace: id }] });
    await signIn(page, dee);
    await page.goto(`/o/${id}/roles/${clerk.id}/edit`);
    await expect(group(page, 'items').getByLabel('delete')).toBeDisabled();
    await page.getByLabel('Name', { exact: true }).fill('Clerk of all');
    await page.getByLabel('Other patterns').fill('items:*');
    await page.getByRole('button', { name: 'Save role' }).click();
    const field = page.getByLabel('Other patterns');
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(field).toHaveAccessibleDescription(/You cannot give `items:\*`/);
    await expect(field).toHaveValue('items:*');
    await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Clerk of all');
    await expectAccessible(page);
    const kept = await world.ask(admin, 'GET', `/v1/roles/${clerk.id}`);
    expect(kept.patterns).toEqual(['items:read']);

    await field.fill('items');
    await page.getByRole('button', { name: 'Save role' }).click();
    await expect(field).toHaveAccessibleDescription(/`items` is not a permission pattern/);
  });

  test('a role that somebody holds is not deleted; one that nobody holds is', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const clerk = await world.role(admin, 'Clerk', ['items:read']);
    const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: clerk.id, namespace: id }] });
    await signIn(page, admin);
    await page.goto(`/o/${id}/roles/${clerk.id}`);
    await page.getByRole('link', { name: 'Delete', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete role' });
    await expect(dialog).toContainText('held by 1 user and 0 credentials');
    await expect(dialog.getByRole('button', { name: 'Delete role' })).toHaveCount(0);
    await expectAccessible(page);

    const { items } = await world.ask(admin, 'GET', `/v1/grants?holder=${bob.user}`);
    await world.ask(admin, 'DELETE', `/v1/grants/${items[0].id}`);
    await page.goto(`/o/${id}/roles/${clerk.id}`);
    await page.getByRole('link', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete role' }).click();
    await expect(page.getByRole('status')).toContainText('The role Clerk was deleted.');
    await expect(page.getByRole('link', { name: 'Clerk' })).toHaveCount(0);
  });

  test('of two who edit a role at once, the second is told', async ({ page, anotherBrowser, world }) => {
    const { id, admin } = await world.organization();
    const clerk = await world.role(admin, 'Clerk', ['items:read']);
    const other = await anotherBrowser();
    for (const browser of [page, other]) {
      await signIn(browser, admin);
      await browser.goto(`/o/${id}/roles/${clerk.id}/edit`);
    }
    await group(page, 'items').getByLabel('edit').check();
    await page.getByRole('button', { name: 'Save role' }).click();
    await expect(page.getByRole('status')).toContainText('was saved');
    await group(other, 'items').getByLabel('delete').check();
    await other.getByRole('button', { name: 'Save role' }).click();
    await expect(other.getByRole('alert')).toContainText('The role was changed since you read it');
    await expect(group(other, 'items').getByLabel('delete')).toBeChecked();
    const kept = await world.ask(admin, 'GET', `/v1/roles/${clerk.id}`);
    expect(kept.patterns.toSorted()).toEqual(['items:edit', 'items:read']);
  });

  test('who may not see roles is told so', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const nina = await world.member(admin, 'Nina Nobody');
    await signIn(page, nina);
    await page.goto(`/o/${id}/roles`);
    await expect(page.getByRole('main')).toContainText('You may not see the roles');
    await expect(page.getByRole('link', { name: 'New role' })).toHaveCount(0);
    await expectAccessible(page);
  });

  test('on a narrow screen the matrix shows one role at a time', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gateway_hub'] });
    await signIn(page, admin);
    await page.setViewportSize({ width: 360, height: 800 });
    await page.goto(`/o/${id}/roles`);
    const matrix = page.locator('table.matrix');
    await expect(matrix.getByRole('columnheader', { name: 'Administrator' })).toBeVisible();
    await expect(matrix.getByRole('columnheader', { name: 'Operator' })).toBeHidden();
    await page.getByLabel('Role', { exact: true }).selectOption('Operator');
    await expect(matrix.getByRole('columnheader', { name: 'Operator' })).toBeVisible();
    await expect(matrix.getByRole('columnheader', { name: 'Administrator' })).toBeHidden();
  });
});

test('the pages of roles look like this', async ({ page, anotherBrowser, world }) => {
  const { id, admin } = await world.organization({ profiles: ['gateway_hub', 'keyward'] });
  const patterns = ['metrics:*', 'dataviews:read', 'credentials:*', 'ships.crew:*', 'audit:read'];
  const clerk = await world.role(admin, 'Metrics clerk', patterns);
  await world.member(admin, 'Bob Barlow', { roles: [{ role: clerk.id, namespace: id }] });
  await signIn(page, admin);
  await page.goto(`/o/${id}/roles`);
  await shoot(page, 'roles');
  await page.goto(`/o/${id}/roles/${clerk.id}`);
  await shoot(page, 'role');
  await page.goto(`/o/${id}/roles/${clerk.id}/edit`);
  await shoot(page, 'role-edit');
  await page.goto(`/o/${id}/roles/${clerk.id}/delete`);
  await shoot(page, 'role-delete');
  const all = await world.organization({ profiles: PROFILES });
  const editor = await role(world, all.admin, 'Editor');
  const reader = await world.role(all.admin, 'Reader of roles', ['roles:read']);
  const roles = [editor, reader].map(({ id }) => ({ role: id, namespace: all.id }));
  const ed = await world.member(all.admin, 'Ed Editor', { roles });
  const other = await anotherBrowser();
  await signIn(other, ed);
  await other.goto(`/o/${all.id}/roles`);
  await shoot(other, 'roles-all');
});

/** The cell of the matrix of a permission and a role. */
async function cell(page, permission, role) {
  const matrix = page.locator('table.matrix');
  const heads = await matrix.getByRole('columnheader').locator('a').allTextContents();
  const head = page.getByRole('rowheader', { name: permission.replace(':', ': '), exact: true });
  return matrix.getByRole('row').filter({ has: head }).getByRole('cell').nth(heads.indexOf(role));
}

/** The boxes of one resource. */
function group(page, resource) {
  return page.getByRole('group', { name: resource, exact: true });
}

async function role(world, by, name) {
  const { items } = await world.ask(by, 'GET', `/v1/roles?name=${encodeURIComponent(name)}`);
  return items.find((role) => role.name === name);
}
