// The demo's pages in Chromium, watched: a page that logs an error, breaks its Content-Security-Policy or asks another host
// fails its test.

import assert from "node:assert/strict";

/** What a test provokes on purpose shows up in the console like this; an endpoint of the lab goes while others show it. */
const ANSWERED = /^Failed to load resource: the server responded with a status of (401|402|404|409|422|429)/;
const UNREACHABLE = /ERR_CONNECTION_|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED|ERR_INCOMPLETE_CHUNKED|WebSocket connection to/;

export class Visitor {
  /** @type {string[]} */
  faults = [];

  /**
   * @param {import("playwright-core").BrowserContext} context
   * @param {import("playwright-core").Page} page
   * @param {string} url where the server is, as this visitor reaches it
   */
  constructor(context, page, url) {
    this.context = context;
    this.page = page;
    this.url = url;
  }

  /**
   * Opens a browser window of its own, and closes it when the test ends.
   * @param {import("node:test").TestContext} t
   * @param {import("playwright-core").Browser} browser
   * @param {string} url
   * @param {{outage?: boolean, options?: import("playwright-core").BrowserContextOptions}} [how] `outage`: the server goes away
   */
  static async open(t, browser, url, { outage = false, options = {} } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    const visitor = new Visitor(context, page, url);
    const allowed = (text) => ANSWERED.test(text) || (outage && UNREACHABLE.test(text));
    // Engine.IO's answer to a poll that was on its way when its session ended.
    const late = (line) => line.location().url.includes("/socket.io/") && line.text().includes("status of 400");
    page.on("console", (line) => {
      if (line.type() === "error" && !allowed(line.text()) && !late(line)) {
        visitor.faults.push(`console: ${line.text()} ${line.location().url}`);
      }
    });
    page.on("pageerror", (error) => visitor.faults.push(`exception: ${error.message}`));
    page.on("dialog", (dialog) => {
      visitor.faults.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      if (/^(http|ws)/.test(protocol) && host !== new URL(url).host) visitor.faults.push(`another host: ${request.url()}`);
    });
    t.after(async () => {
      await context.close();
      assert.deepEqual(visitor.faults, []);
    });
    return visitor;
  }

  /** @param {string} path */
  async goto(path) {
    await this.page.goto(this.url + path);
  }

  /** With one click, as a demo account; goes on at `path`. */
  async signIn(username, path = "/") {
    await this.goto(`/sign-in?to=${encodeURIComponent(path)}`);
    await this.page.getByRole("button", { name: new RegExp(`^${username} `) }).click();
    await this.page.waitForURL(({ pathname }) => pathname === new URL(path, this.url).pathname);
  }

  /** The same, with the live connection standing. */
  async signInAt(username, path) {
    await this.signIn(username, path);
    await this.live();
    return this;
  }

  /** After an outage: presses the button of the banner, unless the page was faster and is connected again. */
  async backAgain() {
    const again = this.page.getByRole("button", { name: "Try now" });
    await again.click({ timeout: 2_000 }).catch(() => {});
    await this.live();
  }

  /** Waits until the page's own live connection stands. */
  async live() {
    await this.page.locator(".connection[data-state=live]").waitFor();
  }
}

/**
 * How many events a pane of the protocol lab has taken.
 * @param {import("playwright-core").Page} page
 */
export async function counts(page) {
  const cells = page.locator("[data-channel] [data-count]");
  return (await cells.evaluateAll((found) => found.map((cell) => cell.dataset.count))).map(Number);
}

/** Whoever waits for all panes of the lab to be connected. */
export async function labIsLive(page) {
  await page.locator("[data-channel][data-state=live]").nth(4).waitFor();
}

/** Which panes have which event, as the table of the lab shows it: event id → number of panes. */
export async function arrivals(page) {
  const rows = page.locator("[data-event]");
  const pairs = await rows.evaluateAll((found) =>
    found.map((row) => [row.dataset.event, row.querySelectorAll("[data-arrived]").length]),
  );
  assert.equal(new Set(pairs.map(([id]) => id)).size, pairs.length, "an event stands twice");
  return new Map(pairs);
}
