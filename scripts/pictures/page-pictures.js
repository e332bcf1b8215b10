// Pictures of the web page, light and dark, from a running system.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const SIZE = { width: 1280, height: 640 };

/** The first Chromium on the PATH, or what `CHROMIUM_BIN` names; undefined where there is none. */
export function findBrowser() {
  if (process.env.CHROMIUM_BIN) return process.env.CHROMIUM_BIN;
  const folders = (process.env.PATH ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/**
 * @param {string} browserPath
 * @param {string} url of the puller
 * @param {number} sensors that must be live first
 * @param {() => void} cut takes the internet from the site of eu
 * @returns {Promise<Record<'light' | 'dark', Buffer>>} PNG files
 */
export async function pagePictures(browserPath, url, sensors, cut) {
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport: SIZE, reducedMotion: 'reduce' });
    await page.goto(url);
    await page.locator('#totals [data-f="live"]', { hasText: new RegExp(`^${sensors}$`) }).waitFor();
    cut();
    // The first alert comes after a region has been silent for 10 s.
    await page.locator('#alerts li', { hasText: 'eu' }).first().waitFor();
    await sleep(2000);
    const shot = async (/** @type {'light' | 'dark'} */ colorScheme) => {
      await page.emulateMedia({ colorScheme });
      return page.screenshot();
    };
    return { light: await shot('light'), dark: await shot('dark') };
  } finally {
    await browser.close();
  }
}

function isExecutable(/** @type {string} */ path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
