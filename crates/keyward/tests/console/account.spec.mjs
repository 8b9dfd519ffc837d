// One's own pages, signing in, and going on where one was interrupted.

import { codeOf } from './support/authenticator.mjs';
import { expectAccessible, expectToFit, shoot, signIn } from './support/pages.mjs';
import { expect, test, withAndWithoutJavaScript } from './support/test.mjs';
import { PASSWORD } from './support/world.mjs';

withAndWithoutJavaScript(() => {
  test('a wrong password is refused in the same words as an unknown address', async ({ page, world }) => {
    const { admin } = await world.organization();
    const said = [];
    for (const email of [admin.email, 'nobody@example.com']) {
      await page.goto('/sign-in');
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password').fill('not the password of anybody');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByLabel('E-mail')).toHaveValue(email);
      said.push(await page.getByRole('alert').innerText());
    }
    expect(said[0]).toBe(said[1]);
    await expectAccessible(page);
  });

  test('people change what they are called, and a name that is none stays in its field', async ({ page, world }) => {
    const { admin } = await world.organization();
    await signIn(page, admin);
    await page.goto('/me');
    await page.getByLabel('Name', { exact: true }).fill('‮');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByLabel('Name', { exact: true })).toHaveAttribute('aria-invalid', 'true');
    await page.getByLabel('Name', { exact: true }).fill('Ada King');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('status')).toContainText('Your name was changed');
    await expect(page.getByRole('navigation')).toContainText('Ada King');
  });

  test('a second factor is set up, asked for at the next sign-in, and its recovery codes work once', async ({
    page,
    world,
  }) => {
    const { admin } = await world.organization();
    await signIn(page, admin);
    await page.goto('/me/access');
    await page.getByRole('button', { name: 'Set up' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('img', { name: 'QR code' })).toBeVisible();
    const key = (await dialog.locator('#factor-secret').innerText()).trim();
    await expectAccessible(page);

    await dialog.getByLabel('Code', { exact: true }).fill('000000');
    await dialog.getByRole('button', { name: 'Turn it on' }).click();
    await expect(dialog.getByLabel('Code', { exact: true })).toHaveAttribute('aria-invalid', 'true');
    await dialog.getByLabel('Code', { exact: true }).fill(codeOf(key));
    await dialog.getByRole('button', { name: 'Turn it on' }).click();
    await expect(dialog.getByRole('listitem')).toHaveCount(10);
    const codes = await dialog.getByRole('listitem').allInnerTexts();
    expect(new Set(codes).size).toBe(10);
    await expectAccessible(page);
    await dialog.getByRole('link', { name: 'I have kept them' }).click();
    await expect(page.getByText('10 of 10 left')).toBeVisible();
    await page.getByRole('button', { name: 'Sign out' }).click();

    for (const [code, left] of [[codeOf(key, 1), 10], [codes[0], 9]]) {
      await withPassword(page, admin);
      await expect(page.getByRole('heading', { name: 'Second factor' })).toBeVisible();
      await expectAccessible(page);
      await page.getByLabel('Code', { exact: true }).fill('123 456');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByLabel('Code', { exact: true })).toBeVisible();
      await page.getByLabel('Code', { exact: true }).fill(code);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.goto('/me/access');
      await expect(page.getByText(`${left} of 10 left`)).toBeVisible();
      await page.getByRole('button', { name: 'Sign out' }).click();
    }
    await withPassword(page, admin);
    await page.getByLabel('Code', { exact: true }).fill(codes[0]);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByLabel('Code', { exact: true }), 'a recovery code counts once').toBeVisible();
  });

  test('a password is changed by whoever knows it, and other sessions end', async ({ page, world, anotherBrowser }) => {
    const { admin } = await world.organization();
    const elsewhere = await anotherBrowser();
    await signIn(elsewhere, admin);
    await signIn(page, admin);
    await page.goto('/me/access');
    await page.getByRole('link', { name: 'Change password' }).click();
    const dialog = page.getByRole('dialog');
    const fill = async (current, next, again) => {
      await dialog.getByLabel('Current password').fill(current);
      await dialog.getByLabel('New password', { exact: true }).fill(next);
      await dialog.getByLabel('New password again').fill(again);
      await dialog.getByRole('button', { name: 'Change password' }).click();
    };
    await fill(PASSWORD, 'another long pass-phrase 9', 'something else entirely 9');
    await expect(dialog.getByLabel('New password again')).toHaveAttribute('aria-invalid', 'true');
    await fill('this is not the password', 'another long pass-phrase 9', 'another long pass-phrase 9');
    await expect(dialog.getByLabel('Current password')).toHaveAttribute('aria-invalid', 'true');
    await expectAccessible(page);
    await fill(PASSWORD, 'another long pass-phrase 9', 'another long pass-phrase 9');
    await expect(page.getByRole('status')).toContainText('Your password was changed');
    await elsewhere.goto('/me');
    await expect(elsewhere).toHaveURL(/\/sign-in/);
  });

  test('sessions are listed with where they are from, and ended', async ({ page, world, anotherBrowser }) => {
    const { admin } = await world.organization();
    const elsewhere = await anotherBrowser();
    await signIn(elsewhere, admin);
    await signIn(page, admin);
    await page.goto('/me/sessions');
    await expect(page.getByRole('row', { name: 'This one' })).toContainText('127.0.0.1');
    const others = page.getByRole('button', { name: 'End the session of Chrome' });
    await expect(others).toHaveCount(1);
    await expectAccessible(page);
    await expectToFit(page);
    await others.click();
    await expect(page.getByRole('status')).toContainText('The session has ended');
    await elsewhere.goto('/me');
    await expect(elsewhere).toHaveURL(/\/sign-in\?to=%2Fme/);
    await page.getByRole('button', { name: 'End all others' }).click();
    await expect(page.getByRole('status')).toContainText(/other session/);
    await expect(page.getByRole('row')).toHaveCount(2);
    await page.getByRole('row', { name: 'This one' }).getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(/\/sign-in/);
  });

  test('what was filled in survives a session that ended meanwhile', async ({ page, world }) => {
    const { admin } = await world.organization();
    await signIn(page, admin);
    await page.goto('/me');
    await page.getByLabel('Name', { exact: true }).fill('Ada of the interrupted form');
    await world.ask(admin, 'DELETE', '/v1/sessions');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('alert')).toContainText('Your session has ended');
    await page.getByLabel('E-mail').fill(admin.email);
    await page.getByLabel('Password').fill(admin.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByText('Nothing of it was sent yet')).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Send it now' }).click();
    await expect(page.getByRole('navigation')).toContainText('Ada of the interrupted form');
  });

  test('a form of an earlier session is sent again only when somebody says so', async ({ page, world, context }) => {
    const { admin } = await world.organization();
    await signIn(page, admin);
    await page.goto('/me');
    await page.getByLabel('Name', { exact: true }).fill('Ada of the older tab');
    const other = await context.newPage();
    await other.goto('/me');
    await other.getByRole('button', { name: 'Sign out' }).click();
    await signIn(other, admin);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('button', { name: 'Send it now' })).toBeVisible();
    await other.goto('/me');
    await expect(other.getByRole('navigation')).toContainText(admin.name);
    await page.getByRole('button', { name: 'Send it now' }).click();
    await expect(page.getByRole('navigation')).toContainText('Ada of the older tab');
  });

  test('somebody who was invited joins by the link, chooses a password and is signed in', async ({
    page,
    world,
    javaScriptEnabled,
  }) => {
    const { id, admin } = await world.organization({ name: 'Initech' });
    const email = 'peter.gibbons@example.com';
    const { token } = await world.ask(admin, 'POST', '/v1/users', { email: `${Date.now()}.${email}` });
    await page.goto(`/invitation#${token}`);
    // What stands behind `#` is read by a script only.
    if (!javaScriptEnabled) {
      await page.getByLabel('Invitation').fill(`https://keys.example.com/invitation#${token}`);
      await page.getByRole('button', { name: 'Open it' }).click();
    }
    await expect(page.getByRole('heading', { name: 'Join Initech' })).toBeVisible();
    expect(page.url()).not.toContain(token);
    await expectAccessible(page);
    await page.getByLabel('Your name').fill('Peter Gibbons');
    await page.getByLabel('Password').fill('short');
    await page.getByLabel('Password').evaluate((field) => field.removeAttribute('minlength')).catch(() => {});
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Join' }).click();
    await expect(page).toHaveURL(new RegExp(`/o/${id}`));
    await expect(page.getByRole('navigation')).toContainText('Peter Gibbons');

    await page.goto('/invitation');
    await page.getByLabel('Invitation').fill(token);
    await page.getByRole('button', { name: 'Open it' }).click();
    await expect(page.getByLabel('Invitation'), 'it counts once').toHaveAttribute('aria-invalid', 'true');
  });
});

