// The cases of the Engine.IO 4 protocol, on /engine.io/ of the conformance profile, which answers messages with themselves.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Engine, engineCases } from "./engineio.mjs";
import { PetstoreServer } from "./server.mjs";

let server;
before(async () => {
  server = await PetstoreServer.start({ env: { PETSTORE_PROFILE: "conformance" } });
});
after(() => server.destroy());
const engine = () => new Engine(server, "/engine.io/");

engineCases(test, engine);

for (const payload of ["4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA=="]) {
  test(`a payload comes back by polling: ${JSON.stringify(payload)}`, async () => {
    const sid = await engine().openPolling();
    assert.deepEqual(await engine().post(sid, payload), { status: 200, text: "ok" });
    assert.deepEqual(await engine().poll(sid), { status: 200, text: payload });
  });
}

test("what is no payload ends a session of polling", async () => {
  const sid = await engine().openPolling();
  assert.equal((await engine().post(sid, "abc")).status, 400);
  assert.equal((await engine().poll(sid)).status, 400);
});

test("two polls at once end a session", async () => {
  const sid = await engine().openPolling();
  const first = engine().poll(sid);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await engine().poll(sid);
  assert.deepEqual(await first, { status: 200, text: "1" });
  assert.ok([400, 500].includes(second.status), `${second.status}`);
  assert.equal((await engine().poll(sid)).status, 400);
});

for (const message of ["4hello", [1, 2, 3, 4]]) {
  test(`a message comes back by WebSocket: ${message}`, async () => {
    const wire = await engine().open();
    wire.send(message);
    assert.deepEqual(await wire.next(), message);
    wire.close();
  });
}

test("what is no packet ends a WebSocket", async () => {
  const wire = await engine().open();
  wire.send("abc");
  await wire.ended();
});

test("messages flow after the move to WebSocket", async () => {
  const sid = await engine().openPolling();
  const wire = engine().upgrade(sid);
  await wire.opened;
  for (const packet of ["2probe", "5", "4hello"]) wire.send(packet);
  assert.deepEqual(await wire.take(2), ["3probe", "4hello"]);
  wire.close();
});

test("every poll during a move is answered at once", async () => {
  const sid = await engine().openPolling();
  const wire = engine().upgrade(sid);
  await wire.opened;
  for (let poll = 0; poll < 5; poll++) {
    assert.deepEqual(await engine().poll(sid), { status: 200, text: "6" });
  }
  for (const packet of ["2probe", "5", "4hello"]) wire.send(packet);
  assert.deepEqual(await wire.take(2), ["3probe", "4hello"]);
  wire.close();
});
