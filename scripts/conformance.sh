#!/usr/bin/env bash
# Judges the built binary by third-party suites. Usage: scripts/conformance.sh [suite...]; all of them without arguments.
#   documents     the JSON Schemas of OpenAPI, redocly, @asyncapi/parser (npm packages of tests/conformance)
#   schemathesis  property-based requests from the served OpenAPI document (PyPI), EXAMPLES of them per operation, in
#                 PHASES, as an administrator and as nobody
#   protocols     the cases of the Engine.IO 4 and Socket.IO 5 protocols (tests/clients), in the conformance profile
#   autobahn      RFC 6455 and RFC 7692 (PyPI; needs Python 2.7, is skipped without), in the conformance profile
#   graphql sse socketio   suites that are looked for in $CONFORMANCE (default: ../shared/conformance) and run from a copy
# Exit 0: all passed.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
wanted=("$@")
[ $# -gt 0 ] || wanted=(documents schemathesis protocols autobahn graphql sse socketio)
suites=${CONFORMANCE:-../shared/conformance}
petstore=${PETSTORE_BIN:-target/debug/petstore}
copy=target/conformance
data=$(mktemp -d)
mkdir -p "$copy"

# No limits of rate: what is judged is every answer, not the patience.
PETSTORE_RATE_LIMIT_ENABLED=false "$petstore" serve --listen 127.0.0.1:0 --data "$data" --seed demo \
  >"$data/out" 2>"$data/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$data"' EXIT
for _ in $(seq 100); do grep -q '^listening on' "$data/out" && break; sleep 0.1; done
BASE_URL=$(sed -n 's/^listening on //p' "$data/out")
export BASE_URL

login() {
  curl -s "$BASE_URL/v1/auth/tokens" -H 'Content-Type: application/json' \
    -d "{\"username\":\"$1\",\"password\":\"petstore-demo\"}" | sed 's/.*"accessToken":"\([^"]*\)".*/\1/'
}

# What runs under "||" goes on after a failure, whatever -e says: each step is tied to the next.
documents() (
  cd tests/conformance && { [ -d node_modules ] || npm ci; } && npm run --silent lint
)

# As an administrator, and once as nobody.
schemathesis() {
  local venv=$root/target/schemathesis st
  st=$venv/bin/st
  [ -x "$st" ] || { python3 -m venv "$venv" && "$venv/bin/pip" -q install schemathesis==4.32.5; } || return 1
  local run=("$st" --config-file "$root/tests/conformance/schemathesis.toml" run "$BASE_URL/v1/openapi.json"
    --checks all --continue-on-failure --workers 1 --seed "${SEED:-1}" --no-color --warnings off
    --phases "${PHASES:-examples,coverage,fuzzing,stateful}" --request-timeout 10)
  local rc=0
  cd "$copy" || return 1
  export PYTHONWARNINGS=ignore
  # What ends the login of the run itself is asked for at the end, by someone else.
  local last=(deleteUser updateUser revokeToken) without=() only=() operation
  for operation in "${last[@]}"; do
    without+=(--exclude-operation-id "$operation")
    only+=(--include-operation-id "$operation")
  done
  "${run[@]}" --max-examples "${EXAMPLES:-200}" "${without[@]}" -H "Authorization: Bearer $(login admin)" || rc=1
  "${run[@]}" --max-examples "${EXAMPLES:-200}" "${only[@]}" -H "Authorization: Bearer $(login bob)" || rc=1
  "${run[@]}" --max-examples "${ANONYMOUS_EXAMPLES:-${EXAMPLES:-200}}" || rc=1
  cd "$root" && return "$rc"
}

protocols() (
  cd tests/clients && { [ -d node_modules ] || npm ci; } &&
    PETSTORE_BIN=$(realpath "$root/$petstore" 2>/dev/null || realpath "$petstore") \
      node --test --test-concurrency=1 engineio-protocol.test.mjs socketio-protocol.test.mjs
)

autobahn() {
  local judged rc=0
  mkdir -p "$data/judged"
  "$petstore" serve --profile conformance --listen 127.0.0.1:0 --data "$data/judged" \
    >"$data/judged.out" 2>"$data/judged.log" &
  judged=$!
  for _ in $(seq 100); do grep -q '^listening on' "$data/judged.out" && break; sleep 0.1; done
  scripts/autobahn.sh "$(sed -n 's/^listening on http/ws/p' "$data/judged.out")/v1/echo/ws" || rc=$?
  kill "$judged" && wait "$judged" || true
  # Without the Python that it needs there is no verdict, and no failure.
  [ "$rc" = 3 ] || return "$rc"
}

shared() {
  [ -d "$suites" ] || { echo "no suites in $suites; set CONFORMANCE"; return 2; }
  cp -r "$suites"/. "$copy"/
  chmod -R u+w "$copy"
  local token trigger
  token=$(login staff)
  # Makes two events of the topic pets.
  trigger="curl -s -X POST $BASE_URL/v1/pets -H 'Authorization: Bearer $token' -H 'Content-Type: application/json' \
-d '{\"name\":\"Conformance\",\"species\":\"DOG\",\"ageMonths\":3,\"price\":\"10.00\"}'"
  case $1 in
    graphql) GRAPHQL_PATH=/v1/graphql "$copy/graphql-http/run.sh" ;;
    sse) SSE_PATH='/v1/events?topics=pets' TRIGGER="$trigger; $trigger" EVENTS=pet.created "$copy/sse/run.sh" ;;
    socketio)
      EVENT=pet.created JOIN='["subscribe",{"topics":["pets"]}]' TRIGGER="$trigger" \
        ACK='["subscribe",{"topics":["pets"]}]' BAD_AUTH='{"token":"no"}' "$copy/socketio-clients/run.sh"
      ;;
  esac
}

failed=0
for suite in "${wanted[@]}"; do
  echo
  echo "== $suite"
  case $suite in
    documents) documents || failed=1 ;;
    schemathesis) schemathesis || failed=1 ;;
    protocols) protocols || failed=1 ;;
    autobahn) autobahn || failed=1 ;;
    graphql | sse | socketio) shared "$suite" || failed=1 ;;
    *) echo "there is no suite $suite"; failed=2 ;;
  esac
done
exit "$failed"
