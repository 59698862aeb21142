// The commands of the public documentation, as they are printed there, with the host and the token replaced.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { demoStore } from "./fixture.mjs";
import { Receiver } from "./receiver.mjs";

const run = promisify(execFile);
const TEST_LIMIT = { timeout: 180_000 };

/** "Callback Example" of the Store API. */
const CALLBACK_EXAMPLE = `curl --location '/orders/019b4139-1234-7abc-8def-123456789abc' \\
--header 'Authorization: Bearer <token>' \\
--header 'Content-Type: application/json' \\
--data '{
    "amount": "738.05",
    "currency": "USD",
    "timestamp": "1758613403",
    "callbackUrl": "https://example.com/callbacks/orders/1312312"
}'`;

let store;
let receiver;

before(async () => {
  store = await demoStore();
  receiver = await Receiver.start();
}, TEST_LIMIT);

after(() => {
  receiver?.close();
  store?.server.destroy();
});

test("the callback example is enqueued, and orderProcessed arrives", TEST_LIMIT, async () => {
  const { alice, server } = store;
  const [pet] = await alice.availablePets(1);
  const order = await alice.placeOrder(pet.id);
  const ours = (command) =>
    command
      .replace("'/orders/", `'${server.url}/v1/orders/`)
      .replace("<token>", alice.token)
      .replace("019b4139-1234-7abc-8def-123456789abc", order.id);

  const unknown = await curl(ours(CALLBACK_EXAMPLE).replace(order.id, "019b4139-1234-7abc-8def-123456789abc"));
  assert.equal(unknown.status, 404);
  const answer = await curl(ours(CALLBACK_EXAMPLE));
  assert.deepEqual([answer.status, answer.body], [201, "{}"]);

  receiver.secret = (await alice.call("GET", "/v1/callback-secret")).secret;
  await curl(ours(CALLBACK_EXAMPLE).replace("https://example.com/callbacks/orders/1312312", receiver.url));
  const [processed] = await receiver.first.until((calls) => calls.length > 0, "orderProcessed");
  assert.deepEqual(receiver.refused, [], "three verifiers took the signature");
  assert.equal(processed.orderId, order.id);
  assert.match(processed.requestId, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  assert.equal(processed.status, "FAILED", "the amount of the example is not the order's");
});

/** Runs a curl command in a shell, as a reader would. */
async function curl(command) {
  const { stdout } = await run("bash", ["-c", `${command} --silent --show-error --write-out '\\n%{http_code}'`]);
  const lines = stdout.trimEnd().split("\n");
  return { status: Number(lines.pop()), body: lines.join("\n") };
}
