// How much keys are used.

import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

withAndWithoutJavaScript(() => {
  test('uses are drawn by day, and the same figures are in a table', async ({ page, world }) => {
    const { id, admin, busy } = await used(world);
    await signIn(page, admin);
    await countedAt(page, `/o/${id}/usage`, /7 uses were allowed and 2 refused/);
    await page.getByText('Show the figures as a table').click();
    const together = page.getByRole('table').filter({ hasText: 'Together' }).getByRole('row').last();
    await expect(together).toHaveText(/Together\s*7\s*2/);
    const most = page.getByRole('region', { name: 'Most used' }).getByRole('row');
    await expect(most.nth(1)).toContainText('Busy');
    await expect(most.nth(1).getByRole('img')).toHaveAccessibleName('used on 1 of 30 days');
    await expect(most.nth(1)).toContainText('just now');
    await expect(most.nth(2)).toContainText('Service');
    await expect(page.getByRole('region', { name: 'Never used' }).getByRole('link')).toHaveText(['Idle']);
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'usage');
    await most.nth(1).getByRole('link').click();
    await expect(page).toHaveURL(`/o/${id}/credentials/${busy.id}`);
  });

  test('one looks at a page of keys alone, and further back', async ({ page, world, javaScriptEnabled }) => {
    const { id, admin } = await used(world);
    await signIn(page, admin);
    await countedAt(page, `/o/${id}/usage`, /7 uses/);
    await page.getByLabel('Keys', { exact: true }).selectOption('keyward-service');
    if (!javaScriptEnabled) {
      await page.getByRole('button', { name: 'Show' }).click();
    }
    await expect(page).toHaveURL(/keys=keyward-service/);
    await expect(chart(page)).toHaveAccessibleDescription(/1 uses? .*0 refused/);
    await expect(page.getByRole('region', { name: 'Most used' })).not.toContainText('Busy');
    await page.getByLabel('Period').selectOption('90');
    if (!javaScriptEnabled) {
      await page.getByRole('button', { name: 'Show' }).click();
    }
    await expect(page.getByRole('heading', { name: 'Most used in the last 90 days' })).toBeVisible();
    await expect(page).toHaveURL(/days=90/);
  });

  test('what one may not see is in no sum', async ({ page, world }) => {
    const { id, admin } = await used(world);
    const nora = await world.member(admin, 'Nora Newcomer');
    await signIn(page, admin);
    await countedAt(page, `/o/${id}/usage`, /7 uses/);
    await page.context().clearCookies();
    await signIn(page, nora);
    await page.goto(`/o/${id}/usage`);
    await expect(chart(page)).toHaveAccessibleDescription(/nothing was used/);
    await expect(page.getByRole('main')).toContainText('No key that you may see was used in these days.');
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'usage-empty');
  });
});

/** An organization with a busy key, a service key that was used once, and an idle one. */
async function used(world) {
  const { id, admin } = await world.organization();
  const roles = [{ role: 'Viewer', namespace: id }];
  const busy = await world.credential(admin, { kind: 'keyward/api', name: 'Busy', roles });
  await world.credential(admin, { kind: 'keyward/api', name: 'Idle', roles });
  const verifier = [{ role: 'Verifier', namespace: id }];
  const service = await world.credential(admin, { kind: 'keyward/service', name: 'Service', roles: verifier });
  for (let n = 0; n < 6; n += 1) {
    expect(await world.verify(admin, busy.secret.token, { permission: 'items:read' })).toBe('allowed');
  }
  for (let n = 0; n < 2; n += 1) {
    expect(await world.verify(admin, busy.secret.token, { permission: 'items:delete' })).toBe('not_granted');
  }
  expect(await world.verify(admin, service.secret.token)).toBe('allowed');
  return { id, admin, busy };
}

/** Uses are written a moment after they were made. */
async function countedAt(page, address, pattern) {
  await expect(async () => {
    await page.goto(address);
    await expect(chart(page)).toHaveAccessibleDescription(pattern, { timeout: 500 });
  }).toPass();
}

function chart(page) {
  return page.getByRole('img', { name: 'Uses by day' });
}
