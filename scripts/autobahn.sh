#!/usr/bin/env bash
# Judges a WebSocket echo by the Autobahn test suite (RFC 6455 and RFC 7692). Usage: scripts/autobahn.sh URL [case...]
# The suite needs Python 2.7: $PY27, else python2.7, pypy or one that pyenv has. FULL=1 adds the long cases of compression.
# Exit 0: no case FAILED, none but those named below NON-STRICT. Exit 3: there is no Python 2.7.
set -euo pipefail
cd "$(dirname "$0")/.."
url=${1:?URL of a WebSocket echo}
shift
dir=$PWD/target/conformance/autobahn
mkdir -p "$dir"
if [ ! -x "$dir/venv/bin/wstest" ]; then
  py27=${PY27:-$(command -v python2.7 || command -v pypy || ls "$HOME"/.pyenv/versions/2.7.*/bin/python 2>/dev/null || true)}
  if [ -z "$py27" ] || ! "$py27" -c 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null; then
    py27=$(ls "$HOME"/.pyenv/versions/2.7.*/bin/python 2>/dev/null | tail -1 || true)
  fi
  [ -n "$py27" ] || { echo "skipped: there is no Python 2.7 (set PY27)"; exit 3; }
  # The last virtualenv that makes environments of Python 2.7.
  python3 -m venv "$dir/boot" && "$dir/boot/bin/pip" -q install 'virtualenv<20.22'
  "$dir/boot/bin/virtualenv" -q -p "$py27" "$dir/venv"
  "$dir/venv/bin/pip" -q install autobahntestsuite==25.10.1 2>/dev/null
fi
python3 - "$dir" "$url" "${FULL:-}" "$@" <<'P'
import json, sys
dir, url, full, *cases = sys.argv[1:]
# Ten minutes of the same with other sizes.
long = [f"12.{n}.*" for n in range(2, 6)] + [f"13.{n}.*" for n in range(2, 8)]
spec = {"outdir": dir + "/report", "servers": [{"agent": "petstore", "url": url}], "cases": cases or ["*"],
        "exclude-cases": [] if full or cases else long, "exclude-agent-cases": {}}
json.dump(spec, open(dir + "/spec.json", "w"))
P
rm -rf "$dir/report"
(cd "$dir" && venv/bin/wstest -m fuzzingclient -s spec.json >wstest.log 2>&1) || { tail -5 "$dir/wstest.log"; exit 2; }
python3 - "$dir" <<'P'
import collections, json, sys
# Text that is no UTF-8 is refused when its frame is whole, and not at the octet: nothing is done with it before.
NON_STRICT = {"6.4.1", "6.4.2", "6.4.3", "6.4.4"}
judged = json.load(open(sys.argv[1] + "/report/index.json"))["petstore"]
bad = []
for case, verdict in sorted(judged.items()):
    how, close = verdict["behavior"], verdict["behaviorClose"]
    good = how in ("OK", "INFORMATIONAL") or how == "NON-STRICT" and case in NON_STRICT
    if not good or close not in ("OK", "INFORMATIONAL"):
        bad.append(case)
        print(case, how, "close:", close, verdict.get("remoteCloseCode"))
print(len(judged), "cases", dict(collections.Counter(v["behavior"] for v in judged.values())))
sys.exit(bool(bad) or not judged)
P
