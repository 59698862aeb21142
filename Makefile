# The targets that the README tells of. Everything a fresh machine lacks is installed by the scripts that need it.
CARGO ?= cargo
DATA ?= ./data
LISTEN ?= 127.0.0.1:8080
PETSTORE_BIN ?= $(CURDIR)/target/debug/petstore

.PHONY: run test test-rust test-clients test-documents bench bench-realtime conformance soak web schema lint

# Builds the pages and the server, and starts it with the demo store.
run: web
	$(CARGO) build --release
	./target/release/petstore serve --listen $(LISTEN) --data $(DATA) --seed demo

# Everything, with a small dose of the long runs.
test: web test-rust test-clients test-documents

test-rust: web
	$(CARGO) test

# The official clients against the built binary.
test-clients: web
	$(CARGO) build
	cd tests/clients && npm ci && PETSTORE_BIN=$(PETSTORE_BIN) npm test
	PETSTORE_BIN=$(PETSTORE_BIN) scripts/authlib.sh

# The served documents, and a small dose of requests that are made from them.
test-documents: web
	$(CARGO) build
	PHASES=examples,fuzzing,stateful EXAMPLES=8 ANONYMOUS_EXAMPLES=2 PETSTORE_BIN=$(PETSTORE_BIN) \
	  scripts/conformance.sh documents schemathesis

# The load comes from a second process and goes to loopback only.
bench: web
	$(CARGO) build --release
	$(CARGO) bench --bench load -- --petstore ./target/release/petstore
	$(CARGO) test --lib golden -- --nocapture | grep "golden set"

# Our channels beside their peers, in one run on one load client; draws target/bench/realtime.svg. nchan is left out where
# Debian's packages of it cannot be installed.
bench-realtime: web
	scripts/install-nchan.sh
	$(CARGO) build --release
	cd benches/realtime/peers && npm ci
	$(CARGO) bench --bench realtime -- --petstore $(CURDIR)/target/release/petstore

# Third-party suites against the built binary.
conformance: web
	$(CARGO) build
	PETSTORE_BIN=$(PETSTORE_BIN) scripts/conformance.sh

# The long runs, whole.
soak: web
	$(CARGO) build
	cd tests/clients && npm ci && PETSTORE_BIN=$(PETSTORE_BIN) PETSTORE_SOAK=1 npm test
	PETSTORE_SOAK=1 $(CARGO) test --test it soak -- --nocapture
	PETSTORE_SOAK=1 $(CARGO) test --test it storm -- --nocapture

# The pages that the binary embeds; built again when a source, or a document that their types are made from, changed.
web: web-demo/dist/index.html

WEB_SOURCES = $(shell find web-demo -path web-demo/node_modules -prune -o -path web-demo/dist -prune -o \
  -path web-demo/src/generated -prune -o -type f -print) $(wildcard schema/*.json schema/*.graphql)

web-demo/dist/index.html: $(WEB_SOURCES)
	cd web-demo && npm ci && npm run build
	touch $@

# The golden schemas.
schema: web
	$(CARGO) run -- schema --out schema

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
