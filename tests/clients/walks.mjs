// Walks through the demo's pages: a demo store and a Chromium for the tests of a file.

import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";
import { demoStore } from "./fixture.mjs";
import { Visitor } from "./pages.mjs";

/**
 * Both are there from the file's hooks on.
 * @param {number} limitMs for each test
 * @param {() => Promise<void>} [prepare] what else the file needs before its tests
 */
export function demoInBrowser(limitMs, prepare) {
  const limit = { timeout: limitMs };
  const demo = {
    /** @type {Awaited<ReturnType<typeof demoStore>> | undefined} */
    store: undefined,
    /** @type {import("playwright-core").Browser | undefined} */
    browser: undefined,
    visit: (t, how) => Visitor.open(t, demo.browser, demo.store.server.url, how),
    /** A test that is skipped, and says why, where there is no browser. */
    walk(name, run) {
      test(name, limit, (t) => {
        if (demo.browser) return run(t);
        t.skip("there is no Chromium on this machine, and it could not be installed; the reason is above");
        return undefined;
      });
    },
  };
  before(async () => {
    demo.store = await demoStore();
    demo.browser = await launch();
    await prepare?.();
  }, limit);
  after(async () => {
    await demo.browser?.close();
    demo.store?.server.destroy();
  });
  return demo;
}

/** Keeps a picture of the page, to be looked at. */
export function shoot(page, name) {
  const path = fileURLToPath(new URL(`../../target/screenshots/${name}.png`, import.meta.url));
  return page.screenshot({ path });
}
