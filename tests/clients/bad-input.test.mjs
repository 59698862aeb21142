// Bad frames, bodies and parameters: a clear error that names the field, and the connection lives on.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectGraphql, EVENTS, subscribeGraphql } from "./channels/graphql.mjs";
import { Subscription } from "./channels/channel.mjs";
import { ask, connectSocket } from "./channels/socketio.mjs";
import { Connection } from "./channels/ws.mjs";
import { demoStore } from "./fixture.mjs";
import { within } from "./wait.mjs";

const TEST_LIMIT = { timeout: 180_000 };
const FRAME_LIMIT_BYTES = 64 * 1024;
const BODY_LIMIT_BYTES = 1024 * 1024;
/** RFC 6455: invalid UTF-8 in a text frame, and a message that is too big. */
const CLOSE_INVALID_TEXT = 1007;
const CLOSE_TOO_BIG = 1009;
/** A well-formed id of nothing. */
const UNKNOWN_ID = "019b4139-1234-7abc-8def-123456789abc";

let store;

before(async () => {
  store = await demoStore();
}, TEST_LIMIT);

after(() => {
  const errors = store?.server.errorLines() ?? [];
  store?.server.destroy();
  assert.deepEqual(errors, [], "bad input is no error of the server");
});

/** Asserts a problem of the caller's making; `field`, where given, must be named. */
function assertProblem(problem, field, what) {
  const said = `${what}: ${JSON.stringify(problem)}`;
  assert.match(problem?.type ?? "", /^https:\/\/petstoreapi\.com\/errors\/[a-z-]+$/, said);
  assert.ok(problem.status >= 400 && problem.status < 500, said);
  assert.equal(typeof problem.title, "string", said);
  assert.equal(typeof problem.code, "string", said);
  if (field) assert.ok(JSON.stringify(problem).includes(field), `${said} does not name ${field}`);
}

describe("WebSocket", () => {
  /** Frame, and the field that the error must name. */
  const FRAMES = {
    "no JSON": ["hello"],
    "half a JSON": ['{"op":"subscribe"'],
    "no object": ["[1,2,3]"],
    "no op": [{ id: "s1" }, "op"],
    "unknown op": [{ op: "dance", id: "s1" }, "op"],
    "no topics": [{ op: "subscribe", id: "s1" }, "topics"],
    "topics of the wrong type": [{ op: "subscribe", id: "s1", topics: "orders" }, "topics"],
    "empty topics": [{ op: "subscribe", id: "s1", topics: [] }, "topics"],
    "unknown topic": [{ op: "subscribe", id: "s1", topics: ["dragons"] }, "topics"],
    "topic with a malformed id": [{ op: "subscribe", id: "s1", topics: ["orders/42"] }, "topics"],
    "no id": [{ op: "subscribe", topics: ["orders"] }, "id"],
    "malformed cursor": [{ op: "subscribe", id: "s1", topics: ["orders"], after: "yesterday" }, "after"],
    "unknown field": [{ op: "subscribe", id: "s1", topics: ["orders"], since: "x" }, "since"],
    "unsubscribe of nothing": [{ op: "unsubscribe", id: "nobody" }, "id"],
    "binary frame": [Buffer.from([0, 159, 146, 150])],
  };

  test("each bad frame gets an error and the same connection goes on", TEST_LIMIT, async (t) => {
    const connection = await Connection.open(store.server.url, { token: store.staff.token });
    t.after(() => connection.terminate());
    for (const [what, [frame, field]] of Object.entries(FRAMES)) {
      const reply = await connection.ask(frame);
      assert.equal(reply.op, "error", `${what}: ${JSON.stringify(reply)}`);
      assertProblem(reply.error, field, what);
      if (frame.op === "subscribe" && frame.id) assert.equal(reply.id, frame.id, what);
      assert.equal((await connection.ask({ op: "ping" })).op, "pong", what);
    }
    const subscription = await connection.subscribe("s1", ["orders"]);
    await store.alice.placeOrder((await store.staff.createPet()).id);
    await subscription.inbox.untilCount(1, "an event after all the errors");
  });

  test("the same subscription id twice is refused and the first one stays", TEST_LIMIT, async (t) => {
    const connection = await Connection.open(store.server.url, { token: store.staff.token });
    t.after(() => connection.terminate());
    const subscription = await connection.subscribe("s1", ["orders"]);
    const reply = await connection.ask({ op: "subscribe", id: "s1", topics: ["payments"] });
    assertProblem(reply.error, "id", "same id");
    await store.alice.placeOrder((await store.staff.createPet()).id);
    await subscription.inbox.untilCount(1, "an event on the first subscription");
  });

  const FATAL_FRAMES = {
    "invalid UTF-8": [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), CLOSE_INVALID_TEXT],
    "a frame beyond 64 KiB": [JSON.stringify({ op: "ping", filler: "x".repeat(FRAME_LIMIT_BYTES) }), CLOSE_TOO_BIG],
  };
  for (const [what, [frame, code]] of Object.entries(FATAL_FRAMES)) {
    test(`${what} gets an error frame, or the close code that RFC 6455 has for it`, TEST_LIMIT, async (t) => {
      const connection = await Connection.open(store.server.url, { token: store.staff.token });
      t.after(() => connection.terminate());
      connection.send(frame, { binary: false });
      const outcome = await within(Promise.race([connection.closed, connection.reply(what).catch(() => connection.closed)]), what);
      if (outcome.op) assertProblem(outcome.error, undefined, what);
      else assert.equal(outcome.code, code);
    });
  }
});

