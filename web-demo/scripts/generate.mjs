// Types from the documents that the server serves: OpenAPI for REST, the GraphQL schema for src/graphql/*.graphql, AsyncAPI
// for what comes over the live channels. They go to src/generated, which is not kept in the repository.

import { readFile, readdir, mkdir, writeFile } from "node:fs/promises";
import { codegen } from "@graphql-codegen/core";
import * as typescriptPlugin from "@graphql-codegen/typescript";
import * as operationsPlugin from "@graphql-codegen/typescript-operations";
import { buildSchema, parse } from "graphql";
import { compile } from "json-schema-to-typescript";
import openapiTS, { astToString } from "openapi-typescript";

const schemas = new URL("../../schema/", import.meta.url);
const documents = new URL("../src/graphql/", import.meta.url);
const target = new URL("../src/generated/", import.meta.url);
const banner = "// Made by `npm run generate` from ../schema; changes are lost.\n\n";

async function rest() {
  const ast = await openapiTS(new URL("openapi-3.1.json", schemas), { defaultNonNullable: false });
  return astToString(ast);
}

async function graphql() {
  const sdl = await readFile(new URL("schema.graphql", schemas), "utf8");
  const names = (await readdir(documents)).filter((name) => name.endsWith(".graphql"));
  const operations = await Promise.all(
    names.map(async (name) => ({ location: name, document: parse(await readFile(new URL(name, documents), "utf8")) })),
  );
  const scalars = { Cursor: "string", DateTime: "string", Decimal: "string", JSON: "Record<string, unknown>" };
  const config = { scalars, enumsAsTypes: true, skipTypename: true, onlyOperationTypes: true };
  return codegen({
    filename: "graphql.ts",
    schema: parse(sdl),
    schemaAst: buildSchema(sdl),
    documents: operations,
    config,
    plugins: [{ operations: {} }],
    pluginMap: { typescript: typescriptPlugin, operations: operationsPlugin },
  });
}

async function live() {
  const { components } = JSON.parse(await readFile(new URL("asyncapi.json", schemas), "utf8"));
  const local = JSON.parse(JSON.stringify(components.schemas).replaceAll("#/components/schemas/", "#/definitions/"));
  const chat = Object.keys(components.schemas).filter((name) => name.startsWith("Chat") && !name.endsWith("Event"));
  const wanted = [...chat, "Event", "WsAuth", "WsSubscribe", "WsSubscribed", "WsEvent", "WsError", "WsPing"];
  const root = {
    title: "LiveMessages",
    type: "object",
    additionalProperties: false,
    required: wanted,
    properties: Object.fromEntries(wanted.map((name) => [name, { $ref: `#/definitions/${name}` }])),
    definitions: local,
  };
  return compile(root, "LiveMessages", { bannerComment: "", unreachableDefinitions: false, format: false, ignoreMinAndMaxItems: true, additionalProperties: false });
}

/** The names of the events: EventSource hands an event only to those who listen for its name. */
async function eventTypes() {
  const { components } = JSON.parse(await readFile(new URL("asyncapi.json", schemas), "utf8"));
  const named = ({ $ref }) => components.schemas[$ref.split("/").at(-1)].properties.eventType.const;
  const names = components.schemas.Event.oneOf.map(named);
  return `export const eventTypes = ${JSON.stringify(names, null, 2)} as const;\n`;
}

const files = { "rest.ts": rest, "graphql.ts": graphql, "live.ts": live, "event-types.ts": eventTypes };
await mkdir(target, { recursive: true });
for (const [name, make] of Object.entries(files)) {
  await writeFile(new URL(name, target), banner + (await make()));
}
