// Names that try to be something else, wherever a name is shown.

import { NARROW, narrowestWidth, signIn } from './support/pages.mjs';
import { furnished } from './support/furnished.mjs';
import { expect, test } from './support/test.mjs';
import { walk } from './support/walk.mjs';

test.slow();

for (const [what, name] of [
  ['markup, quotes, Arabic and emoji', `"'><script>alert(1)</script>&lt;{{1}} مفتاح المدفوعات ${'🔑'.repeat(66)}`],
  ['text from right to left', 'مفتاح المدفوعات (שלום) 42'],
  ['120 emoji', '🔑'.repeat(120)],
  ['one long word', 'W'.repeat(120)],
]) {
  test(`${what}: stays a name on every page`, async ({ page, world }) => {
    const { admin } = await furnished(world, 'keyward', () => name);
    await signIn(page, admin);
    const faults = [];
    for await (const { href, sort, status } of walk(page)) {
      const [width, text] = [await narrowestWidth(page), await page.getByRole('main').textContent()];
      const missing = SHOWING.some((subject) => sort.endsWith(subject)) && !text.includes(name);
      faults.push(...(status === 200 ? [] : [`${href}: ${status}`]), ...(missing ? [`${href}: the name is not there`] : []));
      faults.push(...(width > NARROW ? [`${href}: ${width} pixels wide`] : []));
    }
    expect(faults.join('\n')).toBe('');
  });
}

/** The pages whose subject is something with a name. */
const SHOWING = ['/keys/keyward-api', '/credentials/id', '/namespaces', '/members', '/members/id', '/roles', '/audit'];
