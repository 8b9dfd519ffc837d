// The pictures of README and guides: an organization in use, and its pages on a desk. They are taken at every run into
// `target/screens`; copied without `showcase-` to `docs/images`, they are those of the documents.

import { signIn } from './support/pages.mjs';
import { expect, test } from './support/test.mjs';

const SCREENS = new URL('../../screens/', import.meta.url).pathname;

test('the pictures of the documents', async ({ page, world }) => {
  const { id, admin } = await world.organization({ name: 'Northwind', profiles: ['keyward', 'passport'], admin: 'Ada Lovelace' });
  const shop = await world.app(admin, 'Shop');
  const warehouse = await world.app(admin, 'Warehouse');
  await world.role(admin, 'Order desk', ['items:read', 'items:edit']);
  await world.member(admin, 'Grace Hopper', { roles: [{ role: 'Editor', namespace: shop.id }] });
  const made = {};
  for (const [name, namespace, role, days, uses] of [
    ['Nightly report', id, 'Viewer', 90, 0],
    ['Warehouse scanner', warehouse.id, 'Editor', 90, 3],
    ['Legacy importer', id, 'Viewer', 12, 1],
    ['Status page', id, 'Viewer', 365, 2],
    ['Partner: Contoso', shop.id, 'Viewer', 30, 5],
    ['Billing export', shop.id, 'Order desk', 90, 8],
    ['Storefront', shop.id, 'Editor', 90, 40],
  ]) {
    const key = await world.credential(admin, {
      kind: 'keyward/api',
      name,
      namespace,
      roles: [{ role, namespace }],
      expires_at: new Date(Date.now() + days * 86_400_000).toISOString(),
    });
    for (let use = 0; use < uses; use += 1) {
      // One in eight asks for more than it may.
      const permission = use % 8 === 7 ? 'items:delete' : 'items:read';
      await world.verify(admin, key.secret.token, { permission, namespace });
    }
    made[name] = key;
  }
  await world.ask(admin, 'POST', `/v1/credentials/${made['Legacy importer'].id}/disable`);
  await page.setViewportSize({ width: 1440, height: 820 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await signIn(page, admin);
  const shoot = async (name) => page.screenshot({ path: `${SCREENS}showcase-${name}.png` });

  await page.goto(`/o/${id}/keys/keyward-api`);
  // Uses are written in batches.
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole('row', { name: 'Storefront' })).not.toContainText('Never', { timeout: 500 });
  }).toPass();
  await shoot('console');

  await page.goto(`/o/${id}/credentials/${made.Storefront.id}`);
  await expect(page.getByRole('heading', { name: 'Storefront' })).toBeVisible();
  await page.screenshot({ path: `${SCREENS}showcase-console-key.png`, fullPage: true });

  await page.goto(`/o/${id}/keys/keyward-api`);
  await page.getByRole('link', { name: 'Create API key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Mobile app');
  await dialog.getByLabel('Viewer').first().check();
  await dialog.getByRole('button', { name: 'Create API key' }).click();
  await expect(dialog.getByText(/^kwa_/).first()).toBeVisible();
  await shoot('console-new-key');
});
