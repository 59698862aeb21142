// What people have begun on the demo's pages is not lost, and not done to the wrong one, whatever happens meanwhile.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrivals, labIsLive } from "./pages.mjs";
import { eventually } from "./wait.mjs";
import { demoInBrowser } from "./walks.mjs";


const demo = demoInBrowser(120_000);
const { visit, walk } = demo;

async function placed() {
  const pets = await demo.store.anonymous.availablePets(20);
  return demo.store.alice.placeOrder(pets[Math.floor(Math.random() * pets.length)].id);
}

const expire = async (name) => (await demo.store.anonymous.login(name)).send("DELETE", "/v1/auth/tokens?all=true");

describe("what was begun", () => {
  walk("a conversation stays open, with what is typed in it, while others move", async (t) => {
    const rooms = [];
    for (const who of [demo.store.alice, demo.store.bob]) {
      const room = await who.call("POST", "/v1/chat/rooms", {});
      await who.call("POST", `/v1/chat/rooms/${room.id}/messages`, { text: "hello" });
      rooms.push(room.id);
    }
    const { page } = await (await visit(t)).signInAt("staff", "/chat");
    await page.waitForURL(/room=/);
    const open = new URL(page.url()).searchParams.get("room");
    const box = page.getByLabel("Message", { exact: true });
    await box.fill("Dear Bob");
    const [other, owner] = open === rooms[0] ? [rooms[1], demo.store.bob] : [rooms[0], demo.store.alice];
    await owner.call("POST", `/v1/chat/rooms/${other}/messages`, { text: "one more thing" });
    await eventually(async () => (await page.locator(".room-tab").first().getAttribute("data-room")) === other, "the other one on top");
    assert.equal(await page.locator(".room-tab[aria-pressed=true]").getAttribute("data-room"), open);
    assert.equal(await box.inputValue(), "Dear Bob");
    await page.locator(`[data-room="${other}"]`).click();
    await eventually(async () => (await box.inputValue()) === "", "the other's empty box");
    await page.locator(`[data-room="${open}"]`).click();
    await eventually(async () => (await box.inputValue()) === "Dear Bob", "what was typed");
  });

  walk("the endpoint that is open stays open when a newer one comes", async (t) => {
    const hook = (name) => `${demo.store.server.url}/v1/echo/hooks/${name}`;
    const first = await demo.store.staff.createWebhookEndpoint(hook("care-1"), ["order.*"]);
    const { page } = await (await visit(t)).signInAt("staff", "/webhooks");
    const shown = page.locator(".endpoint-url");
    await shown.getByText("care-1").waitFor();
    await demo.store.staff.createWebhookEndpoint(hook("care-2"), ["order.*"]);
    await page.locator(".endpoint-tab").nth(1).waitFor({ timeout: 15_000 });
    assert.equal(await shown.textContent(), first.url);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("dialog").getByRole("heading").getByText(first.id.slice(-6)).waitFor();
  });

  walk("a question about an order stays while the order moves, and the focus goes with its card", async (t) => {
    const staff = await (await visit(t)).signInAt("admin", "/operations");
    const { page } = staff;
    const order = await placed();
    const card = page.locator(`[data-order="${order.id}"]`);
    await card.getByRole("button", { name: /^Cancel/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Reason/).fill("The customer phoned");
    await demo.store.alice.payOrder(order);
    await page.locator(`[data-status=APPROVED] [data-order="${order.id}"]`).waitFor();
    assert.equal(await dialog.getByLabel(/^Reason/).inputValue(), "The customer phoned");
    await dialog.getByRole("button", { name: "Keep it" }).click();
    for (const [button, status] of [["Ship", "SHIPPED"], ["Deliver", "DELIVERED"]]) {
      await card.getByRole("button", { name: new RegExp(`^${button}`) }).focus();
      await page.keyboard.press("Enter");
      await page.locator(`[data-status=${status}] [data-order="${order.id}"]:not(:has-text("Saving…"))`).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.closest("[data-order]")?.getAttribute("data-order")), order.id, button);
    }
  });

  walk("a cancellation is sent when the page is left, and before signing out", async (t) => {
    const { page } = await (await visit(t)).signInAt("staff", "/operations");
    const leave = {
      reload: () => page.reload(),
      "sign out": () => page.getByRole("button", { name: "Sign out" }).click(),
    };
    for (const [name, how] of Object.entries(leave)) {
      const order = await placed();
      await page.locator(`[data-order="${order.id}"]`).getByRole("button", { name: /^Cancel/ }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Cancel the order" }).click();
      await page.locator(`[data-order="${order.id}"]`).getByRole("button", { name: "Undo" }).waitFor();
      await how();
      await eventually(async () => (await demo.store.alice.order(order.id)).status === "CANCELLED", name, 4_000);
    }
  });

  walk("labs side by side keep their webhooks, and go on with a new session", async (t) => {
    const labs = [await visit(t), await visit(t)];
    for (const lab of labs) {
      await lab.signIn("admin", "/lab");
      await labIsLive(lab.page);
    }
    const everywhere = async (what) => {
      const { id } = await placed();
      const { data: [{ eventId }] } = await demo.store.staff.eventPage({ topics: [`orders/${id}`] });
      for (const { page } of labs) await eventually(async () => (await arrivals(page)).get(eventId) === 5, what);
    };
    await everywhere("an order on five panes of two labs");
    await expire("admin");
    for (const { page } of labs) {
      const over = page.getByRole("dialog", { name: "Your session has ended" });
      await over.waitFor();
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      await over.getByRole("button", { name: "Go on as admin" }).click();
      await over.waitFor({ state: "hidden" });
      await labIsLive(page);
    }
    await everywhere("an order after the sessions were renewed");
  });

  walk("a page whose code does not come leaves the others alone", async (t) => {
    const visitor = await visit(t, { outage: true });
    const { page } = visitor;
    await visitor.goto("/");
    await page.locator(".pet-link").first().waitFor();
    await page.route("**/assets/LabPage*", (route) => route.abort());
    await page.getByRole("link", { name: "Lab" }).first().click();
    await page.getByText("This page did not come").waitFor();
    await page.getByRole("link", { name: "Store" }).first().click();
    await page.locator(".pet-link").first().waitFor();
    await page.unroute("**/assets/LabPage*");
    await page.getByRole("link", { name: "Lab" }).first().click();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { name: "Protocol lab" }).waitFor();
    visitor.faults = visitor.faults.filter((fault) => !/ERR_FAILED|dynamically imported|preload CSS/.test(fault));
  });
});

test("the log has no errors", () => assert.deepEqual(demo.store.server.errorLines(), []));
