// Members: who they are, what they hold, who is invited, and what is done about them.

import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';
import { PASSWORD } from './support/world.mjs';

withAndWithoutJavaScript(() => {
  test('the list says who holds what, and is searched and narrowed', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const shop = await world.app(admin, 'Shop');
    const reader = await world.role(admin, 'Reader', ['items:read']);
    const support = await world.usergroup(admin, 'Support');
    const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: reader.id, namespace: shop.id }] });
    const eve = await world.member(admin, 'Eve Everett');
    await world.grant(admin, support.id, reader.id, shop.id);
    await world.ask(admin, 'PUT', `/v1/usergroups/${support.id}/members/${eve.user}`);
    await world.ask(admin, 'POST', `/v1/users/${eve.user}/suspend`);
    await signIn(page, admin);
    await page.goto(`/o/${id}/members`);
    await expect(row(page, 'Ada Admin')).toContainText('Super admin');
    await expect(row(page, 'Ada Admin')).toContainText('you');
    await expect(row(page, 'Bob Barlow')).toContainText('Reader at Shop');
    await expect(row(page, 'Bob Barlow')).toContainText(bob.email);
    await expect(row(page, 'Bob Barlow')).toContainText('Active');
    await expect(row(page, 'Eve Everett')).toContainText('Reader at Shop through Support');
    await expect(row(page, 'Eve Everett')).toContainText('Suspended');
    await expectAccessible(page);
    await expectToFit(page);
    await page.getByLabel('State').selectOption('Suspended');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page.getByRole('rowheader')).toHaveCount(1);
    await expect(row(page, 'Eve Everett')).toBeVisible();
    await page.getByRole('link', { name: 'Show all' }).click();
    await page.getByRole('searchbox').fill(bob.email.slice(0, 8));
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page.getByRole('rowheader')).toHaveCount(1);
    await expect(row(page, 'Bob Barlow')).toBeVisible();
  });

  test('somebody is invited to roles at places, by a link that is shown once', async ({ page, world }) => {
    test.slow();
    const { id, admin } = await world.organization();
    const shop = await world.app(admin, 'Shop');
    await world.role(admin, 'Reader', ['items:read']);
    await signIn(page, admin);
    await page.goto(`/o/${id}/members`);
    await page.getByRole('link', { name: 'Invite' }).click();
    const email = `grace.${Date.now()}@example.com`;
    await dialog(page).getByLabel('E-mail').fill(email);
    await dialog(page).getByLabel('Role', { exact: true }).selectOption('Reader');
    await dialog(page).getByLabel('At', { exact: true }).selectOption('Shop (application)');
    await expectAccessible(page);
    // What was filled in is still there with a row more, and with one less.
    await dialog(page).getByRole('button', { name: 'Another role' }).click();
    await expect(dialog(page).getByRole('group')).toHaveCount(2);
    await expect(dialog(page).getByLabel('E-mail')).toHaveValue(email);
    await dialog(page).getByRole('group', { name: 'Role 2' }).getByLabel('Role', { exact: true }).selectOption('Viewer');
    await dialog(page).getByRole('button', { name: 'Another role' }).click();
    await dialog(page).getByRole('button', { name: 'Leave out role 3' }).click();
    await expect(dialog(page).getByRole('group')).toHaveCount(2);
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Invite', exact: true }).click();

    const link = await dialog(page).getByText(/\/invitation#kw/).textContent();
    await expect(dialog(page)).toContainText(email);
    await expect(dialog(page)).toContainText('in 3 days');
    await expectAccessible(page);
    await expectToFit(page);
    await dialog(page).getByRole('link', { name: 'Done' }).click();
    const open = page.getByRole('region', { name: 'Open invitations' });
    await expect(open.getByRole('row', { name: email })).toContainText('Reader at Shop');
    await expect(open.getByRole('row', { name: email })).toContainText('Viewer at Acme');
    await expect(open.getByRole('row', { name: email })).toContainText('Ada Admin');
    await expect(open.getByRole('row', { name: email })).toContainText('in 3 days');
    await expectAccessible(page);
    // It is nowhere else: not in the page, and not behind the back button.
    const token = link.split('#')[1];
    expect(await page.content()).not.toContain(token);
    await page.goBack().catch(() => {});
    expect(await page.content()).not.toContain(token);

    await world.ask(null, 'POST', '/v1/invitations/accept', { token, name: 'Grace Hopper', password: PASSWORD });
    await page.goto(`/o/${id}/members`);
    await expect(row(page, 'Grace Hopper')).toContainText('Reader at Shop');
    await expect(page.getByRole('region', { name: 'Open invitations' })).toHaveCount(0);
    await page.goto(`/o/${id}/namespaces/${shop.id}`);
    await expect(page.getByRole('region', { name: 'Roles held here' }).getByRole('row', { name: /Grace/ })).toBeVisible();
  });

  test('what is wrong with an invitation is told beside its field', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    await page.goto(`/o/${id}/members/invite`);
    await dialog(page).getByLabel('E-mail').fill('grace@b@c');
    await dialog(page).getByLabel('Super admin').check();
    // The browser itself refuses such an address; whoever goes around it is refused by the server.
    await page.evaluate?.(() => document.querySelectorAll('form').forEach((form) => { form.noValidate = true; }));
    await dialog(page).getByRole('button', { name: 'Invite', exact: true }).click();
    await expect(dialog(page).getByLabel('E-mail')).toHaveAccessibleDescription(/not an e-mail address/);
    await expect(dialog(page).getByLabel('E-mail')).toHaveValue('grace@b@c');
    await expect(dialog(page).getByLabel('Super admin')).toBeChecked();
    await dialog(page).getByLabel('E-mail').fill(admin.email);
    await dialog(page).getByRole('button', { name: 'Invite', exact: true }).click();
    await expect(dialog(page).getByRole('alert')).toContainText('member');
    await expectAccessible(page);
  });

  test('an open invitation is withdrawn, and its link is worth nothing any more', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const { token } = await world.ask(admin, 'POST', '/v1/users', { email: `eve.${id}@example.com` });
    await signIn(page, admin);
    await page.goto(`/o/${id}/members`);
    await page.getByRole('link', { name: /Withdraw the invitation of eve/ }).click();
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Withdraw' }).click();
    await expect(page.getByRole('status')).toContainText('was withdrawn');
    await expect(page.getByRole('region', { name: 'Open invitations' })).toHaveCount(0);
    const accept = world.ask(null, 'POST', '/v1/invitations/accept', { token, name: 'Eve', password: PASSWORD });
    await expect(accept).rejects.toThrow('invitation_invalid');
  });

  test('nobody offers what they do not hold', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const shop = await world.app(admin, 'Shop');
    const people = await world.role(admin, 'People', ['users:*', 'grants:*', 'roles:read', 'items:read']);
    const reader = await world.role(admin, 'Reader', ['items:read']);
    const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: people.id, namespace: id }] });
    const eve = await world.member(admin, 'Eve Everett', { roles: [{ role: reader.id, namespace: id }] });
    await signIn(page, bob);
    await page.goto(`/o/${id}/members/invite`);
    await expect(dialog(page).getByLabel('Super admin')).toBeDisabled();
    await expect(dialog(page).getByText('cannot be granted by you').first()).toBeVisible();
    await expect(dialog(page).getByRole('option', { name: 'Admin (cannot be granted by you)' })).toBeDisabled();
    await expect(dialog(page).getByRole('option', { name: 'Reader', exact: true })).toBeEnabled();
    await page.goto(`/o/${id}/grants/new?holder=${eve.user}&namespace=${id}&back=${eve.user}`);
    await expect(dialog(page).getByLabel(/^Admin/)).toBeDisabled();
    await expect(dialog(page).getByLabel(/^People/)).toBeEnabled();
    await expectAccessible(page);
    // What was let go behind the form's back is refused, and told.
    await page.goto(`/o/${id}/members/invite`);
    await dialog(page).getByLabel('E-mail').fill(`zoe.${id}@example.com`);
    await page.evaluate(() => document.querySelectorAll('option[disabled]').forEach((option) => { option.disabled = false; }));
    await dialog(page).getByLabel('Role', { exact: true }).selectOption({ label: 'Admin (cannot be granted by you)' });
    await dialog(page).getByRole('button', { name: 'Invite', exact: true }).click();
    await expect(dialog(page).getByLabel('Role', { exact: true })).toHaveAccessibleDescription(/you do not hold it there/);
    await expect(dialog(page).getByLabel('E-mail')).toHaveValue(`zoe.${id}@example.com`);
    // A place of which one is not told is none.
    await page.goto(`/o/${id}/grants/new?holder=${eve.user}&namespace=${shop.id}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is nothing here');
  });

  test('a role is given to a member at a place, and taken away', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const shop = await world.app(admin, 'Shop');
    await world.role(admin, 'Reader', ['items:read']);
    const bob = await world.member(admin, 'Bob Barlow');
    await signIn(page, admin);
    await page.goto(`/o/${id}/members`);
    await page.getByRole('link', { name: 'Bob Barlow' }).click();
    await expect(page.getByRole('region', { name: 'Roles' })).toContainText('No role is held');
    await page.getByRole('link', { name: 'Give a role' }).click();
    await dialog(page).getByRole('searchbox').fill('sho');
    await dialog(page).getByRole('button', { name: 'Search' }).click();
    await expect(dialog(page).getByRole('listitem').getByRole('link')).toHaveCount(1);
    await dialog(page).getByRole('link', { name: /Shop/ }).click();
    await dialog(page).getByLabel('Reader').check();
    await dialog(page).getByRole('button', { name: 'Give the role' }).click();
    await expect(page.getByRole('status')).toContainText('Bob Barlow holds Reader at Shop now. Confirmed on 1 of 1 node');
    const roles = page.getByRole('region', { name: 'Roles' });
    await expect(roles.getByRole('row', { name: /Reader/ })).toContainText('their own');
    await expectAccessible(page);
    await expectToFit(page);

    // Once more is refused, and says so.
    await page.goto(`/o/${id}/grants/new?holder=${bob.user}&namespace=${shop.id}&back=${bob.user}`);
    await dialog(page).getByLabel('Reader').check();
    await dialog(page).getByRole('button', { name: 'Give the role' }).click();
    await expect(dialog(page).getByRole('alert')).toContainText('has this role at this namespace already');

    await page.goto(`/o/${id}/members/${bob.user}`);
    await page.getByRole('link', { name: 'Take Reader at Shop away' }).click();
    await dialog(page).getByRole('button', { name: 'Take it away' }).click();
    await expect(page.getByRole('status')).toContainText('Reader at Shop was taken from Bob Barlow.');
    await expect(roles).toContainText('No role is held');
  });

  test('a member becomes super admin, and is it no longer; the last one stays', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const bob = await world.member(admin, 'Bob Barlow');
    await signIn(page, admin);
    await page.goto(`/o/${id}/members/${admin.user}`);
    for (const refused of ['Take super admin away', 'Suspend', 'Remove']) {
      await expect(page.getByRole('button', { name: refused })).toBeDisabled();
      await expect(page.getByRole('button', { name: refused })).toHaveAccessibleDescription(/last super admin/);
    }
    await expectAccessible(page);
    // Whoever goes there all the same is told.
    await page.goto(`/o/${id}/members/${admin.user}/suspend`);
    await dialog(page).getByRole('button', { name: 'Suspend' }).click();
    await expect(dialog(page).getByRole('alert')).toContainText('no active super admin left');

    await page.goto(`/o/${id}/members/${bob.user}`);
    await page.getByRole('link', { name: 'Make super admin' }).click();
    await expect(dialog(page)).toContainText('everything at every namespace');
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Make super admin' }).click();
    await expect(page.getByRole('status')).toContainText('Bob Barlow is super admin now.');
    await page.goto(`/o/${id}/members/${admin.user}`);
    await expect(page.getByRole('link', { name: 'Take super admin away' })).toBeVisible();
    await page.goto(`/o/${id}/members/${bob.user}`);
    await page.getByRole('link', { name: 'Take super admin away' }).click();
    await dialog(page).getByRole('button', { name: 'Take it away' }).click();
    await expect(page.getByRole('status')).toContainText('Bob Barlow is no longer super admin.');
  });

  test('a suspended member and their live keys stop, and go on once they are enabled', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['passport', 'keyward'] });
    const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: await anyRole(world, admin), namespace: id }] });
    const key = await world.credential(bob, { kind: 'passport/api_key', name: 'Importer', namespace: id });
    await signIn(page, admin);
    await page.goto(`/o/${id}/members/${bob.user}`);
    await expect(page.getByRole('region', { name: 'Facts' })).toContainText(/Live credentials\s*1/);
    await page.getByRole('link', { name: 'Suspend' }).click();
    await expect(dialog(page)).toContainText('1 live credential of theirs stops working at once.');
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Suspend' }).click();
    await expect(page.getByRole('status')).toContainText('Bob Barlow is suspended');
    await expect(page.getByRole('region', { name: 'Facts' })).toContainText('Suspended');
    expect(await verified(world, admin, key)).not.toBe('allowed');
    await page.getByRole('link', { name: 'Enable' }).click();
    await dialog(page).getByRole('button', { name: 'Enable' }).click();
    await expect(page.getByRole('status')).toContainText('Bob Barlow can act again.');
    expect(await verified(world, admin, key)).toBe('allowed');
  });

  test('a member is removed by typing their address; their live keys are revoked', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['passport', 'keyward'] });
    const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: await anyRole(world, admin), namespace: id }] });
    const key = await world.credential(bob, { kind: 'passport/api_key', name: 'Importer', namespace: id });
    await signIn(page, admin);
    await page.goto(`/o/${id}/members/${bob.user}`);
    await page.getByRole('link', { name: 'Remove', exact: true }).click();
    await expect(dialog(page)).toContainText('1 live credential of theirs is revoked, for good.');
    const field = dialog(page).getByLabel(`Type ${bob.email} to confirm`);
    await field.fill('bob');
    await dialog(page).getByRole('button', { name: 'Remove' }).click();
    await expect(field).toHaveAccessibleDescription(/not their address/);
    await expect(field).toHaveValue('bob');
    await expectAccessible(page);
    expect(await verified(world, admin, key)).toBe('allowed');
    await field.fill(bob.email);
    await dialog(page).getByRole('button', { name: 'Remove' }).click();
    await expect(page.getByRole('status')).toContainText('Bob Barlow was removed and 1 live credential of theirs revoked.');
    await expect(row(page, 'Bob Barlow')).toHaveCount(0);
    expect(await verified(world, admin, key)).toBe('revoked');
  });

  test('a plain admin cannot touch a super admin', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const bob = await world.member(admin, 'Bob Barlow', { roles: [{ role: await anyRole(world, admin, 'Admin'), namespace: id }] });
    await signIn(page, bob);
    await page.goto(`/o/${id}/members/${admin.user}`);
    await expect(page.getByRole('main')).toContainText('Only a super admin can change a super admin.');
    for (const offered of ['Suspend', 'Remove', /super admin/]) {
      await expect(page.getByRole('link', { name: offered })).toHaveCount(0);
      await expect(page.getByRole('button', { name: offered })).toHaveCount(0);
    }
    await expectAccessible(page);
    await page.goto(`/o/${id}/members/${admin.user}/remove`);
    await dialog(page).getByLabel(/to confirm/).fill(admin.email);
    await dialog(page).getByRole('button', { name: 'Remove' }).click();
    await expect(dialog(page).getByRole('alert')).toContainText('only a super admin', { ignoreCase: true });
    await page.goto(`/o/${id}/members/${bob.user}/super-admin`);
    await dialog(page).getByRole('button', { name: 'Make super admin' }).click();
    await expect(dialog(page).getByRole('alert')).toContainText('only a super admin', { ignoreCase: true });
  });

  test('who may see no members sees themselves alone', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    const bob = await world.member(admin, 'Bob Barlow');
    await signIn(page, bob);
    await page.goto(`/o/${id}/members`);
    await expect(page.getByRole('main')).toContainText('You may not see the members');
    await expect(page.getByRole('main')).not.toContainText('Ada Admin');
    await expectAccessible(page);
    await page.goto(`/o/${id}/members/${bob.user}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Bob Barlow');
    await expectAccessible(page);
    for (const path of [admin.user, 'invite']) {
      await page.goto(`/o/${id}/members/${path}`);
      await expect(page.getByRole('main')).not.toContainText('Ada Admin');
      await expect(page.getByRole('heading', { name: 'Ada Admin' })).toHaveCount(0);
      await expect(page.getByRole('button', { name: 'Invite', exact: true })).toHaveCount(0);
    }
  });

  test('another organization’s people and invitations are not found', async ({ page, world }) => {
    const [one, other] = [await world.organization(), await world.organization()];
    const invitation = await world.ask(other.admin, 'POST', '/v1/users', { email: `eve.${other.id}@example.com` });
    await signIn(page, one.admin);
    for (const path of [
      `members/${other.admin.user}`,
      `members/${other.admin.user}/remove`,
      `members/${other.admin.user}/suspend`,
      'members/usr_nonsense',
      `grants/new?holder=${other.admin.user}`,
    ]) {
      await page.goto(`/o/${one.id}/${path}`);
      await expect(page.getByRole('heading', { level: 1 }), path).toHaveText('There is nothing here');
    }
    await page.goto(`/o/${one.id}/members/invitations/${invitation.id}/withdraw`);
    await dialog(page).getByRole('button', { name: 'Withdraw' }).click();
    await expect(page.getByRole('heading', { name: 'There is nothing here' })).toBeVisible();
    await world.ask(null, 'POST', '/v1/invitations/accept', { token: invitation.token, name: 'Eve', password: PASSWORD });
  });

  test('many members are paged', async ({ page, world }) => {
    test.slow();
    const { id, admin } = await world.organization();
    for (let n = 0; n < 27; n += 1) await world.member(admin, `Person ${String(n).padStart(2, '0')}`);
    await signIn(page, admin);
    await page.goto(`/o/${id}/members`);
    await expect(page.getByRole('rowheader')).toHaveCount(25);
    await page.getByRole('link', { name: 'Next page' }).click();
    await expect(page.getByRole('rowheader')).toHaveCount(3);
    await expectAccessible(page);
    await page.getByRole('link', { name: 'First page' }).click();
    await expect(row(page, 'Ada Admin')).toBeVisible();
  });
});

