// Making credentials, in the words of every profile, and their secrets, which are shown once.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

test.describe('Gigantik', () => {
  withAndWithoutJavaScript(() => {
    test('K8 Create API Key opens the window', async ({ page, world }) => {
      await open(page, world, 'gigantik', 'api_key', 'Create API Key');
      await expect(dialog(page).getByRole('heading', { name: 'Create API Key' })).toBeVisible();
      await expectAccessible(page);
      await expectToFit(page);
    });

    test('K9 the name is required, and says what it is for', async ({ page, world }) => {
      await open(page, world, 'gigantik', 'api_key', 'Create API Key');
      const name = field(page, 'Name');
      await expect(name).toHaveAttribute('required', '');
      await expect(name).toHaveAccessibleDescription(/so the intended use is clear/);
      await name.fill('   ');
      await field(page, 'Role').selectOption('Editor');
      await dialog(page).getByRole('button', { name: 'Create & View' }).click();
      await expect(name).toHaveAccessibleDescription(/name is missing/);
      await expect(field(page, 'Role').locator('option:checked')).toHaveText('Editor');
    });

    test('K10 the role is chosen from a list', async ({ page, world }) => {
      await open(page, world, 'gigantik', 'api_key', 'Create API Key');
      await expect(field(page, 'Role').locator('option')).toHaveText(['Choose', 'Admin', 'Editor', 'Owner', 'Viewer']);
    });

    test('K11 Learn More leads to the article', async ({ page, world }) => {
      await open(page, world, 'gigantik', 'api_key', 'Create API Key');
      const link = dialog(page).getByRole('link', { name: 'Learn More' });
      await expect(link).toHaveAttribute('href', 'https://docs.gigantik.io/docs/api-keys');
    });

    test('K12 no role above one’s own is offered, and the server refuses one', async ({ page, world }) => {
      const { id, admin } = await world.organization({ profiles: ['gigantik'] });
      const found = await world.ask(admin, 'GET', '/v1/roles');
      const role = (name) => found.items.find((one) => one.name === name).id;
      const roles = [{ role: role('Admin'), namespace: id }];
      const member = await world.member(admin, 'Bob Barlow', { roles });
      await signIn(page, member);
      await page.goto(`/o/${id}/keys/gigantik-api_key/new`);
      await expect(field(page, 'Role').locator('option')).toHaveText(['Choose', 'Admin', 'Editor', 'Viewer']);
      await expect(dialog(page)).toContainText('An API Key role can only be equal to or lesser than your current role.');
      await field(page, 'Name').fill('Too much');
      if (await page.evaluate(() => matchMedia('(scripting: enabled)').matches)) {
        const chosen = field(page, 'Role');
        await chosen.evaluate((select, value) => select.add(new Option('Owner', value, true, true)), role('Owner'));
        await dialog(page).getByRole('button', { name: 'Create & View' }).click();
        await expect(dialog(page).getByRole('alert')).toContainText('you do not hold it there yourself');
        await expect(field(page, 'Name')).toHaveValue('Too much');
      }
      expect((await world.ask(admin, 'GET', '/v1/credentials')).items).toEqual([]);
    });

    test('K13 K14 Create & View says that it was created, and shows the key', async ({ page, world }) => {
      await open(page, world, 'gigantik', 'api_key', 'Create API Key');
      await fillGigantik(page);
      await expect(dialog(page)).toContainText('The API Key was successfully created.');
      await expect(part(page, 'API Key')).toHaveText(/^gig_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}$/);
      await expectAccessible(page);
      await expectToFit(page);
    });

    test('K6 K16 what is advised stands beside the key', async ({ page, world }) => {
      const { id } = await open(page, world, 'gigantik', 'api_key', 'Create API Key');
      await fillGigantik(page);
      await expect(dialog(page)).toContainText('Copy the key off somewhere safe and secure as it can only be seen once.');
      await expect(dialog(page)).toContainText('The Gigantik team can not retrieve any API keys on your behalf.');
      await close(page);
      await expect(page).toHaveURL(`/o/${id}/keys/gigantik-api_key`);
      await expect(page.getByRole('main')).toContainText('stored securely and not be provided to the public');
    });

    test('K15 after closing, nothing shows the key again', async ({ page, world }) => {
      const { id, admin } = await open(page, world, 'gigantik', 'api_key', 'Create API Key');
      await fillGigantik(page);
      const secret = (await part(page, 'API Key').textContent()).trim();
      await close(page);
      const [made] = (await world.ask(admin, 'GET', '/v1/credentials')).items;
      await expectNowhere(page, secret);
      await page.reload();
      await expectNowhere(page, secret);
      await page.goto(`/o/${id}/credentials/${made.id}`);
      await expectNowhere(page, secret);
      expect(JSON.stringify(await world.ask(admin, 'GET', `/v1/credentials/${made.id}`))).not.toContain(secret.slice(21));
    });
  });
});

