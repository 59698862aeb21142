#!/usr/bin/env bash
# Runs the four grants of OAuth2 with Authlib (PyPI) against the built binary. Its environment is made under target/.
set -euo pipefail
cd "$(dirname "$0")/.."
petstore=${PETSTORE_BIN:-target/debug/petstore}
venv=target/authlib
if ! "$venv/bin/python" -c 'import authlib, requests, joserfc' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check 'authlib==1.*' 'joserfc==1.*' 'requests==2.*'
fi
data=$(mktemp -d)
PETSTORE_OAUTH_DEVICE_INTERVAL_S=1 "$petstore" serve --listen 127.0.0.1:0 --data "$data" --seed demo \
  >"$data/out" 2>"$data/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$data"' EXIT
for _ in $(seq 100); do grep -q '^listening on' "$data/out" && break; sleep 0.1; done
address=$(sed -n 's/^listening on //p' "$data/out")
[ -n "$address" ] || { echo "petstore did not start:"; cat "$data/out" "$data/log"; exit 1; }
AUTHLIB_INSECURE_TRANSPORT=1 "$venv/bin/python" tests/clients/authlib_grants.py "$address"
