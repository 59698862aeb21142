// A headless Chromium for the pages, by playwright-core. Debian's is taken, and installed when it is missing and may be.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const KNOWN = [process.env.CHROME_PATH, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const INSTALL = fileURLToPath(new URL("../../scripts/install-packages.sh", import.meta.url));

function find() {
  return KNOWN.find((path) => path && existsSync(path));
}

/**
 * Starts it.
 * @returns {Promise<import("playwright-core").Browser | undefined>} nothing when there is none; the reason is printed
 */
export async function launch() {
  if (!find()) {
    const { status } = spawnSync(INSTALL, ["chromium"], { stdio: "inherit" });
    if (status !== 0) return console.log("no Chromium: install it, or set CHROME_PATH");
  }
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  return chromium.launch({ executablePath: find(), args });
}

/**
 * Logs in on the page, if it asks for it.
 * @param {import("playwright-core").Page} page
 * @param {string} username
 * @param {string} password
 */
export async function logIn(page, username, password) {
  await page.getByLabel("User name or e-mail").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}
