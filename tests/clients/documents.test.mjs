// The served documents against themselves (every example validates) and against the server (every answer has the schema
// that is promised, and nothing besides).

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { demoStore } from "./fixture.mjs";
import { Api } from "./api.mjs";

const TEST_LIMIT = { timeout: 180_000 };
const METHODS = ["get", "put", "post", "delete", "patch", "query"];

let store;
let openapi;
let asyncapi;

before(async () => {
  store = await demoStore();
  openapi = await store.anonymous.call("GET", "/v1/openapi.json");
  asyncapi = await store.anonymous.call("GET", "/v1/asyncapi.json");
}, TEST_LIMIT);

after(() => store?.server.destroy());

/** A validator that knows the whole document as `document`. */
function validator(document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  addFormats.default(ajv);
  for (const format of ["int32", "int64", "password", "binary"]) ajv.addFormat(format, true);
  // No more than has schemas: other members mean something to a validator.
  const { paths, components } = document;
  return ajv.addSchema({ paths, components }, "document");
}

const escaped = (key) => encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"));
const pointer = (keys) => `document#/${keys.map(escaped).join("/")}`;

/** Calls `visit(value, keys)` for every object of a document. */
function walk(value, visit, keys = []) {
  if (value === null || typeof value !== "object") return;
  if (!Array.isArray(value)) visit(value, keys);
  for (const [key, inner] of Object.entries(value)) walk(inner, visit, [...keys, key]);
}

/** Follows a reference inside a document. */
const resolve = (document, node) =>
  node?.$ref ? node.$ref.slice(2).split("/").reduce((at, key) => at[key.replaceAll("~1", "/").replaceAll("~0", "~")], document) : node;

/** Each example in the document with the address of its schema. */
function examples(document) {
  const found = [];
  walk(document.components.schemas, (schema, keys) => {
    if (!Array.isArray(schema.examples) || keys.at(-1) === "properties") return;
    const at = ["components", "schemas", ...keys];
    for (const value of schema.examples) found.push({ at, schema: pointer(at), value });
  });
  walk({ paths: document.paths, components: document.components }, (node, keys) => {
    if (!node.schema || typeof node.schema !== "object" || keys.includes("schemas")) return;
    const schema = pointer([...keys, "schema"]);
    if ("example" in node) found.push({ at: keys, schema, value: node.example });
    for (const example of Object.values(node.examples ?? {})) found.push({ at: keys, schema, value: example.value });
  });
  return found;
}

describe("examples validate against their schemas", () => {
  for (const [name, document] of [["OpenAPI", () => openapi], ["AsyncAPI", () => asyncapi]]) {
    test(name, TEST_LIMIT, () => {
      const ajv = validator(document());
      const all = examples(document());
      assert.ok(all.length > 20, `only ${all.length} examples were found`);
      for (const { at, schema, value } of all) {
        const validate = ajv.compile({ $ref: schema });
        assert.ok(validate(value), `${at.join(" > ")}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`);
      }
    });
  }
});

/** The document with every object of an answer closed, so that what is not described is found. */
function closed(document) {
  const copy = structuredClone(document);
  const parts = new Set();
  walk(copy, (node) => {
    for (const part of node.allOf ?? []) parts.add(resolve(copy, part));
  });
  walk(copy.components.schemas, (node) => {
    const open = node.additionalProperties === undefined && !parts.has(node);
    if (open && (node.properties || node.allOf) && (node.type === "object" || node.allOf)) node.unevaluatedProperties = false;
  });
  return copy;
}

