// The commands of the README and the guides: every ```sh block with `<!-- test -->` on the line before it runs, in order, in one bash
// session against a running server; a ```json block with `<!-- expect-keys -->` names the keys that its output has.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PetstoreServer } from "./server.mjs";
import { within } from "./wait.mjs";

const ROOT = new URL("../../", import.meta.url);
const SESSION_LIMIT_MS = 60_000;
const README_ADDRESS = /\b(localhost|127\.0\.0\.1):8080\b/g;
const FENCE = /^(```+)(\w*)\s*$/;

/** @typedef {{line: number, script: string, expect?: any}} Example */

/**
 * The examples of a Markdown text.
 * @param {string} markdown
 * @returns {Example[]}
 */
export function examples(markdown) {
  const found = [];
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const fence = FENCE.exec(lines[at]);
    if (!fence) continue;
    const end = lines.indexOf(fence[1], at + 1);
    assert.ok(end > 0, `README line ${at + 1}: the block has no end`);
    const text = lines.slice(at + 1, end).join("\n");
    const mark = lines[at - 1]?.trim();
    if (mark === "<!-- test -->" && fence[2] === "sh") found.push({ line: at + 1, script: text });
    if (mark === "<!-- expect-keys -->" && fence[2] === "json") {
      assert.ok(found.length > 0, `README line ${at + 1}: expected keys without a tested block before`);
      found.at(-1).expect = JSON.parse(text);
    }
    at = end;
  }
  return found;
}

/**
 * Asserts that `actual` has every key of `expected`, at every depth; values may differ. Of a list, the first element
 * stands for all; a list of names at the top means just these keys.
 */
export function assertKeys(actual, expected, where = "output") {
  if (Array.isArray(expected)) {
    if (where === "output" && expected.every((name) => typeof name === "string") && !Array.isArray(actual)) {
      for (const name of expected) assert.ok(name in actual, `${where} has no ${name}: ${JSON.stringify(actual)}`);
      return;
    }
    assert.ok(Array.isArray(actual), `${where} is no list`);
    if (expected.length > 0) assertKeys(actual[0], expected[0], `${where}[0]`);
  } else if (expected !== null && typeof expected === "object") {
    assert.ok(actual !== null && typeof actual === "object", `${where} is no object: ${JSON.stringify(actual)}`);
    for (const [name, value] of Object.entries(expected)) {
      assert.ok(name in actual, `${where} has no ${name}: ${JSON.stringify(actual)}`);
      assertKeys(actual[name], value, `${where}.${name}`);
    }
  }
}

/** The JSON that a block printed: all of its output, or its last line that is JSON. */
function outputJson(output) {
  for (const candidate of [output, ...output.trim().split("\n").reverse()]) {
    try {
      return JSON.parse(candidate);
    } catch {
      // not this one
    }
  }
  return undefined;
}

/** Runs the blocks in one bash session; each block's output goes to its own files. */
async function runSession(dir, blocks) {
  const script = ["set -eo pipefail"];
  for (const [at, block] of blocks.entries()) {
    await writeFile(join(dir, `${at}.sh`), `${block.script}\n`);
    script.push(`source '${dir}/${at}.sh' > '${dir}/${at}.out' 2> '${dir}/${at}.err'`, `echo ${at}`);
  }
  await writeFile(join(dir, "session.sh"), script.join("\n"));
  const shell = spawn("bash", [join(dir, "session.sh")], { cwd: dir, detached: true, stdio: ["ignore", "pipe", "inherit"] });
  const done = [];
  shell.stdout.on("data", (chunk) => done.push(...String(chunk).trim().split("\n")));
  try {
    const [code] = await within(once(shell, "close"), "README session", SESSION_LIMIT_MS);
    return { code, completed: done.length };
  } catch (error) {
    return { code: error.message, completed: done.length };
  } finally {
    stopGroup(shell.pid);
  }
}

/** Ends what a block may have left in the background. */
function stopGroup(leader) {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // nothing is left
  }
}

const read = async (dir, name) => readFile(join(dir, name), "utf8").catch(() => "");

test("examples are found by their marks", () => {
  const text = ["<!-- test -->", "```sh", "echo '{\"a\":[{\"b\":1}]}'", "```", "", "<!-- expect-keys -->", "```json",
    '{"a":[{"b":2}]}', "```", "```sh", "rm -rf not-run", "```"].join("\n");
  assert.deepEqual(examples(text), [{ line: 2, script: "echo '{\"a\":[{\"b\":1}]}'", expect: { a: [{ b: 2 }] } }]);
  assertKeys({ a: [{ b: 1 }] }, { a: [{ b: 2 }] });
  assertKeys({ token: 1, user: 2 }, ["token", "user"]);
  assert.throws(() => assertKeys({ a: [{ c: 1 }] }, { a: [{ b: 2 }] }), /output\.a\[0\] has no b/);
  assert.throws(() => assertKeys({ a: 1 }, ["token"]), /has no token/);
});

test("the README's examples run as printed", { timeout: SESSION_LIMIT_MS + 30_000 }, (t) => runs(t, "README.md"));

test("the examples of the guide to inbound payments run as printed", { timeout: SESSION_LIMIT_MS + 30_000 }, async (t) => {
  const guide = await readFile(new URL("docs/inbound.md", ROOT), "utf8");
  await runs(t, "docs/inbound.md", configured(/^```toml\n(.*?)^```$/ms.exec(guide)[1]));
});

/** A configuration as environment variables. @param {string} toml sections of plain values and lists of texts */
function configured(toml) {
  const env = {};
  let section;
  for (const line of toml.split("\n")) {
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section;
    const [, key, value] = /^(\w+) = (true|"[^"]*"|\[[^\]]*\])/.exec(line) ?? [];
    if (key) env[`PETSTORE_${section}_${key}`.toUpperCase()] = [JSON.parse(value)].flat().join(",");
  }
  return env;
}

/** Runs the examples of a document, in order, against a server with these settings. */
async function runs(t, name, env = {}) {
  const blocks = examples(await readFile(new URL(name, ROOT), "utf8"));
  assert.ok(blocks.length > 0, `${name} has no block marked <!-- test -->`);
  const server = await PetstoreServer.start({ env });
  t.after(() => server.destroy());
  const dir = await mkdtemp(join(tmpdir(), "petstore-readme-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const { host } = new URL(server.url);
  const ours = blocks.map((block) => ({ ...block, script: block.script.replace(README_ADDRESS, host) }));

  const { code, completed } = await runSession(dir, ours);
  const failed = ours[completed];
  const said = failed && `${await read(dir, `${completed}.out`)}\n${await read(dir, `${completed}.err`)}`;
  assert.equal(code, 0, `${name} line ${failed?.line}:\n${failed?.script}\n${said}`);
  for (const [at, block] of ours.entries()) {
    const output = await read(dir, `${at}.out`);
    const json = outputJson(output);
    const what = `${name} line ${block.line}: ${output}`;
    if (block.expect) {
      assert.notEqual(json, undefined, `${what} is no JSON`);
      assertKeys(json, block.expect);
    } else {
      assert.ok(!json?.type?.includes?.("/errors/"), `${what} is a problem`);
    }
  }
}
