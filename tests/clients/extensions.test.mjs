// permessage-deflate (RFC 7692) with the `ws` client, on the store's own channel and on the echo.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { Api } from "./api.mjs";
import { PetstoreServer } from "./server.mjs";
import { within } from "./wait.mjs";

let server;
before(async () => {
  server = await PetstoreServer.start({ env: { PETSTORE_WEBSOCKET_DEFLATE: "true" } });
});
after(() => server.destroy());

async function open(path, perMessageDeflate) {
  const socket = new WebSocket(`${server.wsUrl}${path}`, { perMessageDeflate });
  const messages = [];
  const waiting = [];
  socket.on("message", (data, isBinary) => {
    const message = isBinary ? data : data.toString();
    const taker = waiting.shift();
    if (taker) taker(message);
    else messages.push(message);
  });
  await within(once(socket, "open"), "open");
  const next = () =>
    messages.length > 0 ? messages.shift() : within(new Promise((resolve) => waiting.push(resolve)), "a message");
  return { socket, next };
}

const OFFERS = {
  plain: false,
  whole: { threshold: 0 },
  "small windows": { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
  "no take-over": { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
};

for (const [name, offer] of Object.entries(OFFERS)) {
  test(`echoes of every size come back: ${name}`, async () => {
    const { socket, next } = await open("/v1/echo/ws", offer);
    assert.equal(socket.extensions.includes("permessage-deflate"), offer !== false);
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 500_000]) {
      const text = "pet ".repeat(Math.ceil(size / 4)).slice(0, size);
      socket.send(text);
      assert.equal(await next(), text);
      const bytes = Buffer.from(Array.from({ length: Math.min(size, 70_000) }, (_, at) => (at * at) % 251));
      socket.send(bytes);
      assert.deepEqual(await next(), bytes);
    }
    socket.terminate();
  });
}

test("the same event reaches those who compress and those who do not", async () => {
  const staff = await new Api(server.url).login("staff");
  const sockets = await Promise.all(Object.values(OFFERS).map((offer) => open("/v1/ws", offer)));
  for (const { socket, next } of sockets) {
    socket.send(JSON.stringify({ op: "subscribe", id: "s1", topics: ["pets"] }));
    assert.equal(JSON.parse(await next()).op, "subscribed");
  }
  await staff.call("POST", "/v1/pets", { name: "Zip", species: "DOG", ageMonths: 3, price: "10.00" });
  const events = await Promise.all(sockets.map(async ({ next }) => JSON.parse(await next())));
  assert.equal(events[0].event.eventType, "pet.created");
  for (const event of events) assert.deepEqual(event, events[0]);
  for (const { socket } of sockets) socket.terminate();
});
