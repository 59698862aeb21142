// The built binary as a process: start, stop, kill -9, start again on the same data and port.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { within } from "./wait.mjs";

const DEFAULT_BINARY = fileURLToPath(new URL("../../target/debug/petstore", import.meta.url));
const READY = /listening on (http:\/\/\S+)/;
const START_LIMIT_MS = 30_000;
/** The promise: exit 0 within 10 s of SIGTERM. */
export const STOP_LIMIT_MS = 10_000;
const LOG_LINES_KEPT = 20_000;

const running = new Set();
process.on("exit", () => {
  for (const server of running) server.destroy();
});

export class PetstoreServer {
  /** Where the server listens, as it printed it, e.g. `http://127.0.0.1:40123`. */
  url = "";
  /** @type {string[]} every line of stdout and stderr, over all starts */
  log = [];
  #binary = process.env.PETSTORE_BIN ?? DEFAULT_BINARY;
  #dir = mkdtempSync(join(tmpdir(), "petstore-clients-"));
  #env;
  #child;
  #exited;

  /** @param {Record<string, string>} env settings `PETSTORE_*` on top of the defaults */
  constructor(env) {
    this.#env = env;
    running.add(this);
  }

  /**
   * Starts a server with a fresh demo store on a free port.
   * @param {{env?: Record<string, string>}} [options]
   */
  static async start({ env = {} } = {}) {
    const server = new PetstoreServer(env);
    await server.#launch("127.0.0.1:0");
    return server;
  }

  /** The same address for WebSocket. */
  get wsUrl() {
    return this.url.replace(/^http/, "ws");
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  async #launch(listen) {
    if (!existsSync(this.#binary)) {
      throw new Error(`no binary at ${this.#binary}: build it (cargo build) or set PETSTORE_BIN`);
    }
    const args = ["serve", "--listen", listen, "--data", join(this.#dir, "data"), "--seed", "demo"];
    const child = spawn(this.#binary, args, { env: this.#childEnv(), stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
    this.#collect(child.stderr);
    const ready = new Promise((resolve, reject) => {
      this.#collect(child.stdout, (line) => {
        const found = READY.exec(line);
        if (found) resolve(found[1]);
      });
      child.once("error", reject);
      this.#exited.then((how) => reject(new Error(`petstore ended before it was ready: ${JSON.stringify(how)}`)), reject);
    });
    try {
      this.url = (await within(ready, "petstore start", START_LIMIT_MS)).replace(/\/$/, "");
    } catch (error) {
      child.kill("SIGKILL");
      throw new Error(`${error.message}\n${this.log.slice(-30).join("\n")}`);
    }
  }

  /** PETSTORE_BIN is ours, and the server refuses a PETSTORE_* key that it does not know. */
  #childEnv() {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("PETSTORE_"));
    return { ...Object.fromEntries(inherited), ...this.#env };
  }

  #collect(stream, onLine = () => {}) {
    createInterface({ input: stream }).on("line", (line) => {
      if (this.log.length < LOG_LINES_KEPT) this.log.push(line);
      onLine(line);
    });
  }

  /**
   * SIGTERM, then waits for the end.
   * @returns {Promise<{code: number | null, signal: string | null, tookMs: number}>}
   */
  async stop() {
    const begin = Date.now();
    this.#child.kill("SIGTERM");
    try {
      const how = await within(this.#exited, "exit after SIGTERM", STOP_LIMIT_MS + 2_000);
      return { ...how, tookMs: Date.now() - begin };
    } finally {
      this.#child.kill("SIGKILL");
    }
  }

  /** kill -9, as a crash; resolves when the process is gone. */
  async kill9() {
    this.#child.kill("SIGKILL");
    await within(this.#exited, "end after SIGKILL");
  }

  /** Starts the killed or stopped server again: same data directory, same port. */
  async restart() {
    await this.#launch(`127.0.0.1:${this.port}`);
  }

  /** Ends the process at once, whatever its state, and removes its data. For test clean-up. */
  destroy() {
    running.delete(this);
    this.#child?.kill("SIGKILL");
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Log lines at level ERROR. */
  errorLines() {
    return this.log.filter((line) => /"level":"ERROR"|\bERROR\b|panicked at/.test(line));
  }
}
