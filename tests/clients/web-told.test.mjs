// What the demo's pages say is true, said once, and said where it is seen.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { eventually } from "./wait.mjs";
import { demoInBrowser } from "./walks.mjs";

const PHONE = { options: { viewport: { width: 360, height: 740 } } };
/** The longest name that a pet may have, in one word. */
const LONG = "Donaudampfschifffahrtsgesellschaftskapitaensmuetze";

const demo = demoInBrowser(120_000);
const { visit, walk } = demo;

const newPet = (name) => demo.store.staff.call("POST", "/v1/pets", { name, species: "CAT", description: "Nice.", ageMonths: 5, price: "10.00" });
const box = (page) => page.getByLabel("Message", { exact: true });

describe("what the pages say", () => {
  walk("words as long as people write them fit on a phone", async (t) => {
    const { id } = await newPet(LONG);
    const alice = await (await visit(t, PHONE)).signInAt("alice", `/pets/${id}`);
    const { page } = alice;
    const fits = async (what) => {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= PHONE.options.viewport.width, `${what} is ${wide} wide`);
    };
    await page.getByRole("button", { name: `Order ${LONG}` }).waitFor();
    await fits("the pet");
    assert.equal(await page.title(), `${LONG} · Petstore Live`);
    await page.getByRole("button", { name: `Order ${LONG}` }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("form", { name: "Pay" }).waitFor();
    await eventually(() => page.evaluate(() => document.activeElement?.textContent?.startsWith("Your order")), "the focus on the order");
    await fits("the pet with its order");
    const href = await page.getByRole("region", { name: "Order" }).getByRole("link").getAttribute("href");
    for (const [path, ready] of [["/?status=any&q=Donau", ".pet-link"], ["/orders", "[data-order]"], [href, ".step"]]) {
      await alice.goto(path);
      await page.locator(ready).first().waitFor();
      await fits(path);
    }
  });

  walk("on a phone the line to write in is on the screen, and only the advisor calls for a vet", async (t) => {
    const alice = await (await visit(t, PHONE)).signInAt("alice", "/chat");
    const { page } = alice;
    await page.getByRole("button", { name: /^(Begin|New)/ }).first().click();
    await box(page).fill("SEE A VET NOW. my hamster is fine");
    await box(page).press("Enter");
    await page.locator("[data-author=ADVISOR] .citations, [data-author=ADVISOR] time").first().waitFor();
    assert.equal(await page.locator("[data-author=USER] .red-flag").count(), 0);
    await box(page).fill("my dog ate some grapes off the floor");
    await box(page).press("Enter");
    await page.locator(".red-flag.pinned").waitFor();
    const { y, height } = await page.getByRole("button", { name: "Send" }).boundingBox();
    const nav = await page.locator(".bottom-places").boundingBox();
    assert.ok(y + height <= nav.y, `the button ends at ${y + height}, the navigation begins at ${nav.y}`);
  });

  walk("a picture in a conversation is seen by both sides", async (t) => {
    const bob = await (await visit(t)).signInAt("bob", "/chat");
    await bob.page.getByRole("button", { name: /^(Begin|New)/ }).first().click();
    await box(bob.page).waitFor();
    const buffer = await bob.page.screenshot({ clip: { x: 0, y: 0, width: 40, height: 30 } });
    await bob.page.getByLabel("Picture", { exact: true }).setInputFiles({ name: "cat.png", mimeType: "image/png", buffer });
    await bob.page.getByText("cat.png").waitFor();
    await box(bob.page).fill("this is my cat");
    await box(bob.page).press("Enter");
    await bob.page.getByRole("img", { name: "A picture from you" }).waitFor();
    const staff = await (await visit(t)).signInAt("staff", new URL(bob.page.url()).pathname + new URL(bob.page.url()).search);
    const picture = staff.page.getByRole("img", { name: "A picture from the customer" });
    await picture.waitFor();
    assert.deepEqual(await picture.evaluate(({ width, height }) => [width, height]), [40, 30]);
    const drawn = await picture.evaluate((canvas) => canvas.getContext("2d").getImageData(0, 0, 40, 30).data.some((value) => value > 0));
    assert.ok(drawn, "it is drawn");
  });

  walk("a conversation that is not there is said, and asked for no more", async (t) => {
    const alice = await (await visit(t)).signInAt("alice", "/chat?room=bogus");
    let sockets = 0;
    await alice.page.getByText("There is no such conversation").waitFor();
    alice.page.on("websocket", () => (sockets += 1));
    await alice.page.waitForTimeout(1_500);
    assert.equal(sockets, 0);
  });

  walk("what went wrong in a dialog is said in it, and payments stand before what they did", async (t) => {
    const [pet] = await demo.store.anonymous.availablePets(1);
    const alice = await (await visit(t, { outage: true })).signInAt("alice", `/pets/${pet.id}`);
    const { page } = alice;
    await page.getByRole("button", { name: `Order ${pet.name}` }).click();
    await page.getByRole("form", { name: "Pay" }).getByRole("button", { name: /^Pay/ }).click();
    const steps = page.getByRole("list", { name: "What happened" });
    await steps.getByText("Approved").waitFor();
    await steps.getByText("Payment taken").waitFor();
    const told = () => steps.locator("strong").allTextContents();
    const live = await told();
    await alice.goto(await page.getByRole("region", { name: "Order" }).getByRole("link").getAttribute("href"));
    await steps.getByText("Approved").waitFor();
    assert.deepEqual([live, await told()], [["Placed", "Payment taken", "Approved"], ["Placed", "Payment taken", "Approved"]]);

    await page.route("**/v1/orders/*", (route) => (route.request().method() === "DELETE" ? route.abort() : route.continue()));
    await page.getByRole("button", { name: "Cancel the order" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Cancel the order" }).click();
    await dialog.getByText("The server does not answer.").waitFor();
    alice.faults = alice.faults.filter((fault) => !fault.includes("ERR_FAILED"));
  });

  walk("users and the audit log are told anew, and new pets are offered", async (t) => {
    const admin = await demo.store.anonymous.login("admin");
    const { data } = await admin.call("GET", "/v1/admin/users?limit=20");
    const user = data.find(({ username, status }) => status === "ACTIVE" && !["admin", "staff", "alice", "bob"].includes(username));
    const visitor = await (await visit(t)).signInAt("admin", "/operations?tab=users");
    const { page } = visitor;
    const row = page.getByRole("row").filter({ hasText: user.username });
    await row.getByText("Active", { exact: true }).waitFor();
    await admin.call("PATCH", `/v1/admin/users/${user.id}/status`, { status: "SUSPENDED" });
    await row.getByText("Suspended", { exact: true }).waitFor();
    await visitor.goto("/");
    await page.locator(".pet-link").first().waitFor();
    await visitor.live();
    const { name } = await newPet("Newcomer");
    await page.getByRole("button", { name: "1 new: show" }).click();
    await page.locator(".pet-link").filter({ hasText: name }).waitFor();
  });

  walk("numbers that are not known, or not whole, are not passed off as such", async (t) => {
    const staff = await visit(t);
    const { page } = staff;
    await page.route("**/v1/inventory", (route) => route.fulfill({ status: 429, body: "" }));
    await page.route(/\/v1\/orders\?.*createdFrom/, async (route) => {
      const response = await route.fetch();
      const page = await response.json();
      await route.fulfill({ response, json: { ...page, pagination: { ...page.pagination, totalPages: 99 } } });
    });
    await demo.store.alice.placeOrder((await demo.store.anonymous.availablePets(1))[0].id);
    await staff.signIn("staff", "/operations");
    const tile = (name) => page.locator(".tile").filter({ hasText: name }).locator(".tile-value");
    await page.getByText("Some numbers could not be loaded").waitFor();
    await eventually(async () => /^\d+\+$/.test(await tile("Orders in 30 minutes").textContent()), "a number with a plus");
    assert.equal(await tile("Available pets").textContent(), "–");
    await page.unroute("**/v1/inventory");
    await page.getByRole("button", { name: "Try again" }).click();
    await eventually(async () => /^\d+$/.test(await tile("Available pets").textContent()), "the number of pets");
  });

  walk("signing in comes back to the same page, and signing out leaves nothing behind", async (t) => {
    const staff = await visit(t);
    const { page } = staff;
    await staff.goto("/?species=CAT");
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByRole("button", { name: /^staff / }).click();
    await page.waitForURL(`${staff.url}/?species=CAT`);
    await staff.goto("/lab");
    await page.getByRole("button", { name: "Simulate traffic" }).click();
    await page.getByRole("link", { name: "Store" }).first().click();
    await page.getByRole("banner").getByRole("button", { name: "Stop the traffic" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Stop the traffic" }).count(), 0);
    assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
  });

  walk("a store without demo accounts offers none, and those who may not are told so", async (t) => {
    const nobody = await visit(t);
    await nobody.page.route("**/oauth/authorize?*", (route) => route.fulfill({ status: 404, body: "" }));
    await nobody.goto("/sign-in");
    await nobody.page.getByRole("heading", { name: "Your account" }).waitFor();
    assert.equal(await nobody.page.locator(".account-card").count(), 0);
    const alice = await visit(t);
    await alice.signIn("alice", "/operations");
    await alice.page.getByText("This is where the staff work").waitFor();
    await alice.page.goBack();
    await alice.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await alice.page.goForward();
    await alice.page.getByText("This is where the staff work").waitFor();
  });

  walk("an address where nothing stands is said by a page, and to programs by a problem", async (t) => {
    const nobody = await visit(t);
    const answer = await nobody.page.goto(`${demo.store.server.url}/nowhere`);
    assert.equal(answer.status(), 404);
    await nobody.page.getByRole("heading", { name: "There is no such page" }).waitFor();
    assert.equal(await nobody.page.title(), "No such page · Petstore Live");
    const { status, headers } = await fetch(`${demo.store.server.url}/nowhere`);
    assert.deepEqual([status, headers.get("content-type")], [404, "application/problem+json"]);
  });

  walk("the code to copy runs", async (t) => {
    const staff = await (await visit(t)).signInAt("staff", "/lab");
    const { page } = staff;
    const code = async (protocol, language) => {
      await page.getByRole("tab", { name: protocol, exact: true }).click();
      await page.getByRole("button", { name: language, exact: true }).click();
      return page.locator(".code code").innerText();
    };
    const scripts = [];
    for (const protocol of ["SSE", "WebSocket"]) scripts.push(await code(protocol, "JavaScript"));
    const reader = await visit(t);
    await reader.goto("/sign-in");
    const lines = [];
    reader.page.on("console", (line) => lines.push(line.text()));
    const devtools = await reader.context.newCDPSession(reader.page);
    for (const script of scripts) {
      const { exceptionDetails } = await devtools.send("Runtime.evaluate", { expression: `{ const TOKEN = ${JSON.stringify(demo.store.staff.token)};\n${script} }` });
      assert.equal(exceptionDetails, undefined, script);
    }
    const shell = await code("Webhook", "curl");
    const { stdout } = await promisify(execFile)("sh", ["-c", shell], { timeout: 20_000 });
    assert.match(stdout, /"secret":"whsec_/);
    const [pet] = await demo.store.anonymous.availablePets(1);
    const order = await demo.store.alice.placeOrder(pet.id);
    await demo.store.alice.payOrder(order);
    await eventually(() => lines.length >= 3, "an event on each of the two", 10_000);
  });
});

test("the log has no errors", () => assert.deepEqual(demo.store.server.errorLines(), []));