test('with JavaScript, what opens is laid over the page and closes again', async ({ page, world }) => {
  const { id, admin } = await world.organization();
  await signIn(page, admin);
  await page.goto(`/o/${id}/members`);
  await page.getByRole('link', { name: 'Invite' }).click();
  await expect(dialog(page).getByLabel('E-mail')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
  await expect(page).toHaveURL(`/o/${id}/members`);
  // The enter key invites; it does not add a row.
  await page.getByRole('link', { name: 'Invite' }).click();
  await dialog(page).getByLabel('E-mail').fill(`kim.${id}@example.com`);
  await dialog(page).getByLabel('E-mail').press('Enter');
  await expect(dialog(page)).toContainText('shown this once');
});

test('the pages look like this', async ({ page, world }) => {
  const { id, admin } = await world.organization({ name: 'Northwind' });
  const shop = await world.app(admin, 'Web shop');
  const till = await world.workspace(admin, 'Checkout', shop.id);
  const reader = await world.role(admin, 'Reader', ['items:read']);
  const support = await world.usergroup(admin, 'Support');
  const bob = await world.member(admin, 'Bob Barlow', {
    roles: [{ role: reader.id, namespace: shop.id }, { role: reader.id, namespace: till.id }],
  });
  const eve = await world.member(admin, 'Eve Everett');
  await world.member(admin, 'Maximiliane Schwarzenberger-Hohenfels', { super_admin: true });
  await world.grant(admin, support.id, reader.id, shop.id);
  await world.ask(admin, 'PUT', `/v1/usergroups/${support.id}/members/${bob.user}`);
  await world.ask(admin, 'POST', `/v1/users/${eve.user}/suspend`);
  await world.ask(admin, 'POST', '/v1/users', { email: `grace.${id}@example.com`, roles: [{ role: reader.id, namespace: shop.id }] });
  await signIn(page, admin);
  await page.goto(`/o/${id}/members`);
  await shoot(page, 'members');
  await page.goto(`/o/${id}/members/${bob.user}`);
  await shoot(page, 'member');
  await page.getByRole('link', { name: 'Remove', exact: true }).click();
  await expect(dialog(page)).toBeVisible();
  await shoot(page, 'member-remove');
  await page.goto(`/o/${id}/members`);
  await page.getByRole('link', { name: 'Invite' }).click();
  await dialog(page).getByLabel('E-mail').fill(`kim.${id}@example.com`);
  await dialog(page).getByRole('button', { name: 'Another role' }).click();
  await expect(dialog(page).getByRole('group')).toHaveCount(2);
  await shoot(page, 'member-invite');
  await dialog(page).getByRole('button', { name: 'Invite', exact: true }).click();
  await expect(dialog(page)).toContainText('shown this once');
  await shoot(page, 'member-invited');
});

/** The row whose header holds this name. */
function row(page, name) {
  return page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
}

function dialog(page) {
  return page.getByRole('dialog');
}

/** The id of a role of the organization: of that name, or of the first that there is. */
async function anyRole(world, admin, name) {
  const { items } = await world.ask(admin, 'GET', '/v1/roles');
  return items.find((role) => !name || role.name === name).id;
}

/** Whether a pair of an id and a secret is in force. */
async function verified(world, admin, key) {
  const answer = await world.ask(admin, 'POST', '/v1/verify', { id: key.publicId, secret: key.secret.secret });
  return answer.allowed ? 'allowed' : answer.reason;
}