test.describe('Gainsight', () => {
  withAndWithoutJavaScript(() => {
    test('S9 S10 the connector is Gainsight API, and the connection has a name', async ({ page, world }) => {
      await open(page, world, 'gainsight', 'access_key', 'Create Connection');
      await expect(dialog(page).getByRole('heading', { name: 'Create Connection' })).toBeVisible();
      await expect(field(page, 'Connector').locator('option')).toHaveText(['Gainsight API']);
      await expect(field(page, 'Name of the connection')).toBeEditable();
      await expectAccessible(page);
      await expectToFit(page);
    });

    test('S11 the button follows the authentication type', async ({ page, world }) => {
      await open(page, world, 'gainsight', 'access_key', 'Create Connection');
      await expect(dialog(page).getByRole('group', { name: 'Authentication Type' }).getByRole('radio')).toHaveCount(2);
      await dialog(page).getByRole('radio', { name: 'OAuth' }).check();
      await expect(dialog(page).getByRole('button', { name: /^Generate/ })).toHaveAccessibleName('Generate OAuth Credentials');
      await dialog(page).getByRole('radio', { name: 'Access_Key' }).check();
      await expect(dialog(page).getByRole('button', { name: /^Generate/ })).toHaveAccessibleName('Generate Access Key');
    });

    test('S12 Generate Access Key shows the key', async ({ page, world }) => {
      await open(page, world, 'gainsight', 'access_key', 'Create Connection');
      await field(page, 'Name of the connection').fill('Warehouse');
      await dialog(page).getByRole('radio', { name: 'Access_Key' }).check();
      await dialog(page).getByRole('button', { name: 'Generate Access Key' }).click();
      await expect(dialog(page)).toContainText('A new access key is generated.');
      await expect(part(page, 'Access Key')).toHaveText(/^\S{40}$/);
      await expect(dialog(page)).toContainText('Accesskey: ');
    });

    test('S3 a second Access key is refused, and the dialog says so at once', async ({ page, world }) => {
      const { id, admin } = await organization(page, world, 'gainsight');
      await world.credential(admin, { kind: 'gainsight/access_key', name: 'Warehouse' });
      await page.goto(`/o/${id}/keys/gainsight-access_key/new`);
      await expect(dialog(page)).toContainText('The limit of 1 gainsight/access_key is reached');
      await field(page, 'Name of the connection').fill('Another');
      await dialog(page).getByRole('radio', { name: 'Access_Key' }).check();
      await dialog(page).getByRole('button', { name: 'Generate Access Key' }).click();
      await expect(dialog(page).getByRole('alert')).toContainText('limit of 1');
      await expect(field(page, 'Name of the connection')).toHaveValue('Another');
    });

    test('S15 Generate OAuth Credentials shows both values', async ({ page, world }) => {
      await open(page, world, 'gainsight', 'access_key', 'Create Connection');
      await field(page, 'Name of the connection').fill('Warehouse');
      await dialog(page).getByRole('radio', { name: 'OAuth' }).check();
      await dialog(page).getByRole('button', { name: 'Generate OAuth Credentials' }).click();
      await expect(part(page, 'OAuth API Key')).toHaveText(/^\S{32}$/);
      await expect(part(page, 'OAuth API Secret')).toHaveText(/^\S{43}$/);
      await expectAccessible(page);
    });

    test('S16 a plain admin makes the Access key, and no OAuth', async ({ page, world }) => {
      const { id, admin } = await world.organization({ profiles: ['gainsight'] });
      const member = await world.member(admin, 'Bob Barlow', { roles: [{ role: 'Admin', namespace: id }] });
      await signIn(page, member);
      await page.goto(`/o/${id}/keys/gainsight-access_key/new`);
      await expect(dialog(page).getByRole('radio', { name: 'OAuth' })).toBeDisabled();
      await expect(dialog(page)).toContainText('Only a super admin of the organization may do this');
      await field(page, 'Name of the connection').fill('Warehouse');
      await dialog(page).getByRole('button', { name: 'Generate Access Key' }).click();
      await expect(part(page, 'Access Key')).toHaveText(/^\S{40}$/);
    });

    test('S18 a taken name is refused beside the field, and everything typed stays', async ({ page, world }) => {
      const { id, admin } = await organization(page, world, 'gainsight');
      await world.credential(admin, { kind: 'gainsight/m2m_oauth', name: 'Warehouse' });
      await page.goto(`/o/${id}/keys/gainsight-access_key/new`);
      await field(page, 'Name of the connection').fill('warehouse ');
      await dialog(page).getByRole('radio', { name: 'OAuth' }).check();
      await dialog(page).getByRole('button', { name: 'Generate OAuth Credentials' }).click();
      await expect(field(page, 'Name of the connection')).toHaveAccessibleDescription(/taken here/);
      await expect(field(page, 'Name of the connection')).toHaveValue('warehouse ');
      await expect(dialog(page).getByRole('radio', { name: 'OAuth' })).toBeChecked();
      await expectAccessible(page);
    });
  });

  test('S16 who may make neither is told why', async ({ page, world }) => {
    const { id, admin } = await world.organization({ profiles: ['gainsight'] });
    const member = await world.member(admin, 'Vic Viewer', { roles: [{ role: 'Viewer', namespace: id }] });
    await signIn(page, member);
    await page.goto(`/o/${id}/keys/gainsight-access_key/new`);
    await expect(dialog(page)).toContainText('M2M OAuth can be created and managed only by super admins.');
    await expect(dialog(page).getByRole('button', { name: /Generate/ })).toHaveCount(0);
    await expectAccessible(page);
  });
});

