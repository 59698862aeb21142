// The code of the webhook guide (docs/webhooks.md), run in each of its six languages: it takes what the store sends, and
// nothing that was changed, forged or kept back.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { buffer } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { demoStore } from "./fixture.mjs";
import { python } from "./python/venv.mjs";

const ROOT = join(import.meta.dirname, "..", "..");
const GUIDE = readFileSync(join(ROOT, "docs", "webhooks.md"), "utf8");
const limit = { timeout: 120_000 };
const work = mkdtempSync(join(tmpdir(), "petstore-languages-"));
/** A real delivery: the secret, its headers and its body. */
let sent;
let store;

before(async () => {
  const installed = spawnSync(join(ROOT, "scripts", "install-languages.sh"), { encoding: "utf8" });
  if (installed.status !== 0) console.log(installed.stdout, installed.stderr);
  store = await demoStore();
  sent = await delivery(store);
}, { timeout: 600_000 });

after(() => {
  rmSync(work, { recursive: true, force: true });
  store?.server.destroy();
});

/** What the store sends for a new pet. */
async function delivery({ staff }) {
  const receiver = createServer();
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const endpoint = await staff.createWebhookEndpoint(`http://127.0.0.1:${receiver.address().port}/`, ["pet.*"]);
  const arrived = once(receiver, "request");
  await staff.createPet();
  const [request, response] = await arrived;
  const body = await buffer(request);
  response.writeHead(204).end();
  receiver.close();
  return { secret: endpoint.secret, headers: request.headers, body };
}

/** The guide's code in a program: what stands below its heading, in place of the mark. */
function program(heading, file, indent = "") {
  const code = new RegExp(`^### ${heading}\\b[^\\n]*\\n+\`\`\`\\w+\\n(.*?)^\`\`\``, "ms").exec(GUIDE)?.[1];
  assert.ok(code, `docs/webhooks.md has no code below "### ${heading}"`);
  const frame = readFileSync(join(import.meta.dirname, "languages", file), "utf8");
  const whole = frame.replace(/^ *(\/\/|#)GUIDE$/m, () => code.replaceAll(/^(?=.)/gm, indent));
  const path = join(work, file);
  writeFileSync(path, whole);
  return path;
}

/** Builds what a language needs first; its compiler has the last word. */
function build(command, ...args) {
  const done = spawnSync(command, args, { cwd: work, encoding: "utf8", env: { ...process.env, GOCACHE: join(work, "go"), GO111MODULE: "off" } });
  assert.equal(done.status, 0, `${command} ${args.join(" ")}: ${done.stderr}`);
}

/** A program that is told the secret as its first argument. */
function asArgument(command, ...args) {
  return ({ secret, lines, body }) => spawnSync(command, [...args, secret, ...lines], { input: body, encoding: "utf8" });
}

/** A program that finds the secret in its environment; packages are those of this folder. */
function withSecret(command, ...args) {
  return ({ secret, lines, body }) => {
    const env = { ...process.env, WEBHOOK_SECRET: secret };
    return spawnSync(command, [...args, ...lines], { input: body, encoding: "utf8", cwd: import.meta.dirname, env });
  };
}

const LANGUAGES = {
  JavaScript: { needs: "node", run: () => withSecret(process.execPath, "--input-type=module", "-e", readFileSync(program("JavaScript", "main.mjs"), "utf8"), "--") },
  Python: { needs: "python3", run: () => withSecret(python(), program("Python", "main.py", "    ")) },
  Go: { needs: "go", run: () => (build("go", "build", "-o", "verify", program("Go", "main.go")), asArgument(join(work, "verify"))) },
  Ruby: { needs: "ruby", run: () => asArgument("ruby", program("Ruby", "main.rb")) },
  PHP: { needs: "php", run: () => asArgument("php", program("PHP", "main.php")) },
  Java: { needs: "javac", run: () => (build("javac", program("Java", "Main.java")), asArgument("java", "-cp", work, "Main")) },
};

/** What is refused, whatever the language. */
function forged() {
  const { secret, headers, body } = sent;
  const old = new Date(Date.now() - 3_600_000);
  const unix = Math.floor(old.getTime() / 1000);
  return {
    "a changed body": { ...sent, body: Buffer.from(body.toString().replace("pet.", "dog.")) },
    "another secret": { ...sent, secret: `whsec_${Buffer.alloc(24, 1).toString("base64")}` },
    "another id": { ...sent, headers: { ...headers, "webhook-id": "evt_other" } },
    "an hour old": {
      ...sent,
      headers: {
        ...headers,
        "webhook-timestamp": String(unix),
        "webhook-signature": new Webhook(secret).sign(headers["webhook-id"], old, body.toString()),
      },
    },
    "no signature of ours": { ...sent, headers: { ...headers, "webhook-signature": "v1,AAAA v2,BBBB" } },
  };
}

describe("the guide's code", () => {
  for (const [language, { needs, run }] of Object.entries(LANGUAGES)) {
    test(`verifies in ${language}`, limit, (t) => {
      if (spawnSync("sh", ["-c", `command -v ${needs}`]).status !== 0) {
        return t.skip(`${needs} is not on this machine, and could not be installed; the reason is above`);
      }
      const program = run();
      const said = ({ secret, headers, body }) => {
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
        const { stdout, stderr } = program({ secret, lines, body });
        assert.match(stdout, /^(verified|refused: .+)\n$/, stderr);
        return stdout.split(/[:\n]/, 1)[0];
      };
      assert.equal(said(sent), "verified");
      const rotating = { ...sent.headers, "webhook-signature": `v1,AAAA ${sent.headers["webhook-signature"]}` };
      assert.equal(said({ ...sent, headers: rotating }), "verified", "one of several signatures");
      for (const [name, request] of Object.entries(forged())) assert.equal(said(request), "refused", name);
    });
  }
});
