// Namespaces: what there is, who holds what there, and what is done with it.

import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

withAndWithoutJavaScript(() => {
  test('P8 the four kinds are told apart, and so are the user groups of an application and of the organization', async ({ page, world }) => {
    const { id, name, admin } = await world.organization({ profiles: ['passport'] });
    const app = await world.app(admin, 'Shop');
    await world.workspace(admin, 'Till', app.id);
    await world.usergroup(admin, 'Cashiers', app.id);
    await world.usergroup(admin, 'Auditors');
    await signIn(page, admin);
    await page.goto(`/o/${id}/namespaces`);
    await expect(row(page, name)).toContainText('Organization');
    await expect(row(page, 'Shop')).toContainText('Application');
    await expect(row(page, 'Till')).toContainText('Workspace');
    await expect(row(page, 'Cashiers')).toContainText('Application user group');
    await expect(row(page, 'Auditors')).toContainText('Organization user group');
    await expect(page.getByRole('region', { name: 'User groups of the organization' }).getByRole('row')).toHaveCount(2);
    await expectAccessible(page);
    await expectToFit(page);

    await page.getByRole('link', { name: 'Cashiers' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Cashiers');
    await expect(page.getByRole('main')).toContainText('Application user group');
    await expect(page.getByRole('region', { name: 'Facts' }).getByRole('link', { name: 'Shop' })).toBeVisible();
    await expectAccessible(page);
  });

  test('an application is made, and in it a workspace and a user group', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    await page.goto(`/o/${id}/namespaces`);
    await expect(page.getByRole('main')).toContainText('No application yet');
    await page.getByRole('link', { name: 'New application' }).click();
    await dialog(page).getByLabel('Name').fill('Shop');
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Create' }).click();
    await expect(page.getByRole('status')).toContainText('Shop was created.');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Shop');
    const facts = page.getByRole('region', { name: 'Facts' });
    await expect(facts.getByText(/^3_[\w-]{64}$/)).toBeVisible();

    const below = page.getByRole('region', { name: 'What belongs to it' });
    for (const [button, name] of [['New workspace', 'Till'], ['New user group', 'Cashiers']]) {
      await below.getByRole('link', { name: button }).click();
      await expect(dialog(page)).toContainText('Shop');
      await dialog(page).getByLabel('Name').fill(name);
      await dialog(page).getByRole('button', { name: 'Create' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
      await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'Shop' }).click();
    }
    await expect(below.getByRole('rowheader')).toHaveText(['Cashiers', 'Till']);
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('a name that is taken is told beside its field, and stays there', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    await world.app(admin, 'Shop');
    await signIn(page, admin);
    await page.goto(`/o/${id}/namespaces`);
    await page.getByRole('link', { name: 'New application' }).click();
    await dialog(page).getByLabel('Name').fill('sHOP');
    await dialog(page).getByRole('button', { name: 'Create' }).click();
    await expect(dialog(page).getByLabel('Name')).toHaveAccessibleDescription(/is taken here/);
    await expect(dialog(page).getByLabel('Name')).toHaveValue('sHOP');
    await expectAccessible(page);
    await dialog(page).getByLabel('Name').fill('Another shop');
    await dialog(page).getByRole('button', { name: 'Create' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Another shop');
  });

  test('it is renamed, and two who rename it at a time do not overwrite each other', async ({ page, world, anotherBrowser }) => {
    const { id, admin } = await world.organization();
    const app = await world.app(admin, 'Shop');
    await signIn(page, admin);
    const other = await anotherBrowser();
    await signIn(other, admin);
    for (const one of [page, other]) {
      await one.goto(`/o/${id}/namespaces/${app.id}`);
      await one.getByRole('link', { name: 'Rename' }).click();
      await expect(dialog(one).getByLabel('Name')).toHaveValue('Shop');
    }
    await dialog(page).getByLabel('Name').fill('Store');
    await dialog(page).getByRole('button', { name: 'Rename' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Store');
    await dialog(other).getByLabel('Name').fill('Market');
    await dialog(other).getByRole('button', { name: 'Rename' }).click();
    await expect(dialog(other).getByRole('alert')).toContainText('changed since you read it');
    await expect(dialog(other).getByLabel('Name')).toHaveValue('Market');
  });

  test('what is empty is deleted; what is not says what goes with it and wants its name', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const empty = await world.app(admin, 'Empty');
    const shop = await world.app(admin, 'Shop');
    const till = await world.workspace(admin, 'Till', shop.id);
    const viewer = await world.role(admin, 'Reader', ['items:read']);
    const roles = [{ role: viewer.id, namespace: till.id }];
    const key = await world.credential(admin, { kind: 'keyward/api', name: 'Nightly import', namespace: till.id, roles });
    await signIn(page, admin);

    await page.goto(`/o/${id}/namespaces/${empty.id}`);
    await page.getByRole('link', { name: 'Delete' }).click();
    await expect(dialog(page)).toContainText('No credential lives in the application');
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByRole('status')).toContainText('Empty was deleted.');

    await page.goto(`/o/${id}/namespaces/${shop.id}`);
    await page.getByRole('link', { name: 'Delete' }).click();
    await expect(dialog(page)).toContainText('1 credential is revoked');
    await expect(dialog(page)).toContainText('1 namespace below it goes too');
    await dialog(page).getByLabel('Type Shop to confirm').fill('shop?');
    await dialog(page).getByRole('button', { name: 'Delete and revoke 1' }).click();
    await expect(dialog(page).getByLabel('Type Shop to confirm')).toHaveAccessibleDescription(/not its name/);
    await expect(dialog(page).getByLabel('Type Shop to confirm')).toHaveValue('shop?');
    await expectAccessible(page);
    expect(await world.verify(admin, key.secret.token)).toBe('allowed');
    await dialog(page).getByLabel('Type Shop to confirm').fill('Shop');
    await dialog(page).getByRole('button', { name: 'Delete and revoke 1' }).click();
    await expect(page.getByRole('status')).toContainText('Shop was deleted and 1 credential revoked.');
    await expect(page.getByRole('status')).toContainText('Confirmed on 1 of 1 node');
    expect(await world.verify(admin, key.secret.token)).toBe('revoked');
    await page.goto(`/o/${id}/namespaces/${shop.id}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is nothing here');
  });

  test('G8 a group of users is given access to an application through a permissions group', async ({ page, world, anotherBrowser }) => {
    test.slow();
    const { id, admin } = await world.organization({ profiles: ['gigya'] });
    const shop = await world.app(admin, 'Shop');
    const bob = await world.member(admin, 'Bob Barlow');
    await signIn(page, admin);
    await page.goto(`/o/${id}/namespaces`);
    await page.getByRole('link', { name: 'New user group' }).click();
    await dialog(page).getByLabel('Name').fill('Support');
    await dialog(page).getByRole('button', { name: 'Create' }).click();

    // Who is in it.
    await expect(page.getByRole('region', { name: 'Members' })).toContainText('Nobody is in this group yet');
    await page.getByRole('link', { name: 'Add a member' }).click();
    await dialog(page).getByRole('searchbox').fill('barl');
    await dialog(page).getByRole('button', { name: 'Search' }).click();
    await expect(dialog(page).getByRole('radio')).toHaveCount(1);
    await dialog(page).getByLabel('Bob Barlow').check();
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Add' }).click();
    await expect(page.getByRole('status')).toContainText('Bob Barlow is in the group now.');

    // What it holds: where, then which permissions group.
    await page.getByRole('link', { name: 'Give the group a role' }).click();
    await expect(dialog(page)).toContainText('Support');
    await expectAccessible(page);
    await dialog(page).getByRole('link', { name: /Shop/ }).click();
    await dialog(page).getByLabel('_read_only').check();
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Give the role' }).click();
    await expect(page.getByRole('status')).toContainText('Support holds _read_only at Shop now.');
    await expect(page.getByRole('status')).toContainText('Confirmed on 1 of 1 node');
    const held = page.getByRole('region', { name: 'What the group holds' });
    await expect(held.getByRole('row', { name: /_read_only/ })).toContainText('Shop');
    await expectAccessible(page);
    await expectToFit(page);

    // The member has it by the group, and sees the application.
    await page.getByRole('link', { name: 'Bob Barlow', exact: true }).click();
    const roles = page.getByRole('region', { name: 'Roles' });
    await expect(roles.getByRole('row', { name: /_read_only/ })).toContainText('Support');
    await expect(roles.getByRole('link', { name: /away/ })).toHaveCount(0);
    const bobs = await anotherBrowser();
    await signIn(bobs, bob);
    await bobs.goto(`/o/${id}/namespaces`);
    await expect(row(bobs, 'Shop')).toBeVisible();

    // And no longer once he is taken out.
    await page.goto(`/o/${id}/namespaces`);
    await page.getByRole('link', { name: 'Support' }).click();
    await page.getByRole('link', { name: 'Take Bob Barlow out of the group' }).click();
    await expect(dialog(page)).toContainText('_read_only at Shop');
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Take out' }).click();
    await expect(page.getByRole('status')).toContainText('Bob Barlow is no longer in the group.');
    await bobs.goto(`/o/${id}/namespaces/${shop.id}`);
    await expect(bobs.getByRole('heading', { level: 1 })).toHaveText('There is nothing here');
  });

  test('G7 every application has permissions of its own', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gigya'] });
    const [shop, forum] = [await world.app(admin, 'Shop'), await world.app(admin, 'Forum')];
    await world.member(admin, 'Bob Barlow');
    await signIn(page, admin);
    await page.goto(`/o/${id}/namespaces/${shop.id}`);
    await expect(page.getByRole('region', { name: 'Roles held here' })).toContainText('Nobody holds a role here');
    await page.getByRole('link', { name: 'Give a role here' }).click();
    await dialog(page).getByRole('link', { name: /Bob Barlow/ }).click();
    await dialog(page).getByLabel('_customer_service').check();
    await dialog(page).getByRole('button', { name: 'Give the role' }).click();
    const held = page.getByRole('region', { name: 'Roles held here' });
    await expect(held.getByRole('row', { name: /Bob Barlow/ })).toContainText('_customer_service');
    await page.goto(`/o/${id}/namespaces/${forum.id}`);
    await expect(page.getByRole('region', { name: 'Roles held here' })).toContainText('Nobody holds a role here');

    await page.goto(`/o/${id}/namespaces/${shop.id}`);
    await page.getByRole('link', { name: 'Take _customer_service from Bob Barlow' }).click();
    await expect(dialog(page)).toContainText('neither may their live credentials');
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Take it away' }).click();
    await expect(page.getByRole('status')).toContainText('_customer_service at Shop was taken from Bob Barlow.');
    await expect(held).toContainText('Nobody holds a role here');
  });

  test('one sees what one holds a role in, and is offered what one may', async ({ page, world }) => {
    const { id, name, admin } = await world.organization();
    const [shop, forum] = [await world.app(admin, 'Shop'), await world.app(admin, 'Forum')];
    const till = await world.workspace(admin, 'Till', shop.id);
    const reader = await world.role(admin, 'Reader', ['items:read']);
    const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: reader.id, namespace: till.id }] });
    await signIn(page, bob);
    await page.goto(`/o/${id}/namespaces`);
    await expect(page.getByRole('table').getByRole('rowheader')).toHaveText([name, 'Shop', 'Till']);
    await expect(page.getByRole('link', { name: /^New/ })).toHaveCount(0);
    await page.goto(`/o/${id}/namespaces/${till.id}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Till');
    for (const offered of ['Rename', 'Delete', 'Give a role here']) {
      await expect(page.getByRole('link', { name: offered })).toHaveCount(0);
    }
    await expectAccessible(page);
    for (const hidden of [`${forum.id}`, `${forum.id}/edit`, `${forum.id}/delete`, `new?kind=workspace&in=${forum.id}`]) {
      await page.goto(`/o/${id}/namespaces/${hidden}`);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is nothing here');
    }
    await page.goto(`/o/${id}/namespaces/${till.id}/delete`);
    await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('Till');
    await expect(page.getByRole('button', { name: 'Delete' })).toHaveCount(0);
  });

  test('another organization’s ids are not found', async ({ page, world }) => {
    const [one, other] = [await world.organization(), await world.organization()];
    const app = await world.app(other.admin, 'Shop');
    const group = await world.usergroup(other.admin, 'Support');
    await signIn(page, one.admin);
    for (const path of [
      `namespaces/${app.id}`,
      `namespaces/${app.id}/edit`,
      `namespaces/${app.id}/delete`,
      `namespaces/new?kind=workspace&in=${app.id}`,
      `namespaces/${group.id}/members/new`,
      `namespaces/${other.id}`,
      `grants/new?namespace=${app.id}`,
      `grants/new?holder=${group.id}`,
      `grants/new?holder=${other.admin.user}&namespace=${one.id}`,
      'namespaces/app_nonsense',
    ]) {
      await page.goto(`/o/${one.id}/${path}`);
      await expect(page.getByRole('heading', { level: 1 }), path).toHaveText('There is nothing here');
    }
  });

  test('many are paged, searched for and narrowed to a kind', async ({ page, world }) => {
    test.slow();
    const { id, admin } = await world.organization();
    const names = Array.from({ length: 27 }, (_, n) => `App ${String(n).padStart(2, '0')}`);
    const apps = [];
    for (const name of names) apps.push(await world.app(admin, name));
    await world.workspace(admin, 'Till', apps[3].id);
    await signIn(page, admin);
    await page.goto(`/o/${id}/namespaces`);
    await expect(row(page, 'App 24')).toBeVisible();
    await expect(row(page, 'App 25')).toHaveCount(0);
    await page.getByRole('link', { name: 'Next page' }).click();
    await expect(page.getByRole('table').getByRole('rowheader')).toHaveText(['App 25', 'App 26']);
    await expectAccessible(page);
    await page.getByRole('link', { name: 'First page' }).click();
    await page.getByRole('searchbox', { name: 'Search by name' }).fill('p 1');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page.getByRole('table').getByRole('rowheader')).toHaveText(names.slice(10, 20));
    await page.goto(`/o/${id}/namespaces`);
    await page.getByLabel('Kind').selectOption('Workspaces');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page.getByRole('table').getByRole('rowheader')).toHaveText(['Till']);
    await expect(row(page, 'Till')).toContainText('of App 03');
    await page.getByRole('searchbox', { name: 'Search by name' }).fill('nothing');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page.getByRole('main')).toContainText('Nothing of that name is here');
    await expectAccessible(page);
  });

  test('names that are long or hostile stay text, and break no page', async ({ page, world }) => {
    test.slow();
    const { id, admin } = await world.organization();
    const long = 'W'.repeat(120);
    const app = await world.app(admin, '<img src=x onerror=alert(1)>');
    const group = await world.usergroup(admin, long, app.id);
    await world.workspace(admin, 'مساحة العمل', app.id);
    await signIn(page, admin);
    for (const path of ['', `/${app.id}`, `/${group.id}`, `/${app.id}/delete`, `/${group.id}/edit`]) {
      await page.goto(`/o/${id}/namespaces${path}`);
      await expectToFit(page);
      await expectAccessible(page);
    }
    await page.goto(`/o/${id}/namespaces/${app.id}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('<img src=x onerror=alert(1)>');
  });
});

test('the pages look like this', async ({ page, world }) => {
  const { id, admin } = await world.organization({ profiles: ['passport'], name: 'Northwind' });
  const shop = await world.app(admin, 'Web shop');
  const forum = await world.app(admin, 'Customer forum');
  for (const name of ['Checkout', 'Catalogue', 'Warehouse']) await world.workspace(admin, name, shop.id);
  await world.workspace(admin, 'Moderation', forum.id);
  const cashiers = await world.usergroup(admin, 'Cashiers', shop.id);
  const auditors = await world.usergroup(admin, 'Auditors');
  const [role] = (await world.ask(admin, 'GET', '/v1/roles')).items;
  const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: role.id, namespace: shop.id }] });
  const eve = await world.member(admin, 'Eve Everett');
  await world.grant(admin, auditors.id, role.id, shop.id);
  await world.grant(admin, cashiers.id, role.id, forum.id);
  for (const user of [bob.user, eve.user]) await world.ask(admin, 'PUT', `/v1/usergroups/${cashiers.id}/members/${user}`);
  await world.credential(admin, { kind: 'passport/api_key', name: 'Importer', namespace: shop.id });
  await signIn(page, admin);
  await page.goto(`/o/${id}/namespaces`);
  await shoot(page, 'namespaces');
  await page.goto(`/o/${id}/namespaces/${shop.id}`);
  await shoot(page, 'namespace-app');
  await page.goto(`/o/${id}/namespaces/${cashiers.id}`);
  await shoot(page, 'namespace-group');
  await page.getByRole('link', { name: 'Add a member' }).click();
  await expect(dialog(page)).toBeVisible();
  await shoot(page, 'namespace-add-member');
  await page.goto(`/o/${id}/namespaces/${shop.id}/delete`);
  await shoot(page, 'namespace-delete');
  await page.goto(`/o/${id}/grants/new?namespace=${shop.id}`);
  await shoot(page, 'grant-who');
  await page.goto(`/o/${id}/namespaces/${shop.id}`);
  await page.getByRole('link', { name: 'Give a role here' }).click();
  await dialog(page).getByRole('link', { name: /Eve/ }).click();
  await expect(dialog(page).getByRole('button', { name: 'Give the role' })).toBeVisible();
  await shoot(page, 'grant-role');
});

/** The row that begins with this name. */
function row(page, name) {
  return page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
}

function dialog(page) {
  return page.getByRole('dialog');
}