describe("answers are what the document promises", () => {
  const seen = new Set();
  let ajv;
  let document;

  before(() => {
    document = closed(openapi);
    ajv = validator(document);
  });

  /** Sends a request and holds its answer against the operation. */
  async function call(api, method, template, { params = {}, query = "", body, headers } = {}) {
    const path = template.replace(/\{(\w+)\}/g, (_, name) => params[name]);
    const answer = await api.send(method, path + query, { body, headers });
    const operation = document.paths[template]?.[method.toLowerCase()];
    assert.ok(operation, `${method} ${template} is not described`);
    const response = resolve(document, operation.responses[answer.status]);
    assert.ok(response, `${method} ${path}: ${answer.status} is not described: ${JSON.stringify(answer.body)}`);
    const type = (answer.headers.get("content-type") ?? "").split(";")[0];
    if (answer.body !== undefined) {
      const schema = response.content?.[type]?.schema;
      assert.ok(schema, `${method} ${path}: ${answer.status} ${type} is not described`);
      const resolved = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/'));
      const validate = ajv.compile(resolved);
      assert.ok(validate(answer.body), `${method} ${path}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(answer.body).slice(0, 2000)}`);
    }
    seen.add(`${method} ${template}`);
    return answer;
  }

  test("the story of an order", TEST_LIMIT, async () => {
    const { staff, alice, anonymous, server } = store;
    const admin = await new Api(server.url).login("admin");
    await call(anonymous, "POST", "/v1/auth/tokens", { body: { username: "bob", password: "petstore-demo" } });
    const sent = { name: "Rex", species: "DOG", ageMonths: 5, price: "75.00", medicalInfo: { vaccinated: true }, tags: [{ name: "calm" }] };
    const pet = (await call(staff, "POST", "/v1/pets", { body: sent })).body;
    await call(anonymous, "GET", "/v1/pets", { query: "?limit=5" });
    await call(anonymous, "GET", "/v1/pets/{id}", { params: pet });
    await call(staff, "PUT", "/v1/pets/{id}", { params: pet, body: { price: "80.00" } });
    await call(staff, "PATCH", "/v1/pets/{id}", { params: pet, body: { description: null, color: "brown" } });
    await call(anonymous, "QUERY", "/v1/pets", { body: { criteria: { species: ["dog"] } } });
    await call(anonymous, "POST", "/v1/pets/search", { body: { criteria: { text: "terrier" }, pagination: { limit: 2 } } });
    await call(alice, "GET", "/v1/inventory");
    await call(alice, "GET", "/v1/inventories");
    const order = (await call(alice, "POST", "/v1/orders", { body: { petId: pet.id } })).body;
    const endpoint = (await call(staff, "POST", "/v1/webhook-endpoints", { body: { url: "http://127.0.0.1:9/x", eventTypes: ["*"] } })).body;
    const card = { object: "card", name: "Alice", cvc: "123", expMonth: 12, expYear: 2030 };
    const payment = (number) => ({ params: order, body: { amount: "80.00", currency: "USD", source: { ...card, number } } });
    await call(alice, "POST", "/v1/orders/{id}/payment", payment("4000000000000002"));
    await call(alice, "POST", "/v1/orders/{id}/payment", payment("4242424242424242"));
    await call(alice, "POST", "/v1/orders/{id}/payment", payment("4242424242424242"));
    await call(staff, "POST", "/v1/orders/{id}/ship", { params: order });
    await call(staff, "POST", "/v1/orders/{id}/deliver", { params: order });
    await call(alice, "GET", "/v1/orders");
    await call(alice, "GET", "/v1/orders/{id}", { params: order });
    const accept = { headers: { accept: "application/json" } };
    const events = (await call(staff, "GET", "/v1/events", { query: "?topics=payments,orders,pets,inventory&limit=500", ...accept })).body.data;
    const paid = events.find((event) => event.eventType === "payment.succeeded");
    await call(alice, "GET", "/v1/receipts/{id}", { params: { id: paid.data.receipt.receiptId } });
    await call(staff, "GET", "/v1/webhook-endpoints");
    await call(staff, "GET", "/v1/webhook-endpoints/{id}", { params: endpoint });
    const deliveries = (await call(staff, "GET", "/v1/webhook-endpoints/{id}/deliveries", { params: endpoint })).body.data;
    for (const { id } of deliveries.slice(0, 1)) {
      const params = { id: endpoint.id, delivery: id };
      await call(staff, "GET", "/v1/webhook-endpoints/{id}/deliveries/{delivery}", { params });
      await call(staff, "GET", "/v1/webhook-endpoints/{id}/deliveries/{delivery}/attempts", { params });
    }
    await call(admin, "GET", "/v1/admin/dashboard/stats");
    await call(admin, "GET", "/v1/admin/users", { query: "?limit=3" });
    await call(admin, "GET", "/v1/admin/orders", { query: "?limit=3" });
    const log = (await call(admin, "GET", "/v1/admin/audit-logs", { query: "?limit=20" })).body.data;
    await call(admin, "GET", "/v1/admin/audit-logs/{id}", { params: log[0] });
    assert.ok(seen.size > 25, `only ${seen.size} operations were held against the document`);
  });

  test("a conversation", TEST_LIMIT, async () => {
    const { staff, alice, bob } = store;
    const messages = [{ role: "user", content: "my dog ate a bar of dark chocolate" }];
    await call(alice, "POST", "/v1/chat/completions", { body: { messages } });
    await call(alice, "POST", "/v1/chat/completions", { body: { messages: [] } });
    const room = (await call(alice, "POST", "/v1/chat/rooms", { body: {} })).body;
    const params = room;
    await call(alice, "GET", "/v1/chat/rooms");
    await call(alice, "POST", "/v1/chat/rooms/{id}/call", { params });
    await call(staff, "GET", "/v1/chat/rooms", { query: "?waiting=true" });
    await call(staff, "PUT", "/v1/chat/rooms/{id}/agent", { params });
    const message = (await call(alice, "POST", "/v1/chat/rooms/{id}/messages", { params, body: { text: "can dogs eat grapes?" } })).body;
    const ids = { id: room.id, message: message.id };
    await call(alice, "PATCH", "/v1/chat/rooms/{id}/messages/{message}", { params: ids, body: { text: "can cats eat grapes?" } });
    await call(alice, "GET", "/v1/chat/rooms/{id}/messages/{message}", { params: ids });
    await call(staff, "POST", "/v1/chat/rooms/{id}/receipts", { params, body: { messageId: message.id } });
    await call(alice, "GET", "/v1/chat/rooms/{id}/receipts", { params });
    await call(alice, "POST", "/v1/chat/rooms/{id}/typing", { params, body: { typing: true } });
    await call(alice, "GET", "/v1/chat/rooms/{id}/messages", { params });
    await call(alice, "DELETE", "/v1/chat/rooms/{id}/messages/{message}", { params: ids });
    await call(staff, "DELETE", "/v1/chat/rooms/{id}/agent", { params });
    await call(bob, "GET", "/v1/chat/rooms/{id}", { params });
    await call(alice, "GET", "/v1/chat/rooms/{id}", { params });
    const accept = { headers: { accept: "application/json" } };
    await call(alice, "GET", "/v1/events", { query: `?topics=chat/${room.id}`, ...accept });
  });

  test("users, and refusals", TEST_LIMIT, async () => {
    const { staff, alice, anonymous } = store;
    const body = { username: "jane.doe", email: "jane@example.com", password: "correct horse battery", phone: "+14155550123" };
    const jane = (await call(anonymous, "POST", "/v1/users", { body })).body;
    await call(anonymous, "POST", "/v1/users", { body });
    await call(alice, "GET", "/v1/users/{id}", { params: jane });
    await call(staff, "GET", "/v1/users/{id}", { params: jane });
    await call(new Api(anonymous.url, jane.token), "PUT", "/v1/users/{id}", { params: jane, body: { firstName: "Jane" } });
    await call(anonymous, "GET", "/v1/users/{id}", { params: jane });
    await call(anonymous, "GET", "/v1/pets/{id}", { params: jane });
    await call(alice, "POST", "/v1/pets", { body: { name: "Rex" } });
    await call(staff, "POST", "/v1/pets", { body: { name: "Rex" } });
    await call(staff, "POST", "/v1/pets", { body: "nonsense" });
    await call(staff, "POST", "/v1/pets", { body: "{}", headers: { "content-type": "text/plain" } });
    await call(anonymous, "GET", "/v1/pets", { query: "?limit=1000" });
  });

  test("the documents are described", TEST_LIMIT, () => {
    for (const [path, item] of Object.entries(openapi.paths)) {
      const operations = Object.entries(item).filter(([method]) => METHODS.includes(method));
      assert.ok(operations.length > 0, `${path} has no operation`);
      for (const [method, operation] of operations) {
        for (const field of ["operationId", "summary", "description", "tags"]) {
          assert.ok(operation[field]?.length > 0, `${method} ${path} has no ${field}`);
        }
      }
    }
  });
});
