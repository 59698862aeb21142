// The verifiers from PyPI take what the store sends, and nothing that was changed on the way.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { demoStore } from "./fixture.mjs";
import { python } from "./python/venv.mjs";

const VERIFY = join(import.meta.dirname, "python", "verify.py");
let store;
let interpreter;

before(async () => {
  interpreter = python();
  store = await demoStore();
}, { timeout: 180_000 });

after(() => store?.server.destroy());

/** What the Python verifiers say of a request. */
function verified(secret, headers, body) {
  const done = spawnSync(interpreter, [VERIFY], { input: JSON.stringify({ secret, headers, body }), encoding: "utf8" });
  return done.status === 0 && done.stdout.trim() === "verified";
}

test("standardwebhooks and svix from PyPI verify a delivery", { timeout: 90_000 }, async (t) => {
  const receiver = createServer();
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  t.after(() => receiver.close());
  const endpoint = await store.staff.createWebhookEndpoint(`http://127.0.0.1:${receiver.address().port}/`, ["pet.*"]);
  const arrived = once(receiver, "request");
  await store.staff.createPet();
  const [request, response] = await arrived;
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  response.writeHead(204).end();
  const body = Buffer.concat(chunks).toString("utf8");
  assert.ok(verified(endpoint.secret, request.headers, body));
  assert.ok(!verified(endpoint.secret, request.headers, body.replace("pet.", "dog.")));
  assert.ok(!verified(`whsec_${Buffer.alloc(24).toString("base64")}`, request.headers, body));
});