test.describe('Gateway Hub', () => {
  withAndWithoutJavaScript(() => {
    test('H7 H8 H9 first the name, then one or more roles', async ({ page, world }) => {
      await open(page, world, 'gateway_hub', 'application_key', 'New API Key');
      await expect(dialog(page).getByRole('heading', { name: 'New API Key' })).toBeVisible();
      const steps = dialog(page).getByRole('list', { name: 'Steps' }).getByRole('listitem');
      await expect(steps).toHaveText([/Name/, /Roles/]);
      await expect(steps.first()).toHaveAttribute('aria-current', 'step');
      await field(page, 'Name').fill('   ');
      await dialog(page).getByRole('button', { name: 'Next' }).click();
      await expect(field(page, 'Name')).toHaveAccessibleDescription(/name is missing/);
      await field(page, 'Name').fill('Dashboards');
      await dialog(page).getByRole('button', { name: 'Next' }).click();
      await expect(steps.last()).toHaveAttribute('aria-current', 'step');
      await expectAccessible(page);
      await expectToFit(page);
      await dialog(page).getByRole('button', { name: 'Generate API Key' }).click();
      await expect(dialog(page).getByRole('group', { name: 'Roles' })).toHaveAccessibleDescription(/Choose at least one/);
      await dialog(page).getByRole('checkbox', { name: 'Operator' }).check();
      await dialog(page).getByRole('button', { name: 'Back' }).click();
      await expect(field(page, 'Name')).toHaveValue('Dashboards');
      await dialog(page).getByRole('button', { name: 'Next' }).click();
      await expect(dialog(page).getByRole('checkbox', { name: 'Operator' })).toBeChecked();
    });

    test('H10 H11 H12 Generate API Key shows both values, which are not recoverable after Close', async ({ page, world }) => {
      const { id } = await open(page, world, 'gateway_hub', 'application_key', 'New API Key');
      await field(page, 'Name').fill('Dashboards');
      await field(page, 'Name').press('Enter');
      await dialog(page).getByRole('checkbox', { name: 'Operator' }).check();
      await dialog(page).getByRole('button', { name: 'Generate API Key' }).click();
      await expect(part(page, 'client_id')).toHaveText(/^[0-9a-f]{32}$/);
      await expect(part(page, 'client_secret')).toHaveText(/^\S{43}$/);
      await expect(dialog(page)).toContainText('Copy the client_id and client_secret keys and store them securely.');
      await expect(dialog(page)).toContainText('You cannot recover API keys once you have closed the New API Key window.');
      const secret = (await part(page, 'client_secret').textContent()).trim();
      await close(page);
      await expect(page).toHaveURL(`/o/${id}/keys/gateway_hub-application_key`);
      await expectNowhere(page, secret);
    });

    test('a taken name is mended in the first step, and the roles stay', async ({ page, world }) => {
      const { id, admin } = await organization(page, world, 'gateway_hub');
      await world.credential(admin, { kind: 'gateway_hub/application_key', name: 'Dashboards', roles: [{ role: 'Operator', namespace: id }] });
      await page.goto(`/o/${id}/keys/gateway_hub-application_key/new`);
      await field(page, 'Name').fill('Dashboards');
      await dialog(page).getByRole('button', { name: 'Next' }).click();
      await dialog(page).getByRole('checkbox', { name: 'Operator' }).check();
      await dialog(page).getByRole('button', { name: 'Generate API Key' }).click();
      await expect(field(page, 'Name')).toHaveAccessibleDescription(/taken here/);
      await field(page, 'Name').fill('Reports');
      await dialog(page).getByRole('button', { name: 'Next' }).click();
      await expect(dialog(page).getByRole('checkbox', { name: 'Operator' })).toBeChecked();
      await dialog(page).getByRole('button', { name: 'Generate API Key' }).click();
      await expect(part(page, 'client_id')).toBeVisible();
    });
  });

  test('H11 both values are copied with one click each', async ({ page, world }) => {
    await open(page, world, 'gateway_hub', 'application_key', 'New API Key');
    await field(page, 'Name').fill('Dashboards');
    await dialog(page).getByRole('button', { name: 'Next' }).click();
    await dialog(page).getByRole('checkbox', { name: 'Operator' }).check();
    await dialog(page).getByRole('button', { name: 'Generate API Key' }).click();
    for (const label of ['client_id', 'client_secret']) {
      await copyButton(page, label).click();
      expect(await clipboard(page)).toBe(await part(page, label).textContent());
    }
  });
});

