// A client generated from the golden OpenAPI document compiles in the strictest mode and runs the story of an order.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DEMO_PASSWORD } from "./api.mjs";
import { PetstoreServer } from "./server.mjs";

const run = promisify(execFile);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** Both tools are slow to start on a busy machine. */
const BUILD_LIMIT = { timeout: 120_000 };

let server;

before(async () => {
  await tool("openapi-typescript", [here("../../schema/openapi-3.1.json"), "--output", here("typed/openapi.d.ts")]);
  await tool("tsc", ["--project", here("typed/tsconfig.json")]);
  server = await PetstoreServer.start();
}, BUILD_LIMIT);

after(() => server?.destroy());

/** Runs a tool of node_modules; its output is the failure. */
async function tool(name, args) {
  try {
    await run(here(`node_modules/.bin/${name}`), args, { cwd: here(".") });
  } catch (error) {
    throw new Error(`${name}: ${error.stdout}${error.stderr}`);
  }
}

test("the generated client runs the story of an order", { timeout: 90_000 }, async () => {
  const { tellStory } = await import("./typed/dist/story.js");
  const { pet, placed, payment, paid, receipt } = await tellStory(server.url, "alice", DEMO_PASSWORD);
  assert.equal(placed.status, "PLACED");
  assert.equal(placed.petId, pet.id);
  assert.equal(payment.status, "SUCCEEDED");
  assert.equal(payment.source.object, "card");
  assert.equal(payment.source.last4, "4242");
  assert.equal(paid.status, "APPROVED");
  assert.equal(receipt.order.id, placed.id);
  assert.equal(receipt.payment.id, payment.id);
});
