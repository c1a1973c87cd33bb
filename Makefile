# `make` lists what there is to make.

.DEFAULT_GOAL := help
.PHONY: help run run-gvisor build web v8 test test-gvisor test-image test-systemd test-cluster soak soak-kills fuzz siege queries check check-deploy sbom types bench figures clean

CARGO := scripts/v8-env cargo
LISTEN ?= 127.0.0.1:8080
DATA_DIR ?= var
SECONDS ?=
HOURS ?=

# cargo's way to start what it built inside gVisor.
TARGET = $(shell rustc -vV | sed -n 's/^host: //p' | tr a-z- A-Z_)
IN_GVISOR = CARGO_TARGET_$(TARGET)_RUNNER=scripts/gvisor.mjs

# What the front end is built from.
WEB := package-lock.json package.json README.md CHANGELOG.md SECURITY.md server/README.md $(wildcard docs/*.md docs/decisions/*.md) $(shell find web static templates -type f -not -path 'static/dist/*')

help: ## Lists these
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 20

run: build ## Builds everything and serves it on LISTEN (127.0.0.1:8080)
	@target/release/mayfly serve --listen $(LISTEN) --data-dir $(DATA_DIR) || { status=$$?; \
		echo 'The server did not start or failed. `target/release/mayfly doctor` shows what this machine offers.' >&2; \
		exit $$status; }

run-gvisor: build ## The same inside gVisor (needs runsc and root)
	@mkdir -p $(DATA_DIR)
	scripts/gvisor.mjs --write $(DATA_DIR) target/release/mayfly serve --listen $(LISTEN) --data-dir $(DATA_DIR)

build: web ## Leaves target/release/mayfly, front end inside
	$(CARGO) build --release --locked

web: static/dist/manifest.json ## Builds the front end into static/dist

static/dist/manifest.json: $(WEB)
	@scripts/setup build
	npm run --silent build
	@touch $@

v8: ## Builds V8's library from source where it can't be downloaded (half an hour); `make run` finds it
	@scripts/v8/build

# The tests build the program, too, and with their own crates' wishes all is built twice if it was built before them.
test: web ## Runs all tests: Rust, front end, browser, in gVisor where that can be had
	@scripts/setup test
	$(CARGO) nextest run --release --locked --no-fail-fast
	npm run --silent test
	npm run --silent test:browser
	tests/openapi/run
	@! scripts/setup gvisor || $(MAKE) --no-print-directory test-gvisor

test-gvisor: web ## Runs the tests of the server, the attacks among them, inside gVisor
	@scripts/setup test
	@scripts/setup gvisor
	$(IN_GVISOR) $(CARGO) nextest run --release --locked --no-fail-fast --test integration --profile gvisor --run-ignored all

test-image: build ## Starts the container image's file system in gVisor; attacks and the page's tests against it
	@scripts/setup test
	@scripts/setup image
	node --test --test-reporter=spec tests/image/image.test.mjs

test-systemd: build ## Starts the units in deploy/systemd under a systemd of their own
	@scripts/setup build
	@scripts/setup systemd
	node --test --test-reporter=spec tests/systemd/systemd.test.mjs

test-cluster: build ## Three servers behind HAProxy: restarted one by one, and without their database, under load
	@scripts/setup test
	@scripts/setup cluster
	node --test --test-reporter=spec tests/cluster/cluster.test.mjs

soak: build ## 70 % of what the server can do, 5 % of it attacks, for SECONDS (120) or HOURS: nothing may grow
	@scripts/setup build
	SECONDS=$(or $(SECONDS),120) HOURS=$(HOURS) node tests/soak/run.mjs

siege: build ## 64 hostile addresses do all at once for SECONDS (60): a visitor's runs complete, and memory is bounded
	@scripts/setup build
	SECONDS=$(or $(SECONDS),60) node tests/soak/siege.mjs

soak-kills: web ## Kills processes at random under load for SECONDS (120)
	@scripts/setup test
	MAYFLY_SOAK_SECONDS=$(or $(SECONDS),120) $(CARGO) nextest run --release --locked --no-capture -E 'test(killed_processes)'

fuzz: ## Feeds each parser of outside bytes what it can think of, for SECONDS (60) each
	tests/fuzz/run $(or $(SECONDS),60) $(TARGETS)

queries: ## Checks the queries against SQLite and PostgreSQL, and renews what a build needs of them (.sqlx)
	@scripts/setup test
	scripts/v8-env scripts/queries/prepare

check: web ## fmt, clippy, tsc, eslint, who imports whom; warnings are errors
	@scripts/setup build
	cargo fmt --check
	cargo fmt --check --manifest-path tests/fuzz/Cargo.toml
	$(CARGO) clippy --release --locked --all-targets -- -D warnings
	tests/fuzz/run --check
	npm run --silent check
	scripts/queries/prepare --check
	scripts/check-imports --self-test
	scripts/check-imports
	scripts/check-version --self-test
	scripts/check-version
	scripts/check-docs.mjs --self-test
	scripts/check-docs.mjs

check-deploy: ## The scripts, and the files in deploy/: schemas, and that they fit together and the server
	@scripts/setup deploy
	shellcheck --severity=warning scripts/check-imports scripts/check-version scripts/image-root scripts/setup scripts/v8-env scripts/v8/build tests/scripts/*.sh
	tests/scripts/v8-env.test.sh
	target/check-deploy/bin/python scripts/check-deploy --self-test

sbom: web ## Bills of materials in CycloneDX's format, of the server and of the page, into target/sbom
	@scripts/setup build
	scripts/sbom.mjs

types: web ## Rewrites what is generated: web/protocol.ts, the settings in README.md
	MAYFLY_BLESS=1 $(CARGO) nextest run --release --lib -E 'test(typescript) + test(readme)'

bench: build tests/bench/node_modules/.package-lock.json ## Measures against peers into docs/benchmarks, or some MEASURES; AGAINST=another binary compares
	node tests/bench/run.mjs $(MEASURES)

# npm writes this copy of the lock file when it has installed it.
tests/bench/node_modules/.package-lock.json: tests/bench/package-lock.json
	npm ci --prefix tests/bench --loglevel=error
	@touch $@

figures: build ## Measures the page in Chromium: first paint, ready to type, layout shift, what a keystroke costs
	@scripts/setup test
	node tests/web/figures.mjs

clean: ## Removes what was built
	rm -rf target static/dist node_modules
