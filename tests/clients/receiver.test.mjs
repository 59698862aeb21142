// The receiver itself, without a server: it takes what the published libraries sign and nothing else.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { Receiver, verifyTimestamped } from "./receiver.mjs";

const SECRET = `whsec_${randomBytes(24).toString("base64")}`;
const BODY = JSON.stringify({
  eventId: "evt_019b4139-1234-7abc-8def-123456789abc",
  eventType: "order.created",
  timestamp: "2024-12-16T10:30:00Z",
  data: { order: { id: "019b4139-1234-7abc-8def-123456789abc", status: "PLACED" } },
});

/** Signs as contract section 4 says, with the given key bytes. */
function signed(body, { secret = SECRET, at = new Date() } = {}) {
  const unix = Math.floor(at.getTime() / 1000);
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const hex = createHmac("sha256", key).update(`${unix}.${body}`).digest("hex");
  return {
    "content-type": "application/json",
    "webhook-id": "msg_1",
    "webhook-timestamp": String(unix),
    "webhook-signature": new Webhook(secret).sign("msg_1", at, body),
    "x-webhook-signature": `t=${unix},v1=${hex}`,
  };
}

/** @param {import("node:test").TestContext} t */
async function receiverFor(t) {
  const receiver = await Receiver.start();
  receiver.secret = SECRET;
  t.after(() => receiver.close());
  const post = async (body, headers) => (await fetch(receiver.url, { method: "POST", body, headers })).status;
  return { receiver, post };
}

test("a signed delivery counts once, however often it comes", { timeout: 30_000 }, async (t) => {
  const { receiver, post } = await receiverFor(t);
  assert.equal(await post(BODY, signed(BODY)), 204);
  assert.equal(await post(BODY, signed(BODY)), 204);
  assert.deepEqual(receiver.first.items, [JSON.parse(BODY)]);
  assert.equal(receiver.requests.items.length, 2);
  assert.deepEqual(receiver.refused, []);
});

test("each broken signature is refused", { timeout: 30_000 }, async (t) => {
  const { receiver, post } = await receiverFor(t);
  const good = signed(BODY);
  const other = signed(BODY, { secret: `whsec_${randomBytes(24).toString("base64")}` });
  const old = signed(BODY, { at: new Date(Date.now() - 3_600_000) });
  const broken = {
    "changed body": [BODY.replace("PLACED", "SHIPPED"), good],
    "another secret": [BODY, other],
    "an hour old": [BODY, old],
    "only Standard Webhooks is right": [BODY, { ...good, "x-webhook-signature": other["x-webhook-signature"] }],
    "only X-Webhook-Signature is right": [BODY, { ...good, "webhook-signature": other["webhook-signature"] }],
    "no X-Webhook-Signature": [BODY, { ...good, "x-webhook-signature": "" }],
  };
  for (const [name, [body, headers]] of Object.entries(broken)) {
    assert.equal(await post(body, headers), 401, name);
  }
  assert.equal(receiver.refused.length, Object.keys(broken).length);
  assert.deepEqual(receiver.first.items, []);
});

test("during a rotation any of several v1 is enough", () => {
  const header = signed(BODY)["x-webhook-signature"];
  const [time, signature] = header.split(",");
  verifyTimestamped(SECRET, BODY, `${time},v1=${"0".repeat(64)},${signature}`);
  assert.throws(() => verifyTimestamped(SECRET, BODY, `${time},v1=${"0".repeat(64)}`), /no v1 matches/);
});

test("a receiver that was told to fail answers so and counts the event only when it accepts", { timeout: 30_000 }, async (t) => {
  const { receiver, post } = await receiverFor(t);
  receiver.failNext((event) => event.eventType === "order.statusChanged", 500);
  receiver.failNext((event) => event.eventType === "order.created", 500, 503);
  const answers = [];
  for (let i = 0; i < 3; i += 1) answers.push(await post(BODY, signed(BODY)));
  assert.deepEqual(answers, [500, 503, 204]);
  assert.equal(receiver.first.items.length, 1);
});
