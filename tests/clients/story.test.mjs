// One order, live on every channel: the story by REST, then by GraphQL, with every official client listening.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CHANNELS } from "./channels/index.mjs";
import { connectGraphql, ORDER_STATUS_CHANGED, PAYMENT_SUCCEEDED, subscribeGraphql } from "./channels/graphql.mjs";
import { Subscription } from "./channels/channel.mjs";
import { position, ws } from "./channels/ws.mjs";
import { demoStore, listen } from "./fixture.mjs";
import { Receiver } from "./receiver.mjs";
import { graphqlDriver, ids, isDelivered, orderIdOf, restDriver, runStory, STEP_STATUSES, TOPICS } from "./story.mjs";
import { eventually } from "./wait.mjs";

const TEST_LIMIT = { timeout: 180_000 };
/** A failed delivery is sent again after a second. */
const QUICK_RETRIES = { PETSTORE_WEBHOOK_RETRY_SCHEDULE_S: "0,1,1,1" };

let store;
let receiver;
let endpoint;

before(async () => {
  store = await demoStore(QUICK_RETRIES);
  receiver = await Receiver.start();
  endpoint = await store.staff.createWebhookEndpoint(receiver.url, ["order.*", "payment.*"]);
  receiver.secret = endpoint.secret;
}, TEST_LIMIT);

after(async () => {
  receiver?.close();
  store?.server.destroy();
});

/** The envelope as a webhook carries it. */
const withoutCursor = ({ cursor, ...event }) => event;

/** Asserts that these are the events of one whole story, in an order that the state machine allows. */
function assertStory(events) {
  const said = events.map(({ eventType, data }) => (data.newStatus ? `${eventType} ${data.previousStatus}>${data.newStatus}` : eventType));
  assert.equal(said[0], "order.created");
  assert.deepEqual(said.slice(1, 3).sort(), ["order.statusChanged PLACED>APPROVED", "payment.succeeded"]);
  assert.deepEqual(said.slice(3), ["order.statusChanged APPROVED>SHIPPED", "order.statusChanged SHIPPED>DELIVERED"]);
  for (const event of events) {
    assert.match(event.eventId, /^evt_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]+$/);
    assert.match(event.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    assert.equal(typeof event.cursor, "string");
  }
  assert.equal(new Set(ids(events)).size, events.length, "no event id twice");
}

describe("every channel hears the same events in the same order", () => {
  for (const driver of [restDriver, graphqlDriver]) {
    test(`driven by ${driver.name}`, TEST_LIMIT, async (t) => {
      const { server, staff, alice } = store;
      const start = await position({ url: server.url, token: staff.token, topics: TOPICS });
      const subscriptions = await Promise.all(CHANNELS.map((channel) => listen(t, channel, staff)));
      const own = await listen(t, ws, alice);

      const { orderId, statuses } = await runStory(driver, { staff, buyer: alice });
      assert.deepEqual(statuses, STEP_STATUSES);

      const done = isDelivered(orderId);
      const hasEnd = (events) => events.some(done);
      const nameOf = (at) => CHANNELS[at]?.name ?? "alice's WebSocket";
      await Promise.all([...subscriptions, own].map(({ inbox }, at) => inbox.until(hasEnd, `end of the story on ${nameOf(at)}`)));
      const expected = await staff.events({ topics: TOPICS, after: start });
      assertStory(expected);
      for (const [at, { inbox }] of subscriptions.entries()) {
        assert.deepEqual(ids(inbox.items), ids(expected), `event ids on ${CHANNELS[at].name}`);
        assert.deepEqual(inbox.items, expected, `envelopes on ${CHANNELS[at].name}`);
      }
      assert.deepEqual(own.inbox.items, expected, "the buyer hears her own order");

      const isOurs = (event) => orderIdOf(event) === orderId;
      const hasAll = (events) => events.filter(isOurs).length >= expected.length;
      const all = await receiver.first.until(hasAll, "the story at the webhook receiver");
      const hooks = all.filter(isOurs);
      assert.deepEqual(receiver.refused, []);
      assert.deepEqual(ids(hooks), ids(expected), "event ids at the webhook receiver");
      assert.deepEqual(hooks, expected.map(withoutCursor), "bodies at the webhook receiver");
    });
  }
});

