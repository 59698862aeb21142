#!/usr/bin/env bash
# Runs third-party suites against the built binary. They are looked for in $CONFORMANCE (default: ../shared/conformance),
# and run from a copy, so that nothing is left there. Exit 0: all passed.
set -euo pipefail
cd "$(dirname "$0")/.."
suites=${CONFORMANCE:-../shared/conformance}
[ -d "$suites" ] || { echo "no suites in $suites; set CONFORMANCE"; exit 2; }
petstore=${PETSTORE_BIN:-target/debug/petstore}
copy=target/conformance
data=$(mktemp -d)
mkdir -p "$copy"
cp -r "$suites"/. "$copy"/
chmod -R u+w "$copy"

"$petstore" serve --listen 127.0.0.1:0 --data "$data" --seed demo >"$data/out" 2>"$data/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$data"' EXIT
for _ in $(seq 100); do grep -q '^listening on' "$data/out" && break; sleep 0.1; done
BASE_URL=$(sed -n 's/^listening on //p' "$data/out")
export BASE_URL

token=$(curl -s "$BASE_URL/v1/auth/tokens" -H 'Content-Type: application/json' \
  -d '{"username":"staff","password":"petstore-demo"}' | sed 's/.*"accessToken":"\([^"]*\)".*/\1/')
# Makes two events of the topic pets.
trigger="curl -s -X POST $BASE_URL/v1/pets -H 'Authorization: Bearer $token' -H 'Content-Type: application/json' \
-d '{\"name\":\"Conformance\",\"species\":\"DOG\",\"ageMonths\":3,\"price\":\"10.00\"}'"

failed=0
suite() { echo; echo "== $1"; shift; "$@" || failed=1; }
suite "GraphQL over HTTP" env GRAPHQL_PATH=/v1/graphql "$copy/graphql-http/run.sh"
suite "server-sent events" env SSE_PATH='/v1/events?topics=pets' TRIGGER="$trigger; $trigger" \
  EVENTS=pet.created "$copy/sse/run.sh"
suite "Socket.IO clients" env EVENT=pet.created JOIN='["subscribe",{"topics":["pets"]}]' TRIGGER="$trigger" \
  ACK='["subscribe",{"topics":["pets"]}]' BAD_AUTH='{"token":"no"}' "$copy/socketio-clients/run.sh"
exit "$failed"
