// kill -9 in the middle of a run of concurrent orders, again and again, on the same data: nothing that was answered is
// gone, nobody who resumes misses or doubles an event, every webhook arrives.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ApiError } from "./api.mjs";
import { lastCursor } from "./channels/channel.mjs";
import { CHANNELS } from "./channels/index.mjs";
import { position } from "./channels/ws.mjs";
import { demoStore, listen } from "./fixture.mjs";
import { Receiver } from "./receiver.mjs";
import { ids, TOPICS } from "./story.mjs";

const BUYERS = 6;
/** The server is killed when this many more commands have been answered 2xx; odd, so that orders stand half-way. */
const ROUNDS = [5, 23, 47];
/** A delivery that was under way at the crash is sent again when its lease ends, so the lease is short here. */
const SHORT_LEASE = { PETSTORE_WEBHOOK_TIMEOUT_MS: "2000", PETSTORE_WEBHOOK_LEASE_MS: "3000" };
const WEBHOOK_LIMIT_MS = 20_000;
const TEST_LIMIT = { timeout: 180_000 };

/** How far an order is in its life; a later status contains the earlier ones. */
const RANK = ["PLACED", "APPROVED", "SHIPPED", "DELIVERED"];

let store;
let receiver;

before(async () => {
  store = await demoStore(SHORT_LEASE);
  receiver = await Receiver.start();
}, TEST_LIMIT);

after(() => {
  receiver?.close();
  store?.server.destroy();
});

/**
 * Buyers that order, pay, ship and deliver pet after pet until the server is gone. `answered` maps each order to the
 * last status that was answered 2xx.
 */
class Run {
  /** @type {Map<string, string>} */
  answered = new Map();
  commands = 0;
  #pets;
  #limit = Infinity;
  #onLimit = () => {};

  constructor(pets) {
    this.#pets = pets;
  }

  /** Runs all buyers; `atLimit` is called once, at the answer to the given command, while others are under way. */
  async until(limit, atLimit) {
    this.#limit = this.commands + limit;
    const killed = new Promise((resolve) => (this.#onLimit = () => resolve(atLimit())));
    const buyers = Array.from({ length: BUYERS }, () => this.#buy().catch(assertConnectionLost));
    await Promise.all([killed, ...buyers]);
  }

  async #buy() {
    const { alice, staff } = store;
    for (let pet = this.#pets.pop(); pet; pet = this.#pets.pop()) {
      const order = await alice.placeOrder(pet.id);
      this.#note(order.id, "PLACED");
      await alice.payOrder(order);
      this.#note(order.id, "APPROVED");
      await staff.shipOrder(order.id);
      this.#note(order.id, "SHIPPED");
      await staff.deliverOrder(order.id);
      this.#note(order.id, "DELIVERED");
    }
    throw new Error("the pets ran out before the kill");
  }

  #note(orderId, status) {
    this.answered.set(orderId, status);
    this.commands += 1;
    if (this.commands === this.#limit) this.#onLimit();
  }
}

/** A broken connection is what a kill looks like; an answer that is an error, or a bug of the test, is not. */
function assertConnectionLost(error) {
  const lost = error instanceof TypeError && error.message === "fetch failed";
  const cut = error instanceof TypeError && error.message === "terminated";
  if (error instanceof ApiError || !(lost || cut)) throw error;
}

test("kill -9 under load, restart, and nothing is lost", TEST_LIMIT, async (t) => {
  const { server, staff } = store;
  const endpoint = await staff.createWebhookEndpoint(receiver.url, ["order.*", "payment.*"]);
  receiver.secret = endpoint.secret;
  const start = await position({ url: server.url, token: staff.token, topics: TOPICS });
  const run = new Run(await staff.availablePets());
  /** @type {import("./channels/channel.mjs").Envelope[][]} */
  const heard = CHANNELS.map(() => []);
  const listenAll = () => Promise.all(CHANNELS.map((channel, at) => listen(t, channel, staff, { after: lastCursor(heard[at], start) })));
  const leave = (subscriptions) => {
    for (const [at, subscription] of subscriptions.entries()) {
      subscription.close();
      heard[at].push(...subscription.inbox.items);
    }
  };

  for (const limit of ROUNDS) {
    const subscriptions = await listenAll();
    await run.until(limit, () => server.kill9());
    leave(subscriptions);
    await server.restart();
  }

  const expected = await staff.events({ topics: TOPICS, after: start });
  const subscriptions = await listenAll();
  const last = expected.at(-1);
  const isLast = (event) => event.eventId === last.eventId;
  for (const [at, { inbox }] of subscriptions.entries()) {
    const already = heard[at].some(isLast);
    if (!already) await inbox.until((events) => events.some(isLast), `the last event on ${CHANNELS[at].name}`);
  }
  leave(subscriptions);
  for (const [at, events] of heard.entries()) {
    assert.deepEqual(ids(events), ids(expected), `events on ${CHANNELS[at].name} over ${ROUNDS.length} crashes`);
  }
  const fromStart = await staff.events({ topics: TOPICS });
  assert.deepEqual(ids(fromStart.slice(-expected.length)), ids(expected), "paged from the oldest that is kept");

  await assertAnsweredOrdersStand(run.answered, expected);

  const wanted = new Set(ids(expected));
  const allArrived = (events) => events.filter((event) => wanted.has(event.eventId)).length === wanted.size;
  await receiver.first.until(allArrived, "every webhook", WEBHOOK_LIMIT_MS);
  assert.deepEqual(receiver.refused, []);
  assert.deepEqual(server.errorLines(), []);
});

/** Each order is at least where its last 2xx answer put it, and the log holds every step to where it stands. */
async function assertAnsweredOrdersStand(answered, events) {
  assert.ok(answered.size >= BUYERS);
  for (const [orderId, status] of answered) {
    const order = await store.staff.order(orderId);
    assert.ok(RANK.indexOf(order.status) >= RANK.indexOf(status), `${orderId}: answered ${status}, is ${order.status}`);
    const moves = events.filter((event) => event.eventType === "order.statusChanged" && event.data.order.id === orderId);
    assert.deepEqual(moves.map((event) => event.data.newStatus), RANK.slice(1, RANK.indexOf(order.status) + 1), orderId);
  }
}
