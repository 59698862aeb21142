// GraphiQL in Chromium: a demo user by one click, a query that the explorer builds, and a subscription's items as they come.
// Pictures go to target/screenshots.

import assert from "node:assert/strict";
import { eventually } from "./wait.mjs";
import { demoInBrowser, shoot } from "./walks.mjs";

const demo = demoInBrowser(120_000);
const { visit, walk } = demo;

/** What an editor shows; Monaco writes its blanks as no-break spaces. */
const shown = async (page, pane) => (await page.locator(`${pane} .view-lines`).first().innerText()).replaceAll("\u00a0", " ");

/** What stands in the editor of the query, on one line. */
const query = async (page) => (await shown(page, ".graphiql-query-editor")).replace(/\s+/g, " ");

async function open(t) {
  const visitor = await visit(t);
  await visitor.goto("/v1/graphql");
  await eventually(async () => (await query(visitor.page)).includes("AvailablePets"), "the editors");
  return visitor;
}

walk("the explorer builds a query, which is run as the demo user", async (t) => {
  const { page } = await open(t);
  await page.getByRole("button", { name: "New tab" }).click();
  await eventually(async () => !(await query(page)).includes("AvailablePets"), "the new tab");
  await page.getByRole("button", { name: "Sign in as the demo user alice" }).click();
  await page.getByRole("button", { name: "Signed in as alice: click to sign out" }).waitFor();
  await page.getByRole("button", { name: "Show GraphiQL Explorer" }).click();
  const explorer = page.locator(".graphiql-explorer-root");
  for (const [field, built] of [["me", "{ me"], ["email", "{ me { email }"], ["username", "{ me { email username } }"]]) {
    await explorer.getByText(field, { exact: true }).click();
    // The explorer goes by what stands in the editor.
    await eventually(async () => (await query(page)).includes(built), `${built} in the editor`);
  }
  await page.getByRole("button", { name: /^Execute query/ }).click();
  await eventually(async () => (await shown(page, ".graphiql-response")).includes('"username": "alice"'), "the answer");
  await shoot(page, "graphiql-explorer");

  await page.getByRole("button", { name: /^Signed in as alice/ }).click();
  await page.getByRole("button", { name: /^Execute query/ }).click();
  await eventually(async () => !(await shown(page, ".graphiql-response")).includes("alice"), "the answer for strangers");
});

walk("a subscription shows what another client changes", async (t) => {
  const { page } = await open(t);
  await page.getByRole("button", { name: "Sign in as the demo user alice" }).click();
  await page.getByRole("button", { name: /^Signed in as alice/ }).waitFor();
  await page.getByRole("tab", { name: "LiveEvents" }).click();
  // What the tab's operation is called the page learns a moment after it shows it, and tells nobody: before, it would ask
  // for the operation of the tab that was left.
  await page.waitForTimeout(1_500);
  await page.getByRole("button", { name: /^Execute query/ }).click();
  await page.getByRole("button", { name: /^Stop query/ }).waitFor();
  await eventually(async () => {
    // Again until the subscription stands, which the page does not tell.
    await demo.store.staff.createPet("Walker");
    return (await shown(page, ".graphiql-response")).includes('"name": "Walker"');
  }, "the other's pet");
  assert.ok((await shown(page, ".graphiql-response")).includes('"cursor"'));
  await shoot(page, "graphiql-subscription");
  await page.getByRole("button", { name: /^Stop query/ }).click();
  await page.getByRole("button", { name: /^Execute query/ }).waitFor();
});
