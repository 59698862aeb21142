// The cases of the Socket.IO 5 protocol, on /socket.io/ of the conformance profile: the namespaces / and /custom show the
// `auth` of the handshake, answer `message` with `message-back`, and acknowledge `message-with-ack`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { io } from "socket.io-client";
import { Engine, engineCases } from "./engineio.mjs";
import { PetstoreServer } from "./server.mjs";
import { within } from "./wait.mjs";

let server;
before(async () => {
  server = await PetstoreServer.start({ env: { PETSTORE_PROFILE: "conformance" } });
});
after(() => server.destroy());
const engine = () => new Engine(server, "/socket.io/");

/** On the namespace /, past the greeting. */
async function joined() {
  const wire = await engine().open();
  wire.send("40");
  await wire.take(2);
  return wire;
}

engineCases(test, engine);

for (const [packet, prefix, auth] of [
  ["40", "40", "{}"],
  ['40{"token":"123"}', "40", '{"token":"123"}'],
  ["40/custom,", "40/custom,", "{}"],
  ['40/custom,{"token":"abc"}', "40/custom,", '{"token":"abc"}'],
]) {
  test(`a client joins with ${packet}`, async () => {
    const wire = await engine().open();
    wire.send(packet);
    const [answer, event] = await wire.take(2);
    assert.ok(answer.startsWith(prefix), answer);
    const { sid, ...rest } = JSON.parse(answer.slice(prefix.length));
    assert.ok(typeof sid === "string" && Object.keys(rest).length === 0, answer);
    assert.equal(event, `${prefix.replace("40", "42")}["auth",${auth}]`);
    wire.close();
  });
}

test("there is no namespace that was not made", async () => {
  const wire = await engine().open();
  wire.send("40/random");
  assert.deepEqual(await wire.take(1), ['44/random,{"message":"Invalid namespace"}']);
  wire.close();
});

test("who does not join is sent away", async () => {
  const wire = await engine().open();
  const pongs = setInterval(() => wire.send("3"), 100);
  await wire.ended();
  clearInterval(pongs);
});

test("what is no packet ends the handshake", async () => {
  const wire = await engine().open();
  wire.send("4abc");
  await wire.ended();
});

test("who leaves the namespace keeps the connection for a while", async () => {
  const wire = await joined();
  wire.send("41");
  assert.equal(await wire.next(), "2");
  wire.close();
});

test("a namespace is left, and the other one stays", async () => {
  const wire = await joined();
  wire.send("40/custom");
  await wire.take(2);
  wire.send("41/custom");
  wire.send('42["message","message to main namespace"]');
  assert.deepEqual(await wire.take(1), ['42["message-back","message to main namespace"]']);
  wire.close();
});

const HOLES = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
const [ONE, TWO] = [
  [1, 2, 3],
  [4, 5, 6],
];
for (const [sent, expected] of [
  [['42["message",1,"2",{"3":[true]}]'], ['42["message-back",1,"2",{"3":[true]}]']],
  [['42456["message-with-ack",1,"2",{"3":[false]}]'], ['43456[1,"2",{"3":[false]}]']],
  [[`452-["message",${HOLES}]`, ONE, TWO], [`452-["message-back",${HOLES}]`, ONE, TWO]],
  [[`452-["message",1,${HOLES}]`, ONE, TWO], [`452-["message-back",1,${HOLES}]`, ONE, TWO]],
  [[`452-789["message-with-ack",${HOLES}]`, ONE, TWO], [`462-789[${HOLES}]`, ONE, TWO]],
]) {
  test(`an event comes back: ${sent[0]}`, async () => {
    const wire = await joined();
    for (const packet of sent) wire.send(packet);
    assert.deepEqual(await wire.take(expected.length), expected);
    wire.close();
  });
}

for (const packet of ["4abc", "42{}", '42abc["message-with-ack",1,"2",{"3":[false]}]']) {
  test(`what is malformed ends the connection: ${packet}`, async () => {
    const wire = await joined();
    wire.send(packet);
    await wire.ended();
  });
}

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  test(`the official client and the namespace /echo by ${transports}`, async () => {
    const args = [1, "two", { three: [true, null] }, Buffer.from([1, 2, 255])];
    const deep = { bytes: [Buffer.from([7])], text: "x" };
    const talk = async () => {
      const socket = io(`${server.url}/echo`, { transports, forceNew: true, reconnection: false });
      try {
        await within(new Promise((resolve, reject) => socket.once("connect", resolve).once("connect_error", reject)), "connect");
        const back = within(new Promise((resolve) => socket.once("any name", (...got) => resolve(got))), "the event");
        socket.emit("any name", ...args);
        assert.deepEqual(await back, args);
        assert.deepEqual(await socket.timeout(5000).emitWithAck("ask", deep), deep);
      } finally {
        socket.close();
      }
    };
    // On a machine under load a session of polling was lost now and then, which a client answers with a new one.
    await talk().catch(talk);
  });
}
