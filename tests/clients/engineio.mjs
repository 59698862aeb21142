// Engine.IO by hand: WebSockets and polls, so that every packet is seen as it is.

import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";
import { eventually, within } from "./wait.mjs";

/** Of the conformance profile. */
export const PING_INTERVAL_MS = 300;
export const PING_TIMEOUT_MS = 200;

/** A WebSocket whose packets wait until somebody takes them. */
export class Wire {
  #packets = [];
  #waiting = [];

  constructor(url) {
    this.socket = new WebSocket(url, { perMessageDeflate: false });
    this.socket.binaryType = "arraybuffer";
    // A refused handshake is seen as the close that follows.
    this.socket.on("error", () => {});
    this.opened = once(this.socket, "open");
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => this.socket.once("close", resolve));
    this.socket.on("message", (data, isBinary) => {
      const packet = isBinary ? [...new Uint8Array(data)] : Buffer.from(data).toString();
      const taker = this.#waiting.shift();
      if (taker) taker(packet);
      else this.#packets.push(packet);
    });
  }

  send(packet) {
    this.socket.send(typeof packet === "string" ? packet : Uint8Array.from(packet));
  }

  /** The next packet; binary ones are lists of bytes. */
  next() {
    if (this.#packets.length > 0) return Promise.resolve(this.#packets.shift());
    return within(new Promise((resolve) => this.#waiting.push(resolve)), "a packet");
  }

  /** The next packets that are no pings. */
  async take(count) {
    const packets = [];
    while (packets.length < count) {
      const packet = await this.next();
      if (packet !== "2") packets.push(packet);
    }
    return packets;
  }

  async ended() {
    await within(this.closed, "the end of the connection");
  }

  close() {
    this.socket.terminate();
  }
}

/** The two transports of Engine.IO at one path of a server. */
export class Engine {
  constructor(server, path) {
    this.http = `${server.url}${path}`;
    this.ws = `${server.wsUrl}${path}`;
  }

  wire(query = "EIO=4&transport=websocket") {
    return new Wire(`${this.ws}?${query}`);
  }

  /** A WebSocket that has seen its open packet. */
  async open() {
    const wire = this.wire();
    wire.handshake = JSON.parse((await wire.next()).slice(1));
    return wire;
  }

  async fetch(query, init) {
    const response = await fetch(`${this.http}?${query}`, init);
    return { status: response.status, text: await response.text() };
  }

  async openPolling() {
    const { text } = await this.fetch("EIO=4&transport=polling");
    return JSON.parse(text.slice(1)).sid;
  }

  poll(sid) {
    return this.fetch(`EIO=4&transport=polling&sid=${sid}`);
  }

  post(sid, body) {
    return this.fetch(`EIO=4&transport=polling&sid=${sid}`, { method: "POST", body });
  }

  upgrade(sid) {
    return this.wire(`EIO=4&transport=websocket&sid=${sid}`);
  }
}

export function assertHandshake(handshake, upgrades) {
  const { sid, ...rest } = handshake;
  assert.ok(typeof sid === "string" && sid.length > 0);
  const expected = { upgrades, pingInterval: PING_INTERVAL_MS, pingTimeout: PING_TIMEOUT_MS, maxPayload: 1_000_000 };
  assert.deepEqual(rest, expected);
}

/** What every Engine.IO server does, whatever is spoken above it (protocol 4, chapters handshake to upgrade). */
export function engineCases(test, engine) {
  test("handshake by polling", async () => {
    const { status, text } = await engine().fetch("EIO=4&transport=polling");
    assert.equal(status, 200);
    assert.equal(text[0], "0");
    assertHandshake(JSON.parse(text.slice(1)), ["websocket"]);
  });

  test("handshake by WebSocket", async () => {
    const wire = await engine().open();
    assertHandshake(wire.handshake, []);
    wire.close();
  });

  for (const query of ["transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc"]) {
    test(`no session for ?${query}`, async () => {
      assert.equal((await engine().fetch(query)).status, 400);
      await engine().wire(query.replace("polling", "websocket")).ended();
    });
  }

  for (const method of ["POST", "PUT"]) {
    test(`no session by ${method}`, async () => {
      assert.equal((await engine().fetch("EIO=4&transport=polling", { method })).status, 400);
    });
  }

  test("heartbeat by polling: the first ping comes after the interval", async () => {
    const sid = await engine().openPolling();
    const began = performance.now();
    for (let round = 1; round <= 3; round++) {
      assert.deepEqual(await engine().poll(sid), { status: 200, text: "2" });
      const waited = performance.now() - began;
      assert.ok(waited > round * PING_INTERVAL_MS - 100, `ping ${round} after ${waited} ms`);
      assert.equal((await engine().post(sid, "3")).status, 200);
    }
  });

  test("heartbeat by WebSocket: the first ping comes after the interval", async () => {
    const wire = await engine().open();
    const began = performance.now();
    for (let round = 1; round <= 3; round++) {
      assert.equal(await wire.next(), "2");
      const waited = performance.now() - began;
      assert.ok(waited > round * PING_INTERVAL_MS - 100, `ping ${round} after ${waited} ms`);
      wire.send("3");
    }
    wire.close();
  });

  test("silence ends a session of polling", async () => {
    const sid = await engine().openPolling();
    await new Promise((resolve) => setTimeout(resolve, PING_INTERVAL_MS + PING_TIMEOUT_MS));
    assert.equal((await engine().poll(sid)).status, 400);
    assert.equal((await engine().post(sid, "3")).status, 400);
  });

  test("silence ends a WebSocket", async () => {
    await engine().wire().ended();
  });

  test("a client closes its session by polling", async () => {
    const sid = await engine().openPolling();
    const poll = engine().poll(sid);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await engine().post(sid, "1");
    assert.deepEqual(await poll, { status: 200, text: "6" });
    assert.equal((await engine().poll(sid)).status, 400);
  });

  test("a client closes its session by WebSocket", async () => {
    const wire = await engine().open();
    wire.send("1");
    await wire.ended();
  });

  test("a session moves from polling to WebSocket", async () => {
    const sid = await engine().openPolling();
    const wire = engine().upgrade(sid);
    await wire.opened;
    wire.send("2probe");
    assert.equal(await wire.next(), "3probe");
    assert.deepEqual(await engine().poll(sid), { status: 200, text: "6" }, "a poll under way ends");
    wire.send("5");
    wire.close();
  });

  test("after the move there are no polls, and no second WebSocket", async () => {
    const sid = await engine().openPolling();
    const wire = engine().upgrade(sid);
    await wire.opened;
    wire.send("2probe");
    wire.send("5");
    // The move and the poll come on connections of their own.
    await eventually(async () => (await engine().poll(sid)).status === 400, "polls are over");
    await engine().upgrade(sid).ended();
    assert.equal(wire.socket.readyState, WebSocket.OPEN, "the first one stays");
    wire.close();
  });
}