test.describe('Passport', () => {
  withAndWithoutJavaScript(() => {
    test('P12 P19 P20 name, namespace and an optional end', async ({ page, world }) => {
      const { id, admin } = await organization(page, world, 'passport');
      const app = await world.app(admin, 'Shop');
      const workspace = await world.workspace(admin, 'Till', app.id);
      await page.goto(`/o/${id}/keys/passport-api_key`);
      await expect(page.getByRole('main')).toContainText('previously created API keys will not be revoked');
      await page.getByRole('link', { name: 'Generate New API Key' }).first().click();
      await expect(dialog(page).getByRole('heading', { name: 'API keys' })).toBeVisible();
      const namespace = field(page, 'Namespace');
      await expect(namespace.locator('optgroup')).toHaveCount(3);
      await expect(namespace.locator('option', { hasText: 'Shop › Till' })).toHaveCount(1);
      await expect(dialog(page).getByRole('group', { name: 'Expiry Date' })).toContainText('Optional');
      await expectAccessible(page);
      await expectToFit(page);
      await field(page, 'Name').fill('Viewer of models');
      await namespace.selectOption(workspace.id);
      await field(page, 'Expiry Date, date and time in UTC').fill('2099-12-31T23:30');
      await dialog(page).getByRole('button', { name: 'Generate', exact: true }).click();
      await expect(part(page, 'API Key ID')).toHaveText(/^\S{20}$/);
      const [made] = (await world.ask(admin, 'GET', '/v1/credentials')).items;
      expect([made.namespace, made.expires_at]).toEqual([workspace.id, '2099-12-31T23:30:00Z']);
    });

    test('P20 only namespaces that one can access are offered', async ({ page, world }) => {
      const { id, admin } = await world.organization({ profiles: ['passport'] });
      const [shop, other] = [await world.app(admin, 'Shop'), await world.app(admin, 'Other')];
      const roles = [{ role: 'Viewer', namespace: shop.id }];
      await signIn(page, await world.member(admin, 'Bob Barlow', { roles }));
      await page.goto(`/o/${id}/keys/passport-api_key/new`);
      const offered = await field(page, 'Namespace').locator('option').evaluateAll((all) => all.map((one) => one.value));
      expect(offered).toContain(shop.id);
      expect(offered).not.toContain(other.id);
    });

    test('of more namespaces than a list can hold, the others are reached by their own pages', async ({ page, world }) => {
      const { id, admin } = await world.organization({ profiles: ['passport', 'keyward'] });
      for (let made = 0; made < 500; made += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, more) => world.app(admin, `App ${made + more}`)));
      }
      const last = await world.app(admin, 'Zulu');
      await signIn(page, admin);
      await page.goto(`/o/${id}/keys/passport-api_key/new`);
      const offered = field(page, 'Namespace').locator('option');
      await expect(offered.filter({ hasText: 'Zulu' })).toHaveCount(0);
      await expect(offered.filter({ hasText: 'Only 500 are listed' })).toBeDisabled();
      // Where a role counts is asked for each role, so those lists are shorter.
      await page.goto(`/o/${id}/keys/keyward-api/new?in=${last.id}`);
      await dialog(page).getByRole('checkbox', { name: 'Verifier' }).check();
      const counts = field(page, 'Where Verifier counts').locator('option');
      await expect(counts.filter({ hasText: 'Others: open one under Namespaces' })).toBeDisabled();
      expect(await counts.count()).toBeLessThan(60);
      await expect(counts.filter({ hasText: 'Zulu' })).toHaveCount(1);

      await page.goto(`/o/${id}/keys/passport-api_key/new?in=${last.id}`);
      await field(page, 'Name').fill('Viewer of models');
      await dialog(page).getByRole('button', { name: 'Generate', exact: true }).click();
      await expect(part(page, 'API Key ID')).toHaveText(/^\S{20}$/);
      const [made] = (await world.ask(admin, 'GET', '/v1/credentials')).items;
      expect(made.namespace).toBe(last.id);
    });

    test('P17 who has access to no namespace is told so', async ({ page, world }) => {
      const { id, admin } = await world.organization({ profiles: ['passport'] });
      await signIn(page, await world.member(admin, 'Bob Barlow'));
      await page.goto(`/o/${id}/keys/passport-api_key/new`);
      await expect(dialog(page).getByRole('alert')).toContainText('Access to at least one namespace is required: ask for a role there.');
      await expect(dialog(page).getByRole('button', { name: 'Generate' })).toHaveCount(0);
      await expectAccessible(page);
    });

    test('P21 the result shows the API Key ID and the Secret', async ({ page, world }) => {
      await open(page, world, 'passport', 'api_key', 'Generate New API Key');
      await field(page, 'Name').fill('Viewer of models');
      await dialog(page).getByRole('button', { name: 'Generate', exact: true }).click();
      await expect(part(page, 'API Key ID')).toHaveText(/^\S{20}$/);
      await expect(part(page, 'Secret')).toHaveText(/^\S{43}$/);
      await expect(dialog(page)).toContainText('Copy this information and store in a safe place.');
      await expect(part(page, 'API Key ID')).toBeVisible();
    });

    test('P13 an end that cannot be is refused beside the field, and everything typed stays', async ({ page, world }) => {
      await open(page, world, 'passport', 'api_key', 'Generate New API Key');
      await field(page, 'Name').fill('Viewer of models');
      await field(page, 'Expiry Date, date and time in UTC').fill('2001-01-01T00:00');
      await dialog(page).getByRole('button', { name: 'Generate', exact: true }).click();
      const end = field(page, 'Expiry Date, date and time in UTC');
      await expect(end).toHaveAttribute('aria-invalid', 'true');
      await expect(end).toHaveAccessibleDescription(/not in the future/);
      await expect(end).toHaveValue('2001-01-01T00:00');
      await expect(field(page, 'Name')).toHaveValue('Viewer of models');
    });
  });

  test('P6 a new user access key revokes the earlier one, which is named', async ({ page, world }) => {
    const { id, admin } = await organization(page, world, 'passport');
    const app = await world.app(admin, 'Shop');
    const before = await world.credential(admin, { kind: 'passport/user_access_key', name: 'Laptop', namespace: app.id });
    await page.goto(`/o/${id}/keys/passport-user_access_key/new`);
    await field(page, 'Name').fill('Desktop');
    await dialog(page).getByRole('button', { name: 'Generate', exact: true }).click();
    await expect(dialog(page)).toContainText('Revoked, because the new one takes its place');
    await expect(dialog(page)).toContainText('Laptop');
    await expect(dialog(page)).toContainText(before.publicId);

    const saved = page.waitForEvent('download');
    await dialog(page).getByRole('button', { name: 'Download' }).click();
    const file = await saved;
    await expect(page.getByRole('status').filter({ hasText: 'downloaded' })).toHaveText(
      'Your Access keys file has been downloaded successfully.',
    );
    expect(file.suggestedFilename()).toBe('desktop.env');
    const held = await readFile(await file.path(), 'utf8');
    expect(held).toContain((await part(page, 'Secret Key').textContent()).trim());
    await copyButton(page, 'Secret Key').click();
    await expect(copyButton(page, 'Secret Key')).toHaveText('Copied');
    await dialog(page).getByRole('link', { name: 'Close' }).last().click();
    await expect(page).toHaveURL(`/o/${id}/keys/passport-user_access_key`);
  });
});

