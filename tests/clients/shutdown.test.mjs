// SIGTERM: every streaming client is told, and the process ends with 0 in time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CHANNELS } from "./channels/index.mjs";
import { connectGraphql } from "./channels/graphql.mjs";
import { connectSocket } from "./channels/socketio.mjs";
import { eventsUrl } from "./channels/sse.mjs";
import { Connection } from "./channels/ws.mjs";
import { demoStore, listen } from "./fixture.mjs";
import { STOP_LIMIT_MS } from "./server.mjs";
import { TOPICS } from "./story.mjs";
import { within } from "./wait.mjs";

const TEST_LIMIT = { timeout: 180_000 };
/** RFC 6455 registry: going away, and service restart. */
const GOODBYES = [1001, 1012];

test("SIGTERM tells every streaming client and exits 0 within 10 s", TEST_LIMIT, async (t) => {
  const { server, staff } = await demoStore();
  t.after(() => server.destroy());
  const connection = await Connection.open(server.url, { token: staff.token });
  await connection.subscribe("s1", TOPICS);
  const graphql = await connectGraphql(staff);
  const stream = await fetch(eventsUrl({ url: server.url, token: staff.token, topics: TOPICS }), {
    headers: { accept: "text/event-stream" },
    signal: AbortSignal.timeout(30_000),
  });
  const sockets = await Promise.all(["websocket", "polling"].map((transport) => connectSocket({ ...staff, transport })));
  const disconnects = sockets.map((socket) => new Promise((resolve) => socket.once("disconnect", resolve)));
  const subscriptions = await Promise.all(CHANNELS.map((channel) => listen(t, channel, staff)));
  // Whoever has heard something listens: graphql-sse never tells the end of a stream on which nobody waited yet.
  await staff.createPet();
  await Promise.all(subscriptions.map(({ inbox }, at) => inbox.until(() => true, `an event on ${CHANNELS[at].name}`)));

  const ended = stream.text();
  const exit = server.stop();
  for (const later of [ended, exit]) later.catch(() => {});

  assert.equal((await within(connection.closed, "WebSocket close")).code, 1012);
  const { code } = await within(graphql.closed, "graphql-ws close");
  assert.ok(GOODBYES.includes(code), `graphql-ws closed with ${code}`);
  // A stream that is cut off, and not ended, rejects here.
  assert.match(await within(ended, "SSE end"), /^retry: ?\d+$/m);
  for (const reason of await within(Promise.all(disconnects), "Socket.IO disconnect")) {
    assert.ok(["io server disconnect", "transport close"].includes(reason), reason);
  }
  for (const [at, { inbox }] of subscriptions.entries()) {
    await assert.rejects(inbox.until(() => false, `end on ${CHANNELS[at].name}`), /closed|ended|disconnect|complete|terminated|fetch/i);
  }
  const { code: status, signal, tookMs } = await exit;
  assert.deepEqual({ status, signal }, { status: 0, signal: null });
  assert.ok(tookMs <= STOP_LIMIT_MS, `${tookMs} ms`);
});

test("a stopped store starts again with everything that was there", TEST_LIMIT, async (t) => {
  const { server, staff, alice } = await demoStore();
  t.after(() => server.destroy());
  const order = await alice.placeOrder((await staff.createPet()).id);
  const events = await staff.events({ topics: TOPICS });
  assert.equal((await server.stop()).code, 0);
  await server.restart();
  assert.deepEqual(await alice.order(order.id), order);
  assert.deepEqual(await staff.events({ topics: TOPICS }), events, "the same log, and the demo store is seeded once");
});
