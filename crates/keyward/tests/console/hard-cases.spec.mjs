// What seldom happens and must be told plainly: an organization that is suspended, a log that somebody tampered with.

import { behindItsBack } from './support/database.mjs';
import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';

withAndWithoutJavaScript(() => {
  test('members of a suspended organization see that it is, and their keys are refused until it is resumed', async ({
    page,
    world,
    anotherBrowser,
  }) => {
    const { id, name, admin } = await world.organization({ name: 'Heron' });
    const roles = [{ role: 'Verifier', namespace: id }];
    const key = await world.credential(admin, { kind: 'keyward/service', name: 'Nightly import', namespace: id, roles });
    const { token } = key.secret;
    const ask = () => world.verify({ token }, token).catch(({ message }) => message);
    expect(await ask()).toBe('allowed');
    await signIn(page, admin);
    await page.goto(`/o/${id}/keys/keyward-api`);
    await page.getByRole('link', { name: 'Create API key' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('Another');
    await dialog.getByRole('checkbox', { name: 'Viewer' }).check();

    const operator = await anotherBrowser();
    await signIn(operator, world.operator);
    await suspendOrResume(operator, id, name, 'Suspend organization');
    await expect(operator.getByRole('status').first()).toContainText(/was suspended\. Confirmed on 1 of 1 nodes/);
    expect(await ask()).toContain('403');
    await operator.goto(`/deployment?name=${name}`);
    await expect(operator.getByRole('row').filter({ hasText: id })).toContainText('Suspended');

    await dialog.getByRole('button', { name: 'Create API key', exact: true }).click();
    await expect(page.locator('body')).toContainText('The organization is suspended: ask the operator of this deployment.');
    await page.goto('/');
    await expect(page.getByRole('main')).toContainText('This organization is suspended');
    await expect(page.getByRole('main')).toContainText('Nothing was deleted.');
    await expect(page.getByRole('main').getByRole('link', { name: /Create|New|Add/ })).toHaveCount(0);
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, 'suspended');
    for (const path of ['keys/keyward-api', `credentials/${key.id}`, 'members', 'audit', 'usage']) {
      const reply = await page.goto(`/o/${id}/${path}`);
      expect(reply.status(), path).toBe(403);
      await expect(page.getByRole('heading', { level: 1 }), path).toHaveText('Organization suspended');
    }
    await expectAccessible(page);

    await suspendOrResume(operator, id, name, 'Resume organization');
    await expect(operator.getByRole('status').first()).toContainText('was resumed');
    expect(await ask()).toBe('allowed');
    await page.goto(`/o/${id}/credentials/${key.id}`);
    await expect(page.getByRole('main')).toContainText('Active');
    const { items } = await world.ask(admin, 'GET', '/v1/credentials');
    expect(items.map((one) => one.name)).toEqual(['Nightly import']);
  });

  for (const [what, sql, told] of [
    ['changed', "UPDATE audit SET entry = replace(entry, 'Clerk', 'Baker') WHERE scope = ? AND position = ?", 'is not what was recorded'],
    ['removed', 'DELETE FROM audit WHERE scope = ? AND position = ?', 'Entry 2 is missing'],
  ]) {
    test(`an entry of the log that was ${what} behind the server's back is found`, async ({ page, world, server }) => {
      const { id, admin } = await world.organization();
      const untouched = await world.organization({ name: 'Gull' });
      for (const name of ['Clerk', 'Cook']) {
        await world.role(admin, name, ['items:read']);
      }
      await signIn(page, admin);
      await page.goto(`/o/${id}/audit`);
      await page.getByRole('button', { name: 'Check the chain' }).click();
      const proof = page.getByRole('region', { name: 'Proof of the log' });
      await expect(proof).toContainText('The chain is intact.');
      // The first entry is the organization's; the second the role `Clerk`.
      await behindItsBack(server, sql, [id, 2]);
      await page.goto(`/o/${id}/audit`);
      await page.getByRole('button', { name: 'Check the chain' }).click();
      await expect(proof).toContainText('The chain is broken at entry 2.');
      await expect(proof).toContainText('The entry before it is as it was written.');
      await expect(proof).toContainText(told);
      await expect(proof).not.toContainText('intact');
      await expectAccessible(page);
      await expectToFit(page);
      await shoot(page, `chain-${what}`);

      // The logs of others are not touched by it.
      await signIn(page, untouched.admin);
      await page.goto(`/o/${untouched.id}/audit`);
      await page.getByRole('button', { name: 'Check the chain' }).click();
      await expect(proof).toContainText('The chain is intact.');
    });
  }
});

async function suspendOrResume(page, id, name, button) {
  await page.goto(`/deployment/${id}/${button.split(' ')[0].toLowerCase()}`);
  await page.getByRole('dialog').getByRole('textbox').fill(name);
  await page.getByRole('button', { name: button }).click();
}
