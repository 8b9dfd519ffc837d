// How the specs are run. `cargo xtask browser` copies them to where the packages are, and says where the program is.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig } from '@playwright/test';

/** Where Debian's package put a program. */
const program = (name) => process.env.PATH.split(delimiter).map((folder) => join(folder, name)).find(existsSync);

export default defineConfig({
  testMatch: '*.spec.mjs',
  outputDir: '../results',
  reporter: 'list',
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  // What takes so long is broken; a slow machine is not.
  timeout: 60_000,
  expect: { timeout: 10_000 },
  globalTimeout: 30 * 60_000,
  use: {
    browserName: 'chromium',
    launchOptions: {
      executablePath: program('chromium-headless-shell'),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
    locale: 'en-GB',
    timezoneId: 'UTC',
    colorScheme: 'light',
    // Nothing is measured or shot while it fades in.
    contextOptions: { reducedMotion: 'reduce' },
    actionTimeout: 15_000,
    navigationTimeout: 30_000,
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: true, sources: true },
  },
});