describe("Socket.IO", () => {
  const PAYLOADS = {
    "nothing": [[], undefined],
    "a string": [["orders"], undefined],
    "no topics": [[{}], "topics"],
    "topics of the wrong type": [[{ topics: "orders" }], "topics"],
    "empty topics": [[{ topics: [] }], "topics"],
    "unknown topic": [[{ topics: ["dragons"] }], "topics"],
    "malformed cursor": [[{ topics: ["orders"], after: "yesterday" }], "after"],
    "unknown field": [[{ topics: ["orders"], since: "x" }], "since"],
  };
  for (const transport of ["websocket", "polling"]) {
    test(`each bad subscribe over ${transport} is acknowledged with an error and the socket goes on`, TEST_LIMIT, async (t) => {
      const socket = await connectSocket({ url: store.server.url, token: store.staff.token, transport });
      t.after(() => socket.close());
      const { id } = socket;
      for (const [what, [payload, field]] of Object.entries(PAYLOADS)) {
        assertProblem((await ask(socket, "subscribe", ...payload)).error, field, what);
      }
      const answer = await ask(socket, "subscribe", { topics: ["orders"] });
      assert.equal(typeof answer.cursor, "string");
      const event = new Promise((resolve) => socket.once("order.created", resolve));
      await store.alice.placeOrder((await store.staff.createPet()).id);
      assert.equal((await within(event, "an event after all the errors")).eventType, "order.created");
      assert.equal(socket.id, id, "still the same connection");
    });
  }
});

describe("SSE and its poll form", () => {
  const QUERIES = {
    "no topics": ["", "topics"],
    "unknown topic": ["topics=dragons", "topics"],
    "topic with a malformed id": ["topics=orders/42", "topics"],
    "malformed cursor": ["topics=orders&after=yesterday", "after"],
  };
  const POLL_QUERIES = {
    "limit 0": ["topics=orders&limit=0", "limit"],
    "limit 501": ["topics=orders&limit=501", "limit"],
    "limit of the wrong type": ["topics=orders&limit=many", "limit"],
  };

  for (const accept of ["text/event-stream", "application/json"]) {
    test(`each bad parameter of ${accept} is a problem that names it`, TEST_LIMIT, async () => {
      const queries = accept === "application/json" ? { ...QUERIES, ...POLL_QUERIES } : QUERIES;
      for (const [what, [query, field]] of Object.entries(queries)) {
        const answer = await store.staff.send("GET", `/v1/events?${query}`, { headers: { accept } });
        assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/, what);
        assert.equal(answer.status, answer.body.status, what);
        assertProblem(answer.body, field, what);
      }
    });
  }

  test("a malformed Last-Event-ID is a problem, not a stream from somewhere", TEST_LIMIT, async () => {
    const headers = { accept: "text/event-stream", "last-event-id": "yesterday" };
    const answer = await store.staff.send("GET", "/v1/events?topics=orders", { headers });
    assertProblem(answer.body, undefined, "Last-Event-ID");
  });
});

test("graphql-ws: a bad topic is an error of that subscription only", TEST_LIMIT, async (t) => {
  const { client } = await connectGraphql(store.staff);
  t.after(() => client.dispose());
  const bad = new Subscription();
  subscribeGraphql(client, { query: EVENTS, variables: { topics: ["dragons"] } }, bad);
  await assert.rejects(bad.inbox.until(() => false, "refusal"), (error) => typeof error.code === "string");
  const start = (await store.staff.eventPage({ topics: ["orders"], limit: 1 })).nextCursor;
  await store.alice.placeOrder((await store.staff.createPet()).id);
  const good = new Subscription();
  subscribeGraphql(client, { query: EVENTS, variables: { topics: ["orders"], after: start } }, good);
  await good.inbox.untilCount(1, "an event on the same connection");
});

describe("REST bodies", () => {
  const PET = { name: "Rex", species: "DOG", ageMonths: 5, price: "75.00" };
  const BODIES = {
    "unknown field": [{ ...PET, wings: 2 }, "wings"],
    "missing field": [{ ...PET, price: undefined }, "price"],
    "wrong type": [{ ...PET, ageMonths: "five" }, "ageMonths"],
    "unknown species": [{ ...PET, species: "DRAGON" }, "species"],
    "price that is no decimal": [{ ...PET, price: "cheap" }, "price"],
    "no JSON": ["hello"],
    "invalid UTF-8": [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
  };
  test("each bad body is a problem that names the field and leaves nothing", TEST_LIMIT, async () => {
    const before = await store.staff.call("GET", "/v1/pets?limit=1");
    for (const [what, [body, field]] of Object.entries(BODIES)) {
      const answer = await store.staff.send("POST", "/v1/pets", { body });
      assert.ok([400, 422].includes(answer.status), `${what}: ${answer.status}`);
      assertProblem(answer.body, field, what);
    }
    const afterwards = await store.staff.call("GET", "/v1/pets?limit=1");
    assert.equal(afterwards.pagination.totalItems, before.pagination.totalItems);
  });

  test("a body beyond 1 MiB is 413", TEST_LIMIT, async () => {
    const body = { ...PET, description: "x".repeat(BODY_LIMIT_BYTES) };
    const answer = await store.staff.send("POST", "/v1/pets", { body });
    assert.equal(answer.status, 413);
    assertProblem(answer.body, undefined, "1 MiB");
  });

  test("malformed and unknown ids are 400 and 404", TEST_LIMIT, async () => {
    assert.equal((await store.staff.send("GET", "/v1/orders/42")).status, 400);
    assert.equal((await store.staff.send("GET", `/v1/orders/${UNKNOWN_ID}`)).status, 404);
  });
});
