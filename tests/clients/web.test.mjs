// The demo's pages, walked in Chromium as visitors do: two browsers, a cut network, a server that goes away.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, DEMO_PASSWORD } from "./api.mjs";
import { logIn } from "./browser.mjs";
import { demoStore } from "./fixture.mjs";
import { arrivals, counts, labIsLive, Visitor } from "./pages.mjs";
import { CuttableProxy } from "./proxy.mjs";
import { eventually } from "./wait.mjs";
import { demoInBrowser } from "./walks.mjs";

const MARKUP = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;

const demo = demoInBrowser(180_000);
const { visit, walk } = demo;

async function availablePet() {
  return (await demo.store.anonymous.availablePets(20)).at(Math.floor(Math.random() * 20));
}

/** Orders on the pet's page, as who is signed in. */
async function order({ page }, pet) {
  await page.getByRole("button", { name: `Order ${pet.name}` }).click();
  await page.getByRole("form", { name: "Pay" }).waitFor();
  const href = await page.getByRole("region", { name: "Order" }).getByRole("link").getAttribute("href");
  return href.split("/").at(-1);
}

describe("the demo", () => {
  walk("an order is paid, shipped and delivered, and moves in two browsers on all five panes", async (t) => {
    const [alice, staff, lab] = [await visit(t), await visit(t), await visit(t)];
    await lab.signIn("staff", "/lab");
    await labIsLive(lab.page);
    await staff.signIn("staff", "/operations");
    await staff.live();
    const pet = await availablePet();
    await alice.signIn("alice", `/pets/${pet.id}`);
    await alice.live();
    const id = await order(alice, pet);

    const column = (status) => staff.page.locator(`[data-status=${status}] [data-order="${id}"]`);
    await column("PLACED").waitFor();
    const pay = alice.page.getByRole("form", { name: "Pay" });
    await pay.getByRole("button", { name: "Declined" }).click();
    await pay.getByRole("button", { name: /^Pay/ }).click();
    await alice.page.getByText("Payment declined").waitFor();
    await pay.getByLabel("Card number").fill("4242");
    await pay.getByRole("button", { name: /^Pay/ }).click();
    await pay.getByText("must be 12 to 19 digits").waitFor();
    await pay.getByRole("button", { name: "Succeeds" }).click();
    await pay.getByRole("button", { name: /^Pay/ }).click();
    await alice.page.getByText("Payment taken").waitFor();

    await column("APPROVED").getByRole("button", { name: /^Ship/ }).click();
    await column("SHIPPED").getByRole("button", { name: /^Deliver/ }).click();
    await column("DELIVERED").waitFor();
    await alice.page.getByRole("list", { name: "What happened" }).getByText("Delivered").waitFor();

    const { data: events } = await demo.store.staff.eventPage({ topics: [`orders/${id}`] });
    assert.equal(events.length, 4);
    await eventually(async () => {
      const seen = await arrivals(lab.page);
      return events.every(({ eventId }) => seen.get(eventId) === 5);
    }, "each event of the order on five panes");
  });

  walk("a cut network resumes on every channel, without a gap or a double", async (t) => {
    const proxy = await CuttableProxy.start(demo.store.server.port);
    t.after(() => proxy.close());
    const lab = await Visitor.open(t, demo.browser, proxy.url, { outage: true });
    await lab.signIn("staff", "/lab");
    await labIsLive(lab.page);
    const before = await counts(lab.page);
    await demo.store.alice.cancelOrder((await demo.store.alice.placeOrder((await availablePet()).id)).id);
    await eventually(async () => Math.min(...(await counts(lab.page))) >= Math.max(...before) + 5, "the first events");

    void proxy.unplug();
    await lab.page.getByRole("alert").getByText("No live connection").waitFor();
    const missed = await demo.store.alice.placeOrder((await availablePet()).id);
    await demo.store.alice.payOrder(missed);
    proxy.plug();
    await lab.backAgain();
    const { data: events } = await demo.store.staff.eventPage({ topics: [`orders/${missed.id}`] });
    assert.equal(events.length, 2);
    await eventually(
      async () => {
        const seen = await arrivals(lab.page);
        return events.every(({ eventId }) => seen.get(eventId) === 5);
      },
      "what was missed, on five panes",
      30_000,
    );
    const ends = await counts(lab.page);
    assert.equal(new Set(ends).size, 1, `the panes have taken ${ends}`);
  });

  walk("a pane that was cut by hand gets what it missed", async (t) => {
    const lab = await visit(t);
    const { page } = lab;
    await lab.signIn("staff", "/lab");
    await labIsLive(page);
    await page.getByRole("button", { name: "Cut WebSocket" }).click();
    await page.getByRole("button", { name: "Go slow: SSE" }).click();
    const { id } = await demo.store.alice.placeOrder((await availablePet()).id);
    const { data: [{ eventId }] } = await demo.store.staff.eventPage({ topics: [`orders/${id}`] });
    const arrived = async (least) => ((await arrivals(page)).get(eventId) ?? 0) >= least;
    await eventually(() => arrived(4), "the event on four panes");
    assert.equal(await arrived(5), false);
    await page.getByRole("button", { name: "Resume WebSocket" }).click();
    await eventually(() => arrived(5), "the event on the fifth");
    await page.getByRole("button", { name: "At full speed: SSE" }).click();
    await eventually(async () => new Set(await counts(page)).size === 1, "as many events on every pane");
  });

  walk("what the server refuses is taken back", async (t) => {
    const staff = await visit(t);
    const placed = await demo.store.alice.placeOrder((await availablePet()).id);
    await demo.store.alice.payOrder(placed);
    await staff.signIn("staff", "/operations");
    const card = (status) => staff.page.locator(`[data-status=${status}] [data-order="${placed.id}"]`);
    await card("APPROVED").waitFor();
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await staff.page.route("**/ship", async (route) => {
      await held;
      await demo.store.alice.cancelOrder(placed.id);
      await route.continue();
    });
    await card("APPROVED").getByRole("button", { name: /^Ship/ }).click();
    await card("SHIPPED").getByText("Saving…").waitFor();
    release();
    await staff.page.getByText(/could not be shipped/).waitFor();
    await card("CANCELLED").waitFor();
    assert.equal(await card("SHIPPED").count(), 0);
  });

  walk("a cancellation can be undone", async (t) => {
    const staff = await visit(t);
    const placed = await demo.store.alice.placeOrder((await availablePet()).id);
    await staff.signIn("staff", "/operations");
    const card = staff.page.locator(`[data-order="${placed.id}"]`);
    await card.getByRole("button", { name: /^Cancel/ }).click();
    await staff.page.getByRole("dialog").getByRole("button", { name: "Cancel the order" }).click();
    await card.getByRole("button", { name: "Undo" }).click();
    await card.getByText("Waits for payment").waitFor();
    assert.equal((await demo.store.alice.order(placed.id)).status, "PLACED");
  });

  walk("a webhook fails, is resent, and is verified", async (t) => {
    const staff = await visit(t);
    const { page } = staff;
    await staff.signIn("staff", "/webhooks");
    await page.getByRole("button", { name: "New endpoint" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
    await page.getByText("The secret, shown this once").waitFor();
    await page.getByLabel("It answers").selectOption("503");
    await eventually(async () => (await page.locator(".endpoint-url").textContent()).endsWith("?status=503"), "the new answer");
    await page.getByRole("button", { name: "Send a test" }).click();
    const delivery = page.locator("[data-delivery]").filter({ hasText: "endpoint.test" });
    await delivery.getByText("answered 503").waitFor();
    await page.getByLabel("It answers").selectOption("200");
    await eventually(async () => !(await page.locator(".endpoint-url").textContent()).includes("?"), "the old answer");
    await delivery.getByRole("button", { name: /^Resend/ }).click();
    await delivery.getByText("Succeeded").waitFor();
    const received = page.getByRole("list", { name: "Received requests" }).getByRole("listitem");
    await received.filter({ hasText: "Verified" }).nth(1).waitFor();
    await delivery.getByRole("button", { name: /^Attempts/ }).click();
    await delivery.getByText("#2 at").waitFor();

    await page.getByRole("button", { name: "Rotate secret" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
    await page.getByText("The secret, shown this once").waitFor();
    await page.getByRole("button", { name: "Send a test" }).click();
    await received.filter({ hasText: "Verified" }).nth(2).waitFor();
    assert.equal(await received.filter({ hasText: "does not fit" }).count(), 0);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("The endpoint is deleted.").waitFor();
  });

  walk("the advisor answers as it types, and the staff take over", async (t) => {
    const [alice, staff] = [await visit(t), await visit(t)];
    await alice.signIn("alice", "/chat");
    await alice.page.getByRole("button", { name: /^(Begin|New)/ }).first().click();
    const write = async ({ page }, text) => {
      await page.getByLabel("Message", { exact: true }).fill(text);
      await page.getByLabel("Message", { exact: true }).press("Enter");
    };
    const bubbles = ({ page }, author) => page.locator(`[data-author=${author}]`);
    await write(alice, `${MARKUP} my dog ate some grapes off the floor`);
    await alice.page.locator(".red-flag.pinned").getByText("See a vet now").waitFor();
    await bubbles(alice, "ADVISOR").getByRole("list", { name: "Sources" }).getByText("Grapes, raisins and currants").waitFor();
    assert.equal(await bubbles(alice, "ADVISOR").count(), 1, "one answer, streamed or whole");
    await bubbles(alice, "USER").getByText("<script>alert(2)</script>").waitFor();

    await alice.page.getByRole("button", { name: "Ask for a person" }).click();
    await staff.signIn("staff", "/chat");
    await staff.page.locator(".room-tab").filter({ hasText: "Waiting" }).first().click();
    await staff.page.getByRole("button", { name: "Take over" }).click();
    await alice.page.locator(".chat-head").getByText("A member of the staff is here").waitFor();
    await write(staff, "How many grapes, and how heavy is she?");
    await bubbles(alice, "STAFF").getByText("How many grapes").waitFor();
    await write(alice, "about five, ten kilos");
    await bubbles(staff, "USER").getByText("about five").waitFor();
    assert.equal(await bubbles(staff, "ADVISOR").count(), 1, "the advisor is silent");
    await staff.page.getByRole("button", { name: "Hand back" }).click();
    await alice.page.locator(".chat-head").getByText("The advisor answers").waitFor();
  });

  walk("signs in by OAuth2 with PKCE", async (t) => {
    const bob = await visit(t);
    await bob.goto("/sign-in?to=%2Forders");
    await bob.page.getByRole("button", { name: "Sign in with OAuth2" }).click();
    await logIn(bob.page, "bob", DEMO_PASSWORD);
    await bob.page.getByRole("button", { name: "Allow" }).click();
    await bob.page.waitForURL(`${bob.url}/orders`);
    await bob.page.locator(".account-name").getByText("bob").waitFor();
    await bob.page.locator("[data-order]").first().waitFor();
    const other = await visit(t);
    await other.goto("/sign-in/callback?code=stolen&state=made-up");
    await other.page.getByText("does not belong to a sign-in").waitFor();
  });

  walk("markup in what people write is shown as text", async (t) => {
    const pet = await demo.store.staff.call("POST", "/v1/pets", {
      name: "<b>Rex</b><i>",
      species: "DOG",
      breed: MARKUP.slice(0, 40),
      description: MARKUP,
      ageMonths: 5,
      price: "75.00",
      tags: [{ name: "<u>calm</u>" }],
    });
    const admin = await visit(t);
    await admin.goto(`/?q=${encodeURIComponent('<b>Rex</b>')}`);
    await admin.page.getByText(pet.name).first().waitFor();
    await admin.signIn("admin", `/pets/${pet.id}`);
    await admin.page.getByText(MARKUP).waitFor();
    await order(admin, pet);
    await admin.goto("/operations");
    await admin.page.locator("[data-status=PLACED]").getByText(pet.name).waitFor();
    await admin.goto("/operations?tab=audit");
    await admin.page.locator(".audit").first().waitFor();
    await admin.goto("/lab?x=%3Cscript%3Ealert(3)%3C/script%3E");
    await labIsLive(admin.page);
    assert.equal(await admin.page.locator("img[src=x], main script").count(), 0);
  });

  walk("a session that ends in the middle of the work keeps what was typed", async (t) => {
    const bob = await visit(t);
    const pet = await availablePet();
    await bob.signIn("bob", `/pets/${pet.id}`);
    await order(bob, pet);
    const pay = bob.page.getByRole("form", { name: "Pay" });
    await pay.getByLabel("Name on the card").fill("Roberta Martins");
    await (await demo.store.anonymous.login("bob")).send("DELETE", "/v1/auth/tokens?all=true");
    const over = bob.page.getByRole("dialog", { name: "Your session has ended" });
    await over.getByRole("button", { name: "Go on as bob" }).click();
    await over.waitFor({ state: "hidden" });
    assert.equal(await pay.getByLabel("Name on the card").inputValue(), "Roberta Martins");
    await pay.getByRole("button", { name: /^Pay/ }).click();
    await bob.page.getByText("Payment taken").waitFor();
  });

  walk("a server that goes away is said, and its return is noticed", async (t) => {
    const own = await demoStore();
    t.after(() => own.server.destroy());
    const alice = await Visitor.open(t, demo.browser, own.server.url, { outage: true });
    const [pet] = await own.anonymous.availablePets(1);
    await alice.signIn("alice", `/pets/${pet.id}`);
    await alice.live();
    await alice.page.getByRole("button", { name: `Order ${pet.name}` }).waitFor();
    await own.server.kill9();
    await alice.page.getByRole("alert").getByText("No live connection").waitFor();
    await alice.page.getByRole("button", { name: `Order ${pet.name}` }).click();
    await alice.page.getByText("The server does not answer.").waitFor();
    await own.server.restart();
    await alice.backAgain();
    await alice.page.getByRole("alert").getByText("No live connection").waitFor({ state: "hidden" });
    await order(alice, pet);
    assert.equal((await new Api(own.server.url).login("alice").then((api) => api.call("GET", `/v1/orders?petId=${pet.id}`))).data.length, 1);
  });
});

test("the log has no errors", () => assert.deepEqual(demo.store.server.errorLines(), []));