test.describe('Gigya', () => {
  withAndWithoutJavaScript(() => {
    test('G11 G24 Create New Application prompts, and shows a userKey and a secret', async ({ page, world }) => {
      const { id, admin } = await organization(page, world, 'gigya');
      const app = await world.app(admin, 'Shop');
      expect(app.site_key).toMatch(/^3_\S{64}$/);
      await page.goto(`/o/${id}/keys/gigya-application_key?in=${app.id}`);
      await page.getByRole('link', { name: 'Create New Application' }).first().click();
      await expect(dialog(page).getByRole('heading', { name: 'Create New Application' })).toBeVisible();
      await field(page, 'Name').fill('Nightly export');
      await field(page, 'Permissions group').selectOption('_read_only');
      await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
      await expect(part(page, 'userKey')).toHaveText(/^A\S{11}$/);
      await expect(part(page, 'secret')).toHaveText(/^\S{32}$/);
      await expect(dialog(page)).toContainText('by clicking the Edit icon');
      await expectAccessible(page);
      await expectToFit(page);
    });

    test('G18 G19 G20 Add Existing Application asks for a userKey and a group, and says its name', async ({ page, world }) => {
      const { id, admin } = await organization(page, world, 'gigya');
      const [parent, child] = [await world.app(admin, 'Parent'), await world.app(admin, 'Child')];
      const wanted = { kind: 'gigya/application_key', name: 'As in the parent', namespace: parent.id };
      const key = await world.credential(admin, { ...wanted, roles: [{ role: '_read_only', namespace: parent.id }] });
      await page.goto(`/o/${id}/keys/gigya-application_key?in=${child.id}`);
      await page.getByRole('link', { name: 'Add Existing Application' }).click();
      await expect(dialog(page).getByRole('heading', { name: 'Add Existing Application' })).toBeVisible();
      await expect(dialog(page)).not.toContainText(/secret/i);
      await expectAccessible(page);
      await expectToFit(page);
      await field(page, 'userKey').fill(key.publicId);
      await field(page, 'Permissions group').selectOption('_customer_service');
      await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
      await expect(page).toHaveURL(`/o/${id}/keys/gigya-application_key?in=${child.id}`);
      await expect(page.getByRole('status').first()).toContainText('As in the parent was added.');
    });

    test('G21 an unknown userKey is an error beside the field', async ({ page, world }) => {
      const { id, admin } = await organization(page, world, 'gigya');
      const child = await world.app(admin, 'Child');
      await page.goto(`/o/${id}/keys/gigya-application_key/import?in=${child.id}`);
      await field(page, 'userKey').fill('Aunknown0000');
      await field(page, 'Permissions group').selectOption('_read_only');
      await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
      await expect(field(page, 'userKey')).toHaveAccessibleDescription(/no credential/);
      await expect(field(page, 'userKey')).toHaveValue('Aunknown0000');
      await expect(field(page, 'Permissions group').locator('option:checked')).toHaveText('_read_only');
      expect((await world.ask(admin, 'GET', '/v1/credentials')).items).toEqual([]);
    });
  });

  test('an RSA private key is shown once, and has to be copied before one leaves', async ({ page, world }) => {
    const { id, admin } = await organization(page, world, 'gigya');
    const app = await world.app(admin, 'Shop');
    await page.goto(`/o/${id}/keys/gigya-application_key/new?in=${app.id}`);
    await field(page, 'Name').fill('Nightly export');
    await field(page, 'Permissions group').selectOption('_read_only');
    await field(page, 'RSA private key').check();
    await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
    await expect(part(page, 'RSA private key')).toHaveText(/^-----BEGIN PRIVATE KEY-----/);
    await expect(dialog(page)).toContainText('An RSA private key is shown here only and never stored.');
    await expectAccessible(page);
    await copyButton(page, 'secret').click();
    await dialog(page).getByRole('link', { name: 'Close' }).last().click();
    await expect(page.getByRole('alertdialog')).toBeVisible();
    await dialog(page).getByRole('button', { name: 'Go back' }).click();
    await copyButton(page, 'RSA private key').click();
    await dialog(page).getByRole('link', { name: 'Close' }).last().click();
    await expect(page).toHaveURL(new RegExp(`/keys/gigya-application_key`));
    await expect(dialog(page)).toHaveCount(0);
  });
});

