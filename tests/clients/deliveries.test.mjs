// The deliveries of a webhook endpoint followed with the official clients: over a pulled cable, nothing lost or doubled.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "graphql-sse";
import { connectGraphql, subscribeGraphql } from "./channels/graphql.mjs";
import { Subscription } from "./channels/channel.mjs";
import { demoStore } from "./fixture.mjs";
import { CuttableProxy } from "./proxy.mjs";
import { Receiver } from "./receiver.mjs";
import { within } from "./wait.mjs";

const TEST_LIMIT = { timeout: 120_000 };
const DELIVERIES = `subscription ($endpoint: ID!, $after: Cursor) {
  deliveries(endpoint: $endpoint, after: $after) {
    cursor attempt { id number statusCode } delivery { status eventId } } }`;

let store;
let receiver;
let endpoint;

before(async () => {
  store = await demoStore({ PETSTORE_WEBHOOK_RETRY_SCHEDULE_S: "0,1" });
  receiver = await Receiver.start();
  endpoint = await store.staff.createWebhookEndpoint(receiver.url, ["pet.created"]);
  receiver.secret = endpoint.secret;
}, TEST_LIMIT);

after(() => {
  receiver?.close();
  store?.server.destroy();
});

const now = async () => (await store.staff.graphql("query ($id: ID!) { deliveriesCursor(endpoint: $id) }", { id: endpoint.id })).deliveriesCursor;

/** The cursor is read when the request is sent, also after a reconnect. */
const variables = (inbox, start) => ({
  endpoint: endpoint.id,
  get after() {
    return inbox.items.at(-1)?.cursor ?? start;
  },
});

/** Makes pets until the receiver has had that many requests in all. */
async function makePets(count) {
  const before = receiver.requests.items.length;
  for (let made = 0; made < count; made += 1) await store.staff.createPet();
  await receiver.requests.untilCount(before + count, "deliveries");
}

test("the graphql-ws client reconnects by itself and misses no attempt", TEST_LIMIT, async (t) => {
  const proxy = await CuttableProxy.start(store.server.port);
  t.after(() => proxy.close());
  const subscription = new Subscription();
  const { client } = await connectGraphql({ url: proxy.url, token: store.staff.token, reconnect: true });
  t.after(() => client.dispose());
  const { inbox } = subscription;
  subscribeGraphql(client, { query: DELIVERIES, variables: variables(inbox, await now()) }, subscription);
  receiver.failNext(() => true, 503);
  await makePets(1);
  const [failed, again] = await inbox.untilCount(2, "a failed attempt and the next");
  assert.deepEqual([failed.attempt.statusCode, again.attempt.statusCode], [503, 204]);
  assert.deepEqual([failed.attempt.number, again.attempt.number], [1, 2]);
  assert.equal(again.delivery.status, "SUCCEEDED");

  const tried = proxy.unplug();
  await makePets(20);
  await within(tried, "the client's attempt to reconnect");
  proxy.plug();
  await inbox.untilCount(22, "what was missed");
  await makePets(1);
  const items = await inbox.untilCount(23, "one more, live");
  const attempts = await store.staff.call("GET", `/v1/webhook-endpoints/${endpoint.id}/attempts?limit=100`);
  assert.deepEqual(items.map((item) => item.attempt.id).sort(), attempts.data.map((attempt) => attempt.id).sort());
});

test("the graphql-sse client goes on after the last attempt that it saw", TEST_LIMIT, async (t) => {
  const start = await now();
  const seen = [];
  for (const singleConnection of [false, true]) {
    const client = createClient({
      url: `${store.server.url}/v1/graphql`,
      singleConnection,
      retryAttempts: 0,
      headers: { authorization: `Bearer ${store.staff.token}` },
    });
    t.after(() => client.dispose());
    const { inbox } = new Subscription();
    const query = { query: DELIVERIES, variables: { endpoint: endpoint.id, after: seen.at(-1)?.cursor ?? start } };
    client.subscribe(query, {
      next: ({ data, errors }) => (errors ? inbox.fail(new Error(JSON.stringify(errors))) : inbox.push(data.deliveries)),
      error: (error) => inbox.fail(new Error(JSON.stringify(error))),
      complete: () => inbox.fail(new Error("the stream was completed")),
    });
    await makePets(2);
    // The first client leaves with one of the two.
    seen.push(...(await inbox.untilCount(2, "attempts")).slice(0, singleConnection ? 3 : 1));
    client.dispose();
  }
  const events = seen.map((item) => item.delivery.eventId);
  assert.equal(new Set(events).size, events.length, "nothing doubled");
  assert.deepEqual(events.slice(0, 3), receiver.requests.items.slice(-4, -1).map((request) => request.eventId));
});
