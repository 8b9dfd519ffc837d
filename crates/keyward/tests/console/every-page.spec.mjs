// Every page that the navigation leads to, in every profile, and what those pages lead to.

import { barriers, NARROW, narrowestWidth, shoot, signIn } from './support/pages.mjs';
import { furnished } from './support/furnished.mjs';
import { expect, test } from './support/test.mjs';
import { walk } from './support/walk.mjs';
import { PROFILES } from './support/world.mjs';

test.slow();

for (const profile of PROFILES) {
  test(`a super admin on ${profile}`, async ({ page, world }) => {
    const { admin } = await furnished(world, profile);
    await signIn(page, admin);
    // What is the same in every profile is looked at in one.
    await judgeAll(page, profile, profile === 'keyward' ? () => true : (href) => /\/(keys|credentials)\//.test(href));
  });
}

test('a member without rights, who is offered nothing that they may not see', async ({ page, world }) => {
  const { admin } = await furnished(world, 'keyward');
  await signIn(page, await world.member(admin, 'Nora Newcomer'));
  await judgeAll(page, 'without-rights', () => true);
});

/** Demands of every page what is demanded of one, and tells all faults at once. */
async function judgeAll(page, name, wanted) {
  const faults = [];
  let pages = 0;
  for await (const { href, sort, offered, status } of walk(page, wanted)) {
    pages += 1;
    if (status !== 200) {
      faults.push(`${href}: ${status}`);
      continue;
    }
    const [barred, width] = [await barriers(page), await narrowestWidth(page)];
    faults.push(...(barred ? [`${href}: ${barred}`] : []), ...(width > NARROW ? [`${href}: ${width} pixels wide`] : []));
    if (!offered || wanted(href)) {
      await shoot(page, `${name}${sort.replace('/o/id', '')}`.replaceAll(/[^a-z_]+/g, '-'));
    }
  }
  expect(faults.join('\n\n'), `faults of ${pages} pages`).toBe('');
  expect(pages).toBeGreaterThan(8);
}
