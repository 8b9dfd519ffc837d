// From page to page, as links lead.

/**
 * Opens every page that the navigation offers, and of those that these lead to the wanted ones, one of a sort.
 * @param {import('@playwright/test').Page} page Of somebody who is signed in.
 * @param {(href: string) => boolean} [wanted]
 * @returns {AsyncGenerator<{ href: string, sort: string, offered: boolean, status: number }>} The page that is open, and
 *   whether the navigation offers it.
 */
export async function* walk(page, wanted = () => true) {
  const sorts = new Set();
  const isNew = (href) => !sorts.has(sortOf(href)) && Boolean(sorts.add(sortOf(href)));
  await page.goto('/');
  const offered = [...(await linksOf(page, 'navigation')), '/me'].filter(isNew);
  const open = offered.map((href) => ({ href, deep: 0 }));
  for (const { href, deep } of open) {
    const reply = await page.goto(href);
    yield { href, sort: sortOf(href), offered: deep === 0, status: reply.status() };
    if (deep < DEEPEST) {
      const further = (await linksOf(page, 'main')).filter((next) => wanted(next) && isNew(next));
      open.push(...further.map((next) => ({ href: next, deep: deep + 1 })));
    }
  }
}

/** The pages of this server that the links of a part of the page lead to. */
async function linksOf(page, role) {
  const links = await page.getByRole(role).first().locator('a[href]').evaluateAll((all) => {
    const own = all.filter((link) => link.origin === location.origin && !link.hasAttribute('download'));
    return own.map((link) => link.pathname + link.search);
  });
  return links.filter((href) => !NO_PAGES.test(href));
}

/** The path without what tells one thing of a sort from another. */
function sortOf(href) {
  return href.split('?')[0].replaceAll(/[a-z]+_[0-9a-z]{26}/g, 'id');
}

/** How far from the navigation. */
const DEEPEST = 2;
/** Files, what belongs to the API, and where one is only led on. */
const NO_PAGES = /\.csv|^\/(docs|openapi|$)/;