test.describe('a secret', () => {
  withAndWithoutJavaScript(() => {
    test('works as it is shown: as header, in the environment, with curl', async ({ page, world, origin }) => {
      const { admin } = await open(page, world, 'keyward', 'api', 'Create API key');
      await fillKeyward(page);
      const token = (await part(page, 'API key').textContent()).trim();
      expect(await world.verify(admin, token)).toBe('allowed');
      const [made] = (await world.ask(admin, 'GET', '/v1/credentials')).items;
      const form = async (name) => {
        await dialog(page).getByRole('radio', { name }).check({ force: true });
        return dialog(page).locator('code:visible').last().textContent();
      };
      const header = await form('HTTP header');
      expect(header).toBe(`Authorization: Bearer ${token}`);
      expect(await form('.env')).toBe(`KEYWARD_API_KEY=${token}\n`);
      const curl = await form('curl');
      expect(curl).toContain(origin);
      const { stdout } = await run('sh', ['-c', `${curl} --silent --show-error --fail`]);
      expect(stdout).toContain(made.id);
      await expectAccessible(page);
    });

    test('of a client is exchanged by the curl line that is shown', async ({ page, world }) => {
      await open(page, world, 'keyward', 'oauth', 'Create OAuth client');
      await fillKeyward(page, 'Create OAuth client');
      await dialog(page).getByRole('radio', { name: 'curl' }).check({ force: true });
      const curl = await dialog(page).locator('code:visible').last().textContent();
      const { stdout } = await run('sh', ['-c', `${curl} --silent --show-error --fail`]);
      expect(JSON.parse(stdout).token_type).toBe('Bearer');
    });
  });

  test('is made once, however fast one clicks', async ({ page, world }) => {
    const { admin } = await open(page, world, 'keyward', 'api', 'Create API key');
    await field(page, 'Name').fill('Nightly');
    await dialog(page).getByRole('checkbox', { name: 'Viewer' }).check();
    await dialog(page).getByRole('button', { name: 'Create API key' }).dblclick();
    await expect(part(page, 'API key')).toHaveText(/^kwa_/);
    expect((await world.ask(admin, 'GET', '/v1/credentials')).items).toHaveLength(1);
  });

  test.describe('without JavaScript', () => {
    test.use({ javaScriptEnabled: false });

    test('is made once by a form that is sent again, and not shown again', async ({ page, world }) => {
      const { id, admin } = await open(page, world, 'keyward', 'api', 'Create API key');
      await fillKeyward(page);
      const token = (await part(page, 'API key').textContent()).trim();
      await page.reload();
      await expect(dialog(page)).toContainText('cannot be shown again');
      await expectNowhere(page, token);
      await expectAccessible(page);
      expect((await world.ask(admin, 'GET', '/v1/credentials')).items).toHaveLength(1);
      await dialog(page).getByRole('link', { name: 'Done' }).click();
      await expect(page).toHaveURL(`/o/${id}/keys/keyward-api`);
      // What was posted is kept nowhere: going back shows nothing, or asks the browser to send it again.
      await page.goBack().catch(() => {});
      await expectNowhere(page, token);
    });
  });

  test('is asked about before it is left uncopied', async ({ page, world }) => {
    const { id } = await open(page, world, 'keyward', 'api', 'Create API key');
    await fillKeyward(page);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('alertdialog')).toContainText('You have not copied it yet');
    await expect(dialog(page).getByRole('button', { name: 'Go back' })).toBeFocused();
    await expectAccessible(page);
    await dialog(page).getByRole('button', { name: 'Go back' }).click();
    await expect(part(page, 'API key')).toBeVisible();
    await dialog(page).getByRole('link', { name: 'Close' }).first().click();
    await dialog(page).getByRole('button', { name: 'Close without it' }).click();
    await expect(page).toHaveURL(`/o/${id}/keys/keyward-api`);
    await expect(dialog(page)).toHaveCount(0);
  });

  test.describe('that was not copied', () => {
    test.use({ tolerated: [/a dialog said/] });

    test('holds one back who leaves the page', async ({ page, world }) => {
      await open(page, world, 'keyward', 'api', 'Create API key');
      await fillKeyward(page);
      const asked = page.waitForEvent('dialog');
      await page.close({ runBeforeUnload: true });
      expect((await asked).type()).toBe('beforeunload');
      await expect(part(page, 'API key')).toHaveText(/^kwa_/);
    });
  });

  test('that was copied by hand is copied', async ({ page, world }) => {
    await open(page, world, 'keyward', 'api', 'Create API key');
    await fillKeyward(page);
    await part(page, 'API key').click();
    await page.keyboard.press('Control+C');
    expect(await clipboard(page)).toMatch(/^kwa_/);
    await page.keyboard.press('Escape');
    await expect(dialog(page)).toHaveCount(0);
  });

  test('stays nowhere in the browser: not in history, storage, caches or the page', async ({ page, world }) => {
    const { id } = await open(page, world, 'keyward', 'api', 'Create API key');
    await fillKeyward(page);
    const token = (await part(page, 'API key').textContent()).trim();
    await copyButton(page, 'API key').click();
    const kept = await page.evaluate(async () => {
      const attributes = [...document.querySelectorAll('*')].flatMap((one) => [...one.attributes].map((of) => of.value));
      const stored = { ...localStorage, ...sessionStorage };
      return JSON.stringify([attributes, stored, history.state, location.href, await caches.keys(), document.cookie]);
    });
    expect(kept).not.toContain(token);
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
    await expectNowhere(page, token);
    await page.goto(`/o/${id}`);
    await page.goBack();
    await expectNowhere(page, token);
    await page.goForward();
    await expectNowhere(page, token);
  });

  test('is reached and copied with the keyboard alone', async ({ page, world }) => {
    const { id } = await organization(page, world, 'keyward');
    await page.goto(`/o/${id}/keys/keyward-api`);
    await page.getByRole('link', { name: 'Create API key' }).first().focus();
    await page.keyboard.press('Enter');
    await expect(field(page, 'Name')).toBeFocused();
    await page.keyboard.type('Nightly');
    await tabTo(page, dialog(page).getByRole('checkbox', { name: 'Viewer' }));
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await expect(copyButton(page, 'API key')).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(copyButton(page, 'API key')).toHaveText('Copied');
    expect(await clipboard(page)).toMatch(/^kwa_/);
    await page.keyboard.press('Escape');
    await expect(page).toHaveURL(`/o/${id}/keys/keyward-api`);
  });
});

