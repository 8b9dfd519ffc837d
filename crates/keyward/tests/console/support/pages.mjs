// What tests do with a page, and what is demanded of every page.

import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { expect } from './test.mjs';

/** @typedef {import('@playwright/test').Page} Page */

/**
 * Signs somebody in, as the form of the sign-in page would, and opens the page where they begin.
 * @param {Page} page
 * @param {import('./world.mjs').Person} person
 */
export async function signIn(page, { email, password }) {
  const agent = await page.evaluate(() => navigator.userAgent);
  const headers = { 'sec-fetch-site': 'same-origin', 'user-agent': agent };
  const reply = await page.context().request.post('/sign-in', { form: { email, password }, headers, maxRedirects: 0 });
  expect(reply.status()).toBe(303);
  await page.goto('/');
}

/**
 * Demands that the page as it stands breaks no rule of WCAG 2.0 to 2.2, levels A and AA, and no rule of good practice,
 * in the light theme and, as far as colours go, in the dark one.
 * @param {Page} page
 */
export async function expectAccessible(page) {
  expect(await barriers(page), `accessibility of ${page.url()}`).toBe('');
}

/**
 * What of a page stands in somebody's way; empty when nothing does.
 * @param {Page} page
 * @returns {Promise<string>}
 */
export async function barriers(page) {
  const judged = await withScripts(page);
  const axe = () => new AxeBuilder({ page: judged }).setLegacyMode();
  const { violations } = await axe().withTags(RULES).analyze();
  await judged.emulateMedia({ colorScheme: 'dark' });
  const inDark = await axe().withRules(['color-contrast', 'link-in-text-block']).analyze();
  await judged.emulateMedia({ colorScheme: 'light' });
  if (judged !== page) {
    await judged.context().close();
  }
  const found = [...violations, ...inDark.violations];
  const told = found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}\n${node.failureSummary}`));
  return told.join('\n\n');
}

/**
 * Takes pictures of the whole page, in both themes and at three widths, for people to look at:
 * `target/screens/NAME-THEME-WIDTH.png`.
 * @param {Page} page
 * @param {string} name
 */
export async function shoot(page, name) {
  const before = page.viewportSize();
  // What stays in place while one scrolls would stand in the middle of the picture.
  await page.evaluate(() => scrollTo(0, 0));
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: `${SCREENS}${name}-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(before);
}

/**
 * Demands that the page fits into a narrow window: nobody has to scroll sideways.
 * @param {Page} page
 */
export async function expectToFit(page) {
  expect(await narrowestWidth(page), `width of ${page.url()}`).toBeLessThanOrEqual(NARROW);
}

/**
 * How wide a page is in the narrowest window that WCAG asks for.
 * @param {Page} page
 */
export async function narrowestWidth(page) {
  const before = page.viewportSize();
  await page.setViewportSize({ width: NARROW, height: 800 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  await page.setViewportSize(before);
  return width;
}

/** The narrowest window that WCAG asks for. */
export const NARROW = 320;

/** The page itself, or, as axe cannot run without JavaScript, a copy in which it can: of what is shown, not of scripts. */
async function withScripts(page) {
  if (await page.evaluate(() => matchMedia('(scripting: enabled)').matches)) {
    return page;
  }
  const shown = (await page.content()).replace(/<script.*?<\/script>|<\/?noscript>/gs, '');
  const copy = await page.context().browser().newPage({ javaScriptEnabled: true });
  await copy.route(page.url(), (route) => route.fulfill({ contentType: 'text/html; charset=utf-8', body: shown }));
  await copy.goto(page.url());
  return copy;
}

/** The tags of axe's rules. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
/** A telephone, a tablet, a desk. */
const WIDTHS = [360, 820, 1440];
const SCREENS = fileURLToPath(new URL('../../../screens/', import.meta.url));