test("the typed GraphQL subscriptions tell the same story", TEST_LIMIT, async (t) => {
  const { server, staff, alice } = store;
  const start = await position({ url: server.url, token: staff.token, topics: TOPICS });
  const { orderId } = await runStory(restDriver, { staff, buyer: alice });
  const { client } = await connectGraphql(staff);
  t.after(() => client.dispose());
  const changes = new Subscription();
  const payments = new Subscription();
  subscribeGraphql(client, { query: ORDER_STATUS_CHANGED, variables: { orderId, after: start } }, changes);
  subscribeGraphql(client, { query: PAYMENT_SUCCEEDED, variables: { after: start } }, payments);
  await changes.inbox.untilCount(3, "orderStatusChanged");
  await payments.inbox.untilCount(1, "paymentSucceeded");

  const expected = await staff.events({ topics: TOPICS, after: start });
  const moved = expected.filter((event) => event.eventType === "order.statusChanged");
  assert.deepEqual(
    changes.inbox.items,
    moved.map(({ eventId, cursor, data: { order, previousStatus, newStatus } }) => ({
      eventId, cursor, order: { id: order.id, status: order.status }, previousStatus, newStatus,
    })),
  );
  const paid = expected.filter((event) => event.eventType === "payment.succeeded");
  assert.deepEqual(
    payments.inbox.items,
    paid.map(({ eventId, cursor, data: { payment } }) => ({ eventId, cursor, payment: { id: payment.id }, order: { id: orderId } })),
  );
});

test("one order's topic and one pet's topic carry only that order and that pet", TEST_LIMIT, async (t) => {
  const { staff, alice } = store;
  const pet = await staff.createPet("Milo");
  const order = await alice.placeOrder(pet.id);
  const onOrder = await Promise.all(CHANNELS.map((channel) => listen(t, channel, alice, { topics: [`orders/${order.id}`] })));
  const onPet = await listen(t, ws, alice, { topics: [`pets/${pet.id}`] });
  const other = await alice.placeOrder((await staff.createPet("Otto")).id);
  await alice.cancelOrder(other.id);
  await alice.cancelOrder(order.id);
  const isCancelled = (event) => event.eventType === "order.statusChanged" && event.data.newStatus === "CANCELLED";
  for (const [at, { inbox }] of onOrder.entries()) {
    const events = await inbox.until((items) => items.some(isCancelled), `cancellation on ${CHANNELS[at].name}`);
    assert.deepEqual(events.map((event) => event.data.order.id), [order.id], CHANNELS[at].name);
  }
  const petEvents = await onPet.inbox.untilCount(1, "the pet is free again");
  assert.ok(petEvents.every((event) => event.data.pet.id === pet.id), JSON.stringify(petEvents));
});

test("a failed delivery is sent again, and both attempts are listed", TEST_LIMIT, async () => {
  const { staff, alice } = store;
  const pet = await staff.createPet("Fips");
  const isOurs = (event) => event.data.order.petId === pet.id;
  receiver.failNext(isOurs, 500);
  await alice.placeOrder(pet.id);
  const [event] = (await receiver.first.until((events) => events.some(isOurs), "the event that failed at first")).filter(isOurs);

  const tries = receiver.requests.items.filter((request) => request.eventId === event.eventId);
  assert.deepEqual(tries.map((request) => request.answered), [500, 204]);
  assert.equal(tries[0].webhookId, tries[1].webhookId, "a retry keeps its id, so that a receiver can drop doubles");
  const attempts = await eventually(async () => {
    const delivery = (await staff.webhookDeliveries(endpoint.id)).find((one) => one.eventId === event.eventId);
    const found = delivery && (await staff.webhookAttempts(endpoint.id, delivery.id));
    return found?.length === 2 && found;
  }, "both attempts are recorded");
  assert.deepEqual(attempts.map(({ number, statusCode }) => ({ number, statusCode })).sort((a, b) => a.number - b.number),
    [{ number: 1, statusCode: 500 }, { number: 2, statusCode: 204 }]);
});

test("a secret is shown once", TEST_LIMIT, async () => {
  const { staff } = store;
  assert.match(endpoint.secret, /^whsec_[A-Za-z0-9+/=]+$/);
  const read = await staff.call("GET", `/v1/webhook-endpoints/${endpoint.id}`);
  assert.equal(read.url, receiver.url);
  assert.equal(read.enabled, true);
  assert.equal(read.secret, undefined);
});
