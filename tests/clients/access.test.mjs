// Nobody hears what is not theirs: who may not listen gets the named error, the same on every channel.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Api } from "./api.mjs";
import { CHANNELS } from "./channels/index.mjs";
import { connectGraphql } from "./channels/graphql.mjs";
import { Refused } from "./channels/channel.mjs";
import { connectSocket } from "./channels/socketio.mjs";
import { Connection, ws } from "./channels/ws.mjs";
import { demoStore, listen, refusalOf } from "./fixture.mjs";
import { ids, restDriver, runStory } from "./story.mjs";

const TEST_LIMIT = { timeout: 180_000 };
const BAD_TOKEN = "not.a.token";

let store;

before(async () => {
  store = await demoStore();
}, TEST_LIMIT);

after(() => store?.server.destroy());

/** The problem that REST answers for the same topics: the yardstick for every channel. */
async function pollProblem(api, topic, status, name) {
  const answer = await api.send("GET", `/v1/events?topics=${topic}`);
  assert.equal(answer.status, status);
  assert.match(answer.headers.get("content-type"), /^application\/problem\+json/);
  assert.equal(answer.body.type, `https://petstoreapi.com/errors/${name}`);
  assert.equal(answer.body.status, status);
  assert.equal(typeof answer.body.code, "string");
  return answer.body;
}

describe("an anonymous listener on orders", () => {
  for (const channel of CHANNELS) {
    test(`is refused on ${channel.name}`, TEST_LIMIT, async (t) => {
      const expected = await pollProblem(store.anonymous, "orders", 401, "unauthorized");
      const refusal = await refusalOf(t, channel, store.anonymous, { topics: ["orders"] });
      assert.equal(refusal.code, expected.code, String(refusal));
    });
  }
});

describe("bob on alice's order", () => {
  for (const channel of CHANNELS) {
    test(`is refused on ${channel.name}`, TEST_LIMIT, async (t) => {
      const { staff, alice, bob } = store;
      const order = await alice.placeOrder((await staff.createPet()).id);
      const expected = await pollProblem(bob, `orders/${order.id}`, 403, "forbidden");
      const refusal = await refusalOf(t, channel, bob, { topics: [`orders/${order.id}`] });
      assert.equal(refusal.code, expected.code, String(refusal));
    });
  }
});

describe("bob on orders and payments", () => {
  for (const channel of CHANNELS) {
    test(`hears only his own on ${channel.name}`, TEST_LIMIT, async (t) => {
      const { staff, alice, bob } = store;
      const subscription = await listen(t, channel, bob);
      await runStory(restDriver, { staff, buyer: alice });
      const { orderId } = await runStory(restDriver, { staff, buyer: bob });
      const events = await subscription.inbox.untilCount(5, "bob's own story");
      assert.deepEqual([...new Set(events.map((event) => event.data.order.id))], [orderId]);
      assert.equal(new Set(ids(events)).size, 5);
    });
  }
});

describe("pets are public", () => {
  for (const channel of CHANNELS) {
    test(`an anonymous listener hears them on ${channel.name}`, TEST_LIMIT, async (t) => {
      const subscription = await listen(t, channel, store.anonymous, { topics: ["pets"] });
      const pet = await store.staff.createPet();
      const isNew = (event) => event.eventType === "pet.created" && event.data.pet.id === pet.id;
      await subscription.inbox.until((events) => events.some(isNew), "the new pet");
    });
  }
});

describe("a token that is none", () => {
  test("WebSocket refuses the upgrade", TEST_LIMIT, async () => {
    for (const header of [false, true]) {
      await assert.rejects(Connection.open(store.server.url, { token: BAD_TOKEN, header }), (error) => {
        assert.ok(error instanceof Refused, String(error));
        assert.equal(error.problem.status, 401);
        return true;
      });
    }
  });

  test("WebSocket answers a bad first frame with an error", TEST_LIMIT, async (t) => {
    const connection = await Connection.open(store.server.url);
    t.after(() => connection.terminate());
    const reply = await connection.ask({ op: "auth", token: BAD_TOKEN });
    assert.equal(reply.op, "error");
    assert.equal(reply.error.status, 401);
  });

  test("SSE and its poll form answer 401", TEST_LIMIT, async (t) => {
    const stranger = new Api(store.server.url, BAD_TOKEN);
    await pollProblem(stranger, "pets", 401, "unauthorized");
    const refusal = await refusalOf(t, CHANNELS[0], stranger, { topics: ["pets"] });
    assert.equal(refusal.problem.status, 401);
  });

  for (const transport of ["websocket", "polling"]) {
    test(`Socket.IO refuses the handshake over ${transport}`, TEST_LIMIT, async () => {
      await assert.rejects(connectSocket({ url: store.server.url, token: BAD_TOKEN, transport }), (error) => {
        assert.ok(error instanceof Refused, String(error));
        assert.match(JSON.stringify(error.problem), /unauth|token/i, "not a mere transport error");
        return true;
      });
    });
  }

  test("graphql-ws closes with 4403 Forbidden or 4401 Unauthorized", TEST_LIMIT, async () => {
    await assert.rejects(connectGraphql({ url: store.server.url, token: BAD_TOKEN }), (error) => {
      assert.ok([4401, 4403].includes(error.problem?.status), String(error));
      return true;
    });
  });
});

test("WebSocket takes the token in the query, in the header and in the first frame", TEST_LIMIT, async (t) => {
  const { server, staff } = store;
  const inQuery = await Connection.open(server.url, { token: staff.token });
  const inHeader = await Connection.open(server.url, { token: staff.token, header: true });
  const inFrame = await Connection.open(server.url);
  assert.equal((await inFrame.ask({ op: "auth", token: staff.token })).op, "authenticated");
  for (const connection of [inQuery, inHeader, inFrame]) {
    t.after(() => connection.terminate());
    await connection.subscribe("s1", ["orders"]);
  }
});

test("several subscriptions live on one WebSocket and end one by one", TEST_LIMIT, async (t) => {
  const { server, staff, alice } = store;
  const connection = await Connection.open(server.url, { token: staff.token });
  t.after(() => connection.terminate());
  const orders = await connection.subscribe("orders", ["orders"]);
  const payments = await connection.subscribe("payments", ["payments"]);
  await runStory(restDriver, { staff, buyer: alice });
  const moves = await orders.inbox.untilCount(4, "order events");
  assert.ok(moves.every((event) => event.eventType.startsWith("order.")));
  await payments.inbox.untilCount(1, "payment event");

  const farewell = await connection.ask({ op: "unsubscribe", id: "payments" });
  assert.deepEqual({ op: farewell.op, id: farewell.id }, { op: "unsubscribed", id: "payments" });
  await runStory(restDriver, { staff, buyer: alice });
  await orders.inbox.untilCount(8, "order events of the second story");
  assert.equal(payments.inbox.items.length, 1, "nothing after unsubscribed");
  const refused = await connection.ask({ op: "unsubscribe", id: "payments" });
  assert.equal(refused.op, "error", "an id that is no longer subscribed");
});
