// The Python of the tests, with the verifiers from PyPI; made when it is not there.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const FOLDER = import.meta.dirname;
const PYTHON = join(FOLDER, ".venv", "bin", "python");

/** @returns {string} the path of its interpreter */
export function python() {
  if (!existsSync(PYTHON)) {
    run("python3", ["-m", "venv", join(FOLDER, ".venv")]);
    run(PYTHON, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", join(FOLDER, "requirements.txt")]);
  }
  return PYTHON;
}

function run(command, args) {
  const done = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(done.status, 0, `${command} ${args.join(" ")}: ${done.stderr}`);
}
