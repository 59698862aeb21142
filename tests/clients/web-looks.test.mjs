// What every page of the demo must be: accessible in light and dark, whole at every width, small, and by itself.
// Pictures of each go to target/screenshots.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { labIsLive } from "./pages.mjs";
import { demoInBrowser, shoot } from "./walks.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WIDTHS = [360, 768, 1440];
/** Issue 9: the first page, gzipped. */
const JS_BUDGET_BYTES = 250_000;
const INTERACTIVE_MS = 2_000;

const demo = demoInBrowser(180_000, prepare);
const { visit, walk } = demo;

/** Something to look at on every page. */
async function prepare() {
  const [first, second] = await demo.store.anonymous.availablePets(2);
  demo.store.pet = second;
  demo.store.order = await demo.store.alice.placeOrder(first.id);
  await demo.store.alice.payOrder(demo.store.order);
  await demo.store.staff.shipOrder(demo.store.order.id);
  const hook = `${demo.store.server.url}/v1/echo/hooks/looks`;
  const endpoint = await demo.store.staff.createWebhookEndpoint(hook, ["order.*"]);
  await demo.store.staff.call("POST", `/v1/webhook-endpoints/${endpoint.id}/test`);
  const room = await demo.store.alice.call("POST", "/v1/chat/rooms", {});
  await demo.store.alice.call("POST", `/v1/chat/rooms/${room.id}/messages`, { text: "my dog ate some grapes off the floor" });
}

/** Each page: its name, path, whose it is, and what stands on it when it is ready. */
const pages = () => [
  { name: "store", path: "/", ready: ".pet-link" },
  { name: "store-empty", path: "/?q=zzzzzz", ready: ".blank" },
  { name: "pet", path: `/pets/${demo.store.pet.id}`, who: "alice", ready: "section[aria-label=Order] button" },
  { name: "orders", path: "/orders", who: "alice", ready: "[data-order]" },
  { name: "orders-signed-out", path: "/orders", ready: ".blank" },
  { name: "order", path: `/orders/${demo.store.order.id}`, who: "alice", ready: ".step" },
  { name: "operations", path: "/operations", who: "admin", ready: "[data-order]" },
  { name: "operations-users", path: "/operations?tab=users", who: "admin", ready: ".table" },
  { name: "operations-audit", path: "/operations?tab=audit", who: "admin", ready: ".audit" },
  { name: "lab", path: "/lab", who: "staff", ready: ".panes", then: ({ page }) => labIsLive(page) },
  { name: "webhooks", path: "/webhooks", who: "staff", ready: "[data-delivery]", then: ({ page }) => page.locator(".received").first().waitFor() },
  { name: "chat", path: "/chat", who: "alice", ready: ".citations" },
  { name: "chat-staff", path: "/chat", who: "staff", ready: ".citations" },
  { name: "sign-in", path: "/sign-in", ready: ".account-card" },
];

async function violations(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
  return found.violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map(({ target }) => target.join(" ")).slice(0, 3).join(", ")}`);
}

/** What reaches beyond the right edge. */
function tooWide(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > innerWidth)
      .map((element) => `${element.tagName}.${element.className} ${element.textContent?.slice(0, 40)}`)
      .slice(-5)
      .join(" | "),
  );
}

/** How far things moved about since the page was opened. */
function shifted(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
      }),
  );
}

async function look(visitor, { name, path, ready, then }, scheme) {
  const { page } = visitor;
  await page.setViewportSize({ width: WIDTHS[0], height: 740 });
  await visitor.goto(path);
  await page.locator(ready).first().waitFor();
  await then?.(visitor);
  const shift = await shifted(page);
  assert.ok(shift < 0.1, `layout shift of ${name}: ${shift}`);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: width < 500 ? 740 : 900 });
    // What follows the width by script, or is just being told anew, is given a moment.
    await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth, null, { timeout: 2000 }).catch(() => undefined);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${name} is ${wide} wide at ${width}: ${wide > width && (await tooWide(page))}`);
    await shoot(page, `${name}-${scheme}-${width}`);
    // The narrow and the wide layout; what is between has the parts of both. Colors are the same in each.
    if (width === WIDTHS[2] || (width === WIDTHS[0] && scheme === "light")) assert.deepEqual(await violations(page), [], `axe on ${name}, ${scheme}, ${width}`);
  }
}

