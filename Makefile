# `make help` lists what there is. Each target installs what it needs and is missing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export PATH := $(PATH):$(HOME)/.cargo/bin

NEXTEST_VERSION := 0.9.143
CARGO_DENY_VERSION := 0.20.2
CARGO_DEB_VERSION := 3.8.0

# What cargo needs to link and to compile C; what tests load a Worker with and open pages with; what the figures are
# taken with.
BUILD_PACKAGES := build-essential pkg-config
TEST_PACKAGES := wrk chromium
BENCH_PACKAGES := wrk nginx chromium

# Arguments of `coffer serve`, and of the crash test.
ARGS ?=
CYCLES ?= 500

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: run
run: build ## Build in release mode and serve (ARGS="--data DIR …")
	exec target/release/coffer serve $(ARGS)

.PHONY: build
build: build-packages node_modules/.installed ## Build the release binary
	cargo build --release --locked --package coffer

.PHONY: test
test: build-packages test-packages nextest node_modules/.installed tests/clients/node_modules/.installed sdks browser ## Run every test
	@# The binary is built with the tests, so that both share what they stand on.
	cargo build --workspace --locked --bins --tests
	cargo test --workspace --locked --doc
	cargo nextest run --workspace --locked

.PHONY: lint
lint: build-packages ## Check formatting, lints, crate borders, licences and sources
	@scripts/install-rust-components.sh
	@scripts/install-cargo-tool.sh cargo-deny $(CARGO_DENY_VERSION)
	cargo fmt --all --check
	cargo clippy --workspace --locked --all-targets -- --deny warnings
	cargo deny --locked --exclude-dev check --allow unused-wrapper bans
	cargo deny --locked check licenses sources
	scripts/check-borders.sh

.PHONY: crash
crash: build-packages nextest node_modules/.installed ## Kill the server at random moments (CYCLES=500)
	cargo build --workspace --locked --bins --tests
	COFFER_CRASH_CYCLES=$(CYCLES) cargo nextest run --locked --package coffer-crash-tests --profile crash

.PHONY: screenshots
screenshots: build-packages node_modules/.installed browser ## Take pictures of every page, into screenshots/
	@scripts/install-debian-packages.sh chromium
	cargo build --locked --package coffer
	COFFER=target/debug/coffer tests/browser/node_modules/.bin/node tests/browser/screenshots.mjs screenshots

.PHONY: bench
bench: build tests/clients/node_modules/.installed browser ## Measure, side by side with bare workerd, wrangler dev, nginx and SQLite
	@scripts/install-debian-packages.sh $(BENCH_PACKAGES)
	bench/run

.PHONY: deb
deb: build ## Make the Debian package, into target/debian/
	@scripts/install-cargo-tool.sh cargo-deb $(CARGO_DEB_VERSION)
	packaging/collect target/release/coffer target/package
	cargo deb --no-build --locked --package coffer

.PHONY: build-packages
build-packages:
	@scripts/install-debian-packages.sh $(BUILD_PACKAGES)

.PHONY: test-packages
test-packages:
	@scripts/install-debian-packages.sh $(TEST_PACKAGES)

.PHONY: nextest
nextest:
	@scripts/install-cargo-tool.sh cargo-nextest $(NEXTEST_VERSION)

node_modules/.installed: package.json package-lock.json
	npm ci --no-progress
	@touch $@

tests/clients/node_modules/.installed: tests/clients/package.json tests/clients/package-lock.json
	npm ci --no-progress --prefix tests/clients
	@touch $@

.PHONY: sdks
sdks: tests/sdk/node_modules/.installed tests/sdk/.venv/.installed

tests/sdk/node_modules/.installed: tests/sdk/package.json tests/sdk/package-lock.json
	npm ci --no-progress --prefix tests/sdk
	@touch $@

tests/sdk/.venv/.installed: tests/sdk/requirements.txt
	@python3 -c 'import ensurepip, venv' 2>/dev/null || scripts/install-debian-packages.sh python3 python3-venv
	python3 -m venv --clear tests/sdk/.venv
	tests/sdk/.venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: --requirement $<
	tests/sdk/.venv/bin/pip check
	@touch $@

.PHONY: browser
browser: tests/browser/node_modules/.installed

tests/browser/node_modules/.installed: tests/browser/package.json tests/browser/package-lock.json
	npm ci --no-progress --prefix tests/browser
	@touch $@
