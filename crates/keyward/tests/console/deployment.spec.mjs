// The pages of the deployment, for its operators.

import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';
import { PASSWORD } from './support/world.mjs';

withAndWithoutJavaScript(() => {
  test('an operator creates an organization, and its invitation is shown once', async ({
    page,
    anotherBrowser,
    world,
    javaScriptEnabled,
  }) => {
    const email = javaScriptEnabled ? 'gwen@example.com' : 'gregor@example.com';
    await signIn(page, world.operator);
    await page.goto('/deployment');
    await page.getByRole('link', { name: 'New organization' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Gull & Sons');
    await page.getByLabel('Gigantik CMS').check();
    await page.getByLabel('E-mail of its first super admin').fill(email);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Create organization' }).click();
    const dialog = page.getByRole('dialog', { name: 'Organization created' });
    await expect(dialog).toContainText(email);
    const link = await dialog.getByRole('textbox', { name: 'Invitation link' }).textContent();
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/invitation#\S+$/);
    await expectAccessible(page);
    await dialog.getByRole('link', { name: 'Done' }).click();
    await expect(page).toHaveURL(/\/deployment$/);
    await expect(page.getByRole('main')).not.toContainText('/invitation#');
    const row = page.getByRole('row', { name: /^Gull & Sons/ }).first();
    await expect(row).toContainText('gigantik, keyward');
    await expect(row).toContainText('Active');

    // Whoever opens the link is in.
    const token = link.split('#')[1];
    const answer = { token, name: 'Gwen', password: PASSWORD };
    const accepted = await world.ask(null, 'POST', '/v1/invitations/accept', answer);
    const theirs = await anotherBrowser();
    await signIn(theirs, { email, password: PASSWORD });
    await expect(theirs).toHaveURL(new RegExp(`/o/${accepted.organization}$`));
  });

  test('a form that is sent twice makes one organization', async ({ page, world, javaScriptEnabled }) => {
    const name = javaScriptEnabled ? 'Twice Ltd' : 'Twice Inc';
    await signIn(page, world.operator);
    await page.goto('/deployment/new');
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('E-mail of its first super admin').fill('tess@example.com');
    const fields = await page.locator('form').last().evaluate((form) => [...new FormData(form)]);
    await page.getByRole('button', { name: 'Create organization' }).click();
    await expect(page.getByRole('dialog', { name: 'Organization created' })).toContainText('tess@example.com');
    const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };
    const data = new URLSearchParams(fields).toString();
    const again = await page.request.post('/deployment/new', { data, headers });
    expect(await again.text()).toContain(`${name} was created already`);
    await page.goto(`/deployment?name=${encodeURIComponent(name)}`);
    await expect(page.getByRole('row', { name: new RegExp(`^${name}`) })).toHaveCount(1);
  });

  test('what is wrong with a new organization stands beside its fields', async ({ page, world }) => {
    await signIn(page, world.operator);
    await page.goto('/deployment');
    await page.getByRole('link', { name: 'New organization' }).click();
    const keyward = page.getByRole('checkbox', { name: /^Keyward/ });
    await page.getByLabel('Name', { exact: true }).fill('Nobody & Co');
    await keyward.uncheck();
    await page.getByLabel('E-mail of its first super admin').fill('nobody@example.com');
    await page.getByRole('button', { name: 'Create organization' }).click();
    await expect(page.getByRole('group', { name: 'Profiles' })).toHaveAccessibleDescription(/Name 1 to 16 profiles/);
    await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Nobody & Co');
    await expect(page.getByLabel('E-mail of its first super admin')).toHaveValue('nobody@example.com');
    await expect(keyward).not.toBeChecked();
    await expectAccessible(page);
  });

  test('an organization is suspended and resumed by its name, and each is proven', async ({ page, world, javaScriptEnabled }) => {
    const { id, name, admin } = await world.organization({ name: javaScriptEnabled ? 'Avocet' : 'Kestrel' });
    const clerk = await world.role(admin, 'Clerk', ['credentials:verify']);
    const roles = [{ role: clerk.id, namespace: id }];
    const key = await world.credential(admin, { kind: 'keyward/service', name: 'Till', namespace: id, roles });
    const { token } = key.secret;
    const alive = () =>
      world.ask({ token }, 'POST', '/v1/verify', { credential: token }).then(
        () => true,
        () => false,
      );
    expect(await alive()).toBe(true);

    await signIn(page, world.operator);
    await page.goto(`/deployment?name=${encodeURIComponent(name)}`);
    await expect(page.getByRole('rowheader')).toHaveText([name]);
    await page.getByRole('link', { name: `Suspend ${name}` }).click();
    const dialog = page.getByRole('dialog', { name: 'Suspend organization' });
    await dialog.getByRole('textbox').fill('Another');
    await dialog.getByRole('button', { name: 'Suspend organization' }).click();
    await expect(dialog.getByRole('textbox')).toHaveAccessibleDescription(/Write the name of the organization/);
    await expect(dialog.getByRole('textbox')).toHaveValue('Another');
    await expectAccessible(page);
    expect(await alive()).toBe(true);
    await dialog.getByRole('textbox').fill(name);
    await dialog.getByRole('button', { name: 'Suspend organization' }).click();
    await expect(page.getByRole('status')).toContainText(/was suspended\. Confirmed on 1 of 1 nodes/);
    expect(await alive()).toBe(false);

    await page.goto(`/deployment?name=${encodeURIComponent(name)}`);
    await expect(page.getByRole('row').nth(1)).toContainText('Suspended');
    await expectAccessible(page);
    await page.getByRole('link', { name: `Resume ${name}` }).click();
    await page.getByRole('dialog', { name: 'Resume organization' }).getByRole('textbox').fill(name);
    await page.getByRole('button', { name: 'Resume organization' }).click();
    await expect(page.getByRole('status')).toContainText('was resumed');
    expect(await alive()).toBe(true);
  });

  test('the system page tells version, freshness, key ring and profiles, and no secret', async ({ page, world }) => {
    await world.organization();
    await signIn(page, world.operator);
    await page.goto('/deployment');
    await page.getByRole('link', { name: 'System' }).click();
    await expect(page.getByRole('region', { name: 'This server' })).toContainText('SQLite');
    await expect(page.getByRole('region', { name: 'Freshness' })).toContainText('Current');
    await expect(page.getByRole('region', { name: 'Key ring' }).getByRole('row').nth(1)).toContainText('Current');
    const profile = page.getByRole('region', { name: 'Profiles in use' }).getByRole('row', { name: /^Keyward/ });
    await expect(profile).toContainText('The same');
    await expectAccessible(page);
    await expectToFit(page);
  });

  test('a super admin who is no operator finds nothing there', async ({ page, world }) => {
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    for (const path of ['', '/new', '/system', `/${id}/suspend`, `/${id}/resume`]) {
      const answer = await page.goto(`/deployment${path}`);
      expect(answer.status(), path).toBe(404);
      await expect(page.getByRole('main')).toContainText('There is nothing here');
    }
    await page.goto(`/o/${id}/roles`);
    await expect(page.locator('a[href^="/deployment"]')).toHaveCount(0);
  });
});

test('the pages of the deployment look like this', async ({ page, world }) => {
  const { id } = await world.organization({ name: 'Heron', profiles: ['keyward', 'gigya', 'gateway_hub'] });
  await world.organization({ name: 'Acme', profiles: ['passport'] });
  await world.ask(world.operator, 'POST', `/v1/organizations/${id}/suspend`, {});
  await signIn(page, world.operator);
  await page.goto('/deployment');
  await shoot(page, 'deployment');
  await page.getByRole('link', { name: 'New organization' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Gull & Sons');
  await shoot(page, 'deployment-new');
  await page.getByLabel('E-mail of its first super admin').fill('gull@example.com');
  await page.getByRole('button', { name: 'Create organization' }).click();
  await expect(page.getByRole('dialog', { name: 'Organization created' })).toBeVisible();
  await shoot(page, 'deployment-created');
  await page.goto(`/deployment/${id}/resume`);
  await shoot(page, 'deployment-resume');
  await page.goto('/deployment/system');
  await shoot(page, 'deployment-system');
});
