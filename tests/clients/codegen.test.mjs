// Types that graphql-codegen makes of the golden GraphQL schema compile in the strictest mode, and what is written against
// them runs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { codegen } from "@graphql-codegen/core";
import * as typescript from "@graphql-codegen/typescript";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse } from "graphql";
import { createClient } from "graphql-sse";
import { PetstoreServer } from "./server.mjs";
import { Api } from "./api.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

let server;
let document;

before(async () => {
  document = await readFile(here("typed-graphql/operations.graphql"), "utf8");
  const schema = await readFile(here("../../schema/schema.graphql"), "utf8");
  const config = { enumsAsTypes: true, strictScalars: true, scalars: { UUID: "string", DateTime: "string", Decimal: "string", Cursor: "string", JSON: "unknown", Upload: "Blob", _Any: "unknown" } };
  const types = await codegen({
    filename: "types.ts",
    schema: parse(schema),
    documents: [{ location: "operations.graphql", document: parse(document) }],
    config,
    plugins: [{ typescript: {} }, { operations: {} }],
    pluginMap: { typescript, operations },
  });
  await writeFile(here("typed-graphql/types.ts"), types);
  const tsc = promisify(execFile)(here("node_modules/.bin/tsc"), ["--project", here("typed-graphql/tsconfig.json")]);
  await tsc.catch((error) => assert.fail(`tsc: ${error.stdout}${error.stderr}`));
  server = await PetstoreServer.start();
}, { timeout: 120_000 });

after(() => server?.destroy());

test("a program against the generated types runs the story of an order", { timeout: 90_000 }, async () => {
  const { tellStory, told } = await import("./typed-graphql/dist/story.js");
  const alice = await new Api(server.url).login("alice");
  const events = createClient({
    url: `${server.url}/v1/graphql`,
    singleConnection: true,
    headers: { authorization: `Bearer ${alice.token}` },
  });
  const { eventsCursor } = await alice.graphql("{ eventsCursor }");
  const run = async (operationName, variables) => {
    const answer = await alice.send("POST", "/v1/graphql", { body: { query: document, operationName, variables } });
    assert.equal(answer.body.errors, undefined, JSON.stringify(answer.body.errors));
    return answer.body.data;
  };
  const { order, paid, last4, refused, node } = await tellStory(run);
  assert.equal(order.status, "PLACED");
  assert.equal(paid.status, "SUCCEEDED");
  assert.match(paid.receipt.receiptUrl, /receipts/);
  assert.equal(last4, "4242");
  assert.equal(refused, "pet_not_available");
  assert.deepEqual(node, { __typename: "Order", id: order.id, status: "APPROVED" });

  // Two subscriptions over one stream, from before the story.
  const live = document.slice(document.indexOf("subscription Live"));
  const heard = (topics) =>
    new Promise((resolve, reject) => {
      const stop = events.subscribe(
        { query: live, variables: { topics, after: eventsCursor } },
        {
          next: ({ data }) => (resolve(told(data.events)), stop()),
          error: reject,
          complete: () => {},
        },
      );
    });
  const [first, payment] = await Promise.all([heard(["orders"]), heard(["payments"])]);
  assert.equal(first, "OrderCreatedEvent");
  assert.match(payment, /^paid: rcp_/);
  events.dispose();
});