test.describe('Keyward', () => {
  withAndWithoutJavaScript(() => {
    test('a role that cannot be granted is shown so; others count where they are chosen to', async ({ page, world }) => {
      const { id, admin } = await world.organization({ profiles: ['keyward'] });
      const app = await world.app(admin, 'Shop');
      const maker = await world.role(admin, 'Maker', ['credentials:*', 'roles:read', 'items:read', 'apps:read', 'workspaces:read', 'usergroups:read']);
      const roles = [{ role: maker.id, namespace: id }, { role: maker.id, namespace: app.id }];
      await signIn(page, await world.member(admin, 'Bob Barlow', { roles }));
      await page.goto(`/o/${id}/keys/keyward-api/new`);
      await expect(dialog(page).getByRole('checkbox', { name: /^Admin/ })).toBeDisabled();
      await expect(dialog(page)).toContainText('cannot be granted by you');
      await field(page, 'Name').fill('Nightly');
      await dialog(page).getByRole('checkbox', { name: 'Viewer' }).check();
      await field(page, 'Where Viewer counts').selectOption(app.id);
      await expectAccessible(page);
      await dialog(page).getByRole('button', { name: 'Create API key' }).click();
      await expect(part(page, 'API key')).toHaveText(/^kwa_/);
      const [made] = (await world.ask(admin, 'GET', '/v1/credentials')).items;
      expect(made.roles.map((held) => held.namespace)).toEqual([app.id]);
    });

    test('an end is chosen among days, or as a date in UTC', async ({ page, world }) => {
      const { admin } = await open(page, world, 'keyward', 'api', 'Create API key');
      await expect(dialog(page).getByRole('radio', { name: /^90 days/ })).toBeChecked();
      await dialog(page).getByRole('radio', { name: 'On a date' }).check();
      await field(page, 'Expires, date and time in UTC').fill('2099-01-31T12:00');
      await fillKeyward(page);
      const [made] = (await world.ask(admin, 'GET', '/v1/credentials')).items;
      expect(made.expires_at).toBe('2099-01-31T12:00:00Z');
    });

    test('everything that is wrong is said at once, and everything typed stays', async ({ page, world }) => {
      await open(page, world, 'keyward', 'api', 'Create API key');
      await field(page, 'Name').fill('  ');
      await dialog(page).getByRole('checkbox', { name: 'Viewer' }).check();
      await dialog(page).getByRole('radio', { name: /^30 days/ }).check();
      await field(page, 'Allowed networks').fill('192.0.2.0/24\nhere');
      await dialog(page).getByRole('button', { name: 'Create API key' }).click();
      await expect(field(page, 'Name')).toHaveAccessibleDescription(/name is missing/);
      await expect(field(page, 'Allowed networks')).toHaveAccessibleDescription(/`here`/);
      await expect(field(page, 'Allowed networks')).toHaveValue('192.0.2.0/24\nhere');
      await expect(dialog(page).getByRole('checkbox', { name: 'Viewer' })).toBeChecked();
      await expect(dialog(page).getByRole('radio', { name: /^30 days/ })).toBeChecked();
      await expectAccessible(page);
    });
  });

  test('the dialogs look like this', async ({ page, world }) => {
    const { id, admin } = await organization(page, world, 'keyward');
    await world.app(admin, 'Shop');
    await page.goto(`/o/${id}/keys/keyward-api`);
    await page.getByRole('link', { name: 'Create API key' }).first().click();
    await expect(dialog(page)).toBeVisible();
    await shoot(page, 'create-keyward');
    await fillKeyward(page);
    await expect(part(page, 'API key')).toBeVisible();
    await shoot(page, 'issued-keyward');
    await page.keyboard.press('Escape');
    await shoot(page, 'issued-ask');
  });
});

