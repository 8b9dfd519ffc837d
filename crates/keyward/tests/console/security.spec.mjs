// What the console must withstand: other sites, planted and stolen cookies, guesses at what exists.

import { signIn } from './support/pages.mjs';
import { startNeighbour } from './support/neighbour.mjs';
import { expect, test as base } from './support/test.mjs';
import { PASSWORD } from './support/world.mjs';

const test = base.extend({
  neighbour: [
    async ({}, use) => {
      const neighbour = await startNeighbour();
      await use(neighbour);
      await neighbour.stop();
    },
    { scope: 'worker' },
  ],
  /** Requests without a browser, which send what they are told and keep no cookies. */
  bare: async ({ playwright, origin }, use) => {
    const contexts = [];
    await use(async (path, { headers = {}, ...options } = {}) => {
      const context = await playwright.request.newContext({ baseURL: origin });
      contexts.push(context);
      return context.fetch(path, { headers: { accept: 'text/html', ...headers }, maxRedirects: 0, ...options });
    });
    await Promise.all(contexts.map((context) => context.dispose()));
  },
});

const OWN = { 'sec-fetch-site': 'same-origin' };

test.describe('the cookie of a session', () => {
  for (const [transport, headers, name, secure] of [
    ['https', { 'x-forwarded-proto': 'https' }, '__Host-keyward', true],
    ['plain http on this machine', {}, 'keyward', false],
  ]) {
    test(`over ${transport} is for this host, for requests of its own pages, and not for scripts`, async ({ bare, world }) => {
      const { admin } = await world.organization();
      const form = { email: admin.email, password: PASSWORD };
      const reply = await bare('/sign-in', { method: 'POST', headers: { ...OWN, ...headers }, form });
      expect(reply.status()).toBe(303);
      const set = setCookies(reply).filter((cookie) => cookie.startsWith(`${name}=`));
      expect(set).toHaveLength(1);
      const [value, ...attributes] = set[0].split('; ');
      expect(value).toMatch(/=kwses_\S{20,}$/);
      expect(attributes.sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', ...(secure ? ['Secure'] : [])]);
      expect('strict-transport-security' in reply.headers()).toBe(secure);
    });
  }

  test('cannot be read by a script, and nothing else of the browser holds its token', async ({ page, world }) => {
    const { admin } = await world.organization();
    await signIn(page, admin);
    const { value, httpOnly } = await session(page);
    expect(httpOnly).toBe(true);
    const readable = await page.evaluate(() => [document.cookie, { ...localStorage }, { ...sessionStorage }]);
    expect(readable).toEqual(['', {}, {}]);
    expect(await page.content()).not.toContain(value);
  });

  test('is new at each sign-in, whatever was planted before', async ({ page, world, origin }) => {
    const { admin } = await world.organization();
    const planted = `kwses_${'A'.repeat(43)}`;
    await page.context().addCookies([{ name: 'keyward', value: planted, url: origin }]);
    await signIn(page, admin);
    const first = (await session(page)).value;
    expect(first).not.toBe(planted);

    await page.goto('/sign-in/again');
    await page.getByLabel('Password').fill(admin.password);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page).toHaveURL(/\/o\/org_/);
    const second = (await session(page)).value;
    expect(second).not.toBe(first);

    // The one before is worth nothing any more.
    await page.context().addCookies([{ name: 'keyward', value: first, url: origin }]);
    await page.goto('/');
    await expect(page).toHaveURL(/\/sign-in/);
  });

  test('of somebody who signed out is dead, and the way back shows nothing', async ({ page, world, origin }) => {
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    await page.goto(`/o/${id}`);
    const { value } = await session(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(/\/sign-in$/);
    expect(await session(page)).toBeUndefined();
    await page.goBack();
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();

    await page.context().addCookies([{ name: 'keyward', value, url: origin }]);
    await page.goto(`/o/${id}`);
    await expect(page).toHaveURL(/\/sign-in/);
  });

  test('opens pages alone: the REST API does not know it', async ({ bare, page, world }) => {
    const { id, admin } = await world.organization();
    await signIn(page, admin);
    const { value } = await session(page);
    for (const [name, transport] of [['keyward', 'http'], ['__Host-keyward', 'https']]) {
      const headers = { cookie: `${name}=${value}`, 'x-forwarded-proto': transport, accept: 'application/json', ...OWN };
      for (const path of ['/v1/sessions/current', '/v1/credentials', `/v1/organizations/${id}`, '/v1/audit']) {
        expect((await bare(path, { headers })).status(), path).toBe(401);
      }
      const json = { ...headers, 'content-type': 'application/json' };
      expect((await bare('/v1/apps', { method: 'POST', headers: json, data: { name: 'Shop' } })).status()).toBe(401);
    }
    // Twin: the same session is known there when it is sent as what it is.
    const headers = { authorization: `Bearer ${value}` };
    expect((await bare('/v1/sessions/current', { headers })).status()).toBe(200);
  });
});

test.describe('a form from elsewhere', () => {
  for (const site of ['same-site', 'cross-site']) {
    test(`changes nothing, sent from a ${site} page`, async ({ browser, neighbour, origin, world }) => {
      const { admin } = await world.organization();
      const page = await browser.newPage();
      await signIn(page, admin);
      const { value } = await session(page);

      const form = `<form method="post" action="${origin}/sign-out"><button>Win a prize</button></form>`;
      await page.goto(neighbour.page(site, form));
      const answered = page.waitForResponse(`${origin}/sign-out`);
      await page.getByRole('button').click();
      expect((await answered).status()).toBe(403);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('This form was not sent from here');

      await page.goto(neighbour.page(site, ''));
      for (const mode of ['no-cors', 'cors']) {
        const send = ([to, mode]) =>
          fetch(to, { method: 'POST', mode, credentials: 'include', body: new URLSearchParams({ a: '1' }) });
        await expect(page.evaluate(send, [`${origin}/sign-out`, mode])).rejects.toThrow(/Failed to fetch/);
      }

      await page.goto(origin);
      await expect(page).toHaveURL(/\/o\/org_/);
      expect((await session(page)).value).toBe(value);
      await page.close();
    });
  }

  test('is told by what browsers say, new and old ones, and nothing said is no yes', async ({ bare, page, world, origin }) => {
    const { admin } = await world.organization();
    await signIn(page, admin);
    const { value } = await session(page);
    const form_token = await formToken(page);
    const refused = [
      {},
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site', origin },
      { origin: 'null' },
      { origin: 'http://localhost:1' },
      { origin: `${origin}.example` },
    ];
    for (const headers of refused) {
      const cookie = `keyward=${value}`;
      const reply = await bare('/sign-out', { method: 'POST', headers: { ...headers, cookie }, form: { form_token } });
      expect(reply.status(), JSON.stringify(headers)).toBe(403);
    }
    await expectSignedIn(page);
  });

  test('without the token of the session, or with that of another, does nothing yet', async ({ bare, page, anotherBrowser, world }) => {
    const { admin } = await world.organization();
    const mallory = await world.organization({ admin: 'Mallory Miller' });
    await signIn(page, admin);
    const other = await anotherBrowser();
    await signIn(other, mallory.admin);
    const cookie = `keyward=${(await session(page)).value}`;
    for (const form of [{}, { form_token: '' }, { form_token: await formToken(other) }]) {
      const reply = await bare('/sign-out', { method: 'POST', headers: { ...OWN, cookie }, form });
      expect(await reply.text()).toContain('Nothing of it was sent yet');
      await expectSignedIn(page);
    }
    // Twin: with the right one it does.
    const form = { form_token: await formToken(page) };
    expect((await bare('/sign-out', { method: 'POST', headers: { ...OWN, cookie }, form })).status()).toBe(303);
    await page.goto('/');
    await expect(page).toHaveURL(/\/sign-in/);
  });

  test('cannot sign a visitor in as somebody else', async ({ browser, neighbour, origin, world }) => {
    const { admin } = await world.organization({ admin: 'Mallory Miller' });
    const page = await browser.newPage();
    const fields = Object.entries({ email: admin.email, password: PASSWORD });
    const inputs = fields.map(([name, value]) => `<input name="${name}" value="${value}">`).join('');
    const form = `<form method="post" action="${origin}/sign-in">${inputs}<button>Win a prize</button></form>`;
    await page.goto(neighbour.page('cross-site', form));
    await page.getByRole('button').click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('This form was not sent from here');
    expect(await session(page)).toBeUndefined();
    await page.close();
  });
});

test('no page of another site can hold the console in a frame', async ({ bare, browser, neighbour, origin, world }) => {
  const { id, admin } = await world.organization();
  const page = await browser.newPage();
  await signIn(page, admin);
  const cookie = `keyward=${(await session(page)).value}`;
  for (const path of ['/sign-in', '/setup', '/invitation', `/o/${id}`, '/me', '/nothing-here']) {
    const headers = (await bare(path, { headers: { cookie } })).headers();
    expect(headers['x-frame-options'], path).toBe('DENY');
    expect(headers['content-security-policy'], path).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy'], path).not.toContain('unsafe');
    expect(headers['cache-control'], path).toBe('no-store');
  }
  await page.goto(neighbour.page('same-site', `<iframe src="${origin}/o/${id}"></iframe>`));
  const framed = page.frames()[1];
  await framed.waitForLoadState();
  expect(framed.url()).toMatch(/^chrome-error:/);
  await page.close();
});

test('the sign-in page leads to pages of this server alone', async ({ bare, page, world, origin }) => {
  const { admin } = await world.organization();
  const elsewhere = [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    'javascript:alert(1)',
    '.evil.example',
    '@evil.example',
  ];
  const { token } = admin;
  for (const to of elsewhere) {
    const form = { email: admin.email, password: PASSWORD, to };
    const entering = await bare('/sign-in', { method: 'POST', headers: OWN, form });
    const query = new URLSearchParams({ to });
    const inside = await bare(`/sign-in?${query}`, { headers: { cookie: `keyward=${token}` } });
    for (const reply of [entering, inside]) {
      expect(reply.status()).toBe(303);
      expect.soft(new URL(reply.headers().location, origin).origin, JSON.stringify(to)).toBe(origin);
    }
  }
  await page.goto(`/sign-in?to=${encodeURIComponent('/me?a=1')}`);
  await page.getByLabel('E-mail').fill(admin.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(`${origin}/me?a=1`);
});

test('who signs in wrongly learns nothing of who has an account', async ({ bare, world }) => {
  const { admin } = await world.organization();
  const told = async (email, password) => {
    const reply = await bare('/sign-in', { method: 'POST', headers: OWN, form: { email, password } });
    return [reply.status(), (await reply.text()).replaceAll(email, 'EMAIL')];
  };
  expect(await told('nobody.at.all@example.com', 'wrong')).toEqual(await told(admin.email, 'wrong'));
});

test('an organization of others looks like one that does not exist', async ({ bare, page, world }) => {
  const { id, admin } = await world.organization();
  const foreign = await world.organization({ name: 'Globex', admin: 'Hank Scorpio' });
  await signIn(page, admin);
  await page.goto(`/o/${id}`);
  const links = await page.getByRole('navigation').getByRole('link').evaluateAll((all) => all.map((one) => one.pathname));
  const paths = [...new Set(links)].filter((path) => path.includes(id));
  expect(paths.length).toBeGreaterThan(3);
  const cookie = `keyward=${(await session(page)).value}`;
  const unknown = foreign.id.replace(/.{4}$/, '0000');
  for (const path of [...paths, `/o/${id}/no-such-page`]) {
    const seen = [];
    for (const organization of [foreign.id, unknown, 'org_junk', '%00']) {
      const reply = await bare(path.replace(id, organization), { headers: { cookie } });
      const text = (await reply.text()).replaceAll(organization, 'ORGANIZATION');
      const { date, 'keyward-request-id': request, ...headers } = reply.headers();
      seen.push({ status: reply.status(), headers, text });
    }
    expect(seen[0].status, path).toBe(404);
    expect(seen[0].text, path).not.toContain('Globex');
    for (const other of seen.slice(1)) {
      expect(other, path).toEqual(seen[0]);
    }
  }
});

test('a host that is not ours is not answered', async ({ bare }) => {
  const reply = await bare('/sign-in', { headers: { host: 'evil.example' } });
  expect(reply.status()).toBe(421);
});

/** The cookie of the session in a browser. */
async function session(page) {
  return (await page.context().cookies()).find(({ name }) => name === 'keyward');
}

async function formToken(page) {
  return page.locator('input[name="form_token"]').first().inputValue();
}

async function expectSignedIn(page) {
  await page.goto('/');
  await expect(page).toHaveURL(/\/o\/org_/);
}

function setCookies(reply) {
  return reply.headersArray().filter(({ name }) => name.toLowerCase() === 'set-cookie').map(({ value }) => value);
}
