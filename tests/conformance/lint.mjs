// Judges the served documents ($BASE_URL): the OpenAPI documents by the official JSON Schemas of OpenAPI and by redocly,
// the AsyncAPI document by its parser. Exit 0: no error.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Parser } from "@asyncapi/parser";
import { validate as validate31 } from "@hyperjump/json-schema/openapi-3-1";
import { validate as validate32 } from "@hyperjump/json-schema/openapi-3-2";

const out = fileURLToPath(new URL("out/", import.meta.url));
const redocly = fileURLToPath(new URL("node_modules/@redocly/cli/bin/cli.js", import.meta.url));
const config = fileURLToPath(new URL("redocly.yaml", import.meta.url));
const quiet = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };

let failed = false;
const judged = (what, problems) => {
  console.log(problems.length === 0 ? `ok    ${what}` : `FAIL  ${what}`);
  for (const problem of problems) console.log(`      ${problem}`);
  failed ||= problems.length > 0;
};

/** Fetches a document and keeps a copy for the tools that read files. */
async function served(path) {
  const get = () => fetch(process.env.BASE_URL + path);
  // A tool may have run for so long that the server has just closed the connection that would be used again.
  const response = await get().catch(get);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const text = await response.text();
  mkdirSync(out, { recursive: true });
  const file = out + path.split("/").at(-1);
  writeFileSync(file, text);
  return { file, text };
}

/** What the official schema of that version finds, the innermost reasons alone. */
async function schemaProblems(text, validate, version) {
  const result = await validate(`https://spec.openapis.org/oas/${version}/schema-base`, JSON.parse(text), "DETAILED");
  const found = new Set();
  const collect = (unit) => {
    if (unit.errors?.length) unit.errors.forEach(collect);
    else found.add(`${unit.instanceLocation} breaks ${unit.absoluteKeywordLocation}`);
  };
  if (!result.valid) collect(result);
  return [...found];
}

/** What redocly prints when it is not satisfied. */
function redoclyProblems(file) {
  try {
    execFileSync(process.execPath, [redocly, "lint", file, "--config", config, "--format=stylish"], { env: quiet, encoding: "utf8", stdio: "pipe" });
    return [];
  } catch (error) {
    return `${error.stdout}${error.stderr}`.split("\n").filter((line) => /error|warning/.test(line));
  }
}

for (const [path, validate, version] of [["/v1/openapi.json", validate32, "3.2"], ["/v1/openapi-3.1.json", validate31, "3.1"]]) {
  const { file, text } = await served(path);
  judged(`${path} by the JSON Schema of OpenAPI ${version}`, await schemaProblems(text, validate, version));
  judged(`${path} by redocly`, redoclyProblems(file));
}
const { text } = await served("/v1/asyncapi.json");
const { document, diagnostics } = await new Parser().parse(text);
const errors = diagnostics.filter(({ severity }) => severity === 0);
judged("/v1/asyncapi.json by @asyncapi/parser", errors.map(({ path, message }) => `${path.join(".")}: ${message}`));
if (!document?.allOperations().all().length) judged("/v1/asyncapi.json has operations", ["none"]);
process.exit(failed ? 1 : 0);
