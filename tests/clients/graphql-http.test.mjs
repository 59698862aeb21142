// The audit of GraphQL over HTTP that the authors of the specification keep: every MUST and SHOULD.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { auditServer } from "graphql-http";
import { PetstoreServer } from "./server.mjs";

let server;

before(async () => {
  server = await PetstoreServer.start();
}, { timeout: 60_000 });

after(() => server?.destroy());

test("the audit of GraphQL over HTTP finds nothing", { timeout: 60_000 }, async () => {
  const results = await auditServer({ url: `${server.url}/v1/graphql` });
  assert.ok(results.length > 50, `only ${results.length} audits`);
  const breaches = results.filter(({ status }) => status === "error" || status === "warn");
  assert.deepEqual(breaches.map(({ name, status, reason }) => `${status}: ${name}: ${reason}`), []);
});