const run = promisify(execFile);

const dialog = (page) => page.getByRole('dialog');

/** A field of the dialog: the list below it has filters with the same names. */
const field = (page, label) => dialog(page).getByLabel(label, { exact: label === 'Name' });

/** The text of one thing that the client holds. */
function part(page, label) {
  const term = page.getByRole('term').filter({ hasText: new RegExp(`^${label}$`) });
  return dialog(page).locator('dl > div', { has: term }).locator('code');
}

function copyButton(page, label) {
  const term = page.getByRole('term').filter({ hasText: new RegExp(`^${label}$`) });
  return dialog(page).locator('dl > div', { has: term }).getByRole('button');
}

/** Somebody who is signed in, in an organization of their own. */
async function organization(page, world, profile) {
  const made = await world.organization({ profiles: [profile] });
  await signIn(page, made.admin);
  return made;
}

/** The same, with the dialog open that makes a credential. */
async function open(page, world, profile, kind, button) {
  const made = await organization(page, world, profile);
  await page.goto(`/o/${made.id}/keys/${profile}-${kind}`);
  await page.getByRole('link', { name: button }).first().click();
  await expect(dialog(page)).toBeVisible();
  return made;
}

async function fillGigantik(page) {
  await field(page, 'Name').fill('Nightly');
  await field(page, 'Role').selectOption('Editor');
  await dialog(page).getByRole('button', { name: 'Create & View' }).click();
  await expect(part(page, 'API Key')).toBeVisible();
}

async function fillKeyward(page, submit = 'Create API key') {
  await field(page, 'Name').fill('Nightly');
  await dialog(page).getByRole('checkbox', { name: 'Viewer' }).check();
  await dialog(page).getByRole('button', { name: submit, exact: true }).click();
  await expect(dialog(page).getByRole('term').first()).toBeVisible();
}

/** Closes what shows a secret, as people do who have it. */
async function close(page) {
  for (const copy of await dialog(page).locator('dl').getByRole('button').all()) {
    await copy.click();
  }
  await dialog(page).getByRole('link', { name: /^(Close|Done)$/ }).last().click();
  await expect(dialog(page)).toHaveCount(0);
}

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

/** The page does not hold the secret, shown or not. */
async function expectNowhere(page, secret) {
  expect(await page.content()).not.toContain(secret);
}

async function tabTo(page, wanted) {
  for (let pressed = 0; pressed < 20; pressed += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      return;
    }
    await page.keyboard.press('Tab');
  }
  await expect(wanted).toBeFocused();
}