describe("the looks of the demo", () => {
  for (const scheme of ["light", "dark"]) {
    walk(`every page is accessible and fits, ${scheme}`, async (t) => {
      const visitors = new Map();
      for (const one of pages()) {
        const who = one.who ?? "nobody";
        if (!visitors.has(who)) {
          const visitor = await visit(t, { options: { colorScheme: scheme } });
          if (one.who) await visitor.signIn(one.who);
          visitors.set(who, visitor);
        }
        const visitor = visitors.get(who);
        await look(visitor, one, scheme);
      }
    });
  }

  walk("the first page is small and soon ready, and does not move about", async (t) => {
    const visitor = await visit(t);
    const scripts = [];
    visitor.page.on("response", (response) => {
      if (response.request().resourceType() === "script") scripts.push(response);
    });
    await visitor.goto("/");
    await visitor.page.locator(".pet-link").first().waitFor();
    const sizes = await Promise.all(scripts.map(async (response) => gzipSync(await response.body()).length));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    t.diagnostic(`${scripts.length} scripts, ${bytes} bytes gzipped`);
    assert.ok(bytes > 10_000 && bytes <= JS_BUDGET_BYTES, `${bytes} bytes`);

    // The best of three: the machine may be busy with something else.
    const times = [];
    for (let round = 0; round < 3; round += 1) {
      // Each with nothing in its cache.
      const { page } = await visit(t);
      await page.goto(demo.store.server.url);
      await page.locator(".pet-link").first().waitFor();
      times.push(await page.evaluate(() => performance.now()));
    }
    t.diagnostic(`ready after ${times.map(Math.round).join(", ")} ms`);
    assert.ok(Math.min(...times) <= INTERACTIVE_MS, `ready after ${times} ms`);
    const shift = await shifted(visitor.page);
    assert.ok(shift < 0.1, `layout shift ${shift}`);
  });

  walk("the policy allows nothing but this server", async (t) => {
    const answer = await fetch(`${demo.store.server.url}/lab`);
    const policy = answer.headers.get("content-security-policy");
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*|data:/);
    const page = await answer.text();
    assert.doesNotMatch(page, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
    const visitor = await visit(t);
    await visitor.goto("/");
    await visitor.page.locator(".pet-link").first().waitFor();
    // A script that somebody smuggles in does not run; the refusal is the one fault that is wanted here.
    await visitor.page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "globalThis.smuggled = true";
      document.body.append(script);
    });
    assert.equal(await visitor.page.evaluate(() => globalThis.smuggled), undefined);
    visitor.faults = visitor.faults.filter((fault) => !/Content.Security.Policy/i.test(fault));
  });

  walk("everything can be reached by keyboard", async (t) => {
    const visitor = await visit(t);
    const { page } = visitor;
    await visitor.goto("/");
    await page.locator(".pet-link").first().waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the content");
    await page.keyboard.press("Enter");
    const names = [];
    for (let step = 0; step < 14; step += 1) {
      await page.keyboard.press("Tab");
      names.push(await page.evaluate(() => document.activeElement?.getAttribute("type") ?? document.activeElement?.tagName));
    }
    assert.ok(names.includes("search") && names.includes("SELECT") && names.includes("A"), names.join(" "));
    await page.locator(".pet-link").first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.id), "content", "a new page takes the focus");
  });
});

test("the log has no errors", () => assert.deepEqual(demo.store.server.errorLines(), []));