test('P18 the user profile leads through Authenticator & Access to the API keys', async ({ page, world }) => {
  const { admin } = await world.organization({ name: 'Twin', profiles: ['passport'] });
  await signIn(page, admin);
  await page.getByRole('navigation').getByRole('link', { name: admin.email }).click();
  await expect(page.getByRole('heading', { name: 'Your profile' })).toBeVisible();
  await page.getByRole('region', { name: 'Authenticator & Access' }).getByRole('link', { name: 'API Keys' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Account setting' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'API Keys' })).toBeVisible();
});

test('own pages are accessible, fit a narrow window, and look like this', async ({ page, world }) => {
  const { admin } = await world.organization({ name: 'Twin', profiles: ['passport', 'gigya'] });
  await page.goto('/sign-in');
  await shoot(page, 'sign-in');
  await signIn(page, admin);
  for (const [path, name] of [['/me', 'profile'], ['/me/access', 'access'], ['/me/sessions', 'sessions']]) {
    await page.goto(path);
    await expectAccessible(page);
    await expectToFit(page);
    await shoot(page, name);
  }
  await page.getByRole('navigation').getByRole('link', { name: 'Authenticator & Access' }).click();
  await page.getByRole('button', { name: 'Set up' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await shoot(page, 'second-factor');
});

async function withPassword(page, person) {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
