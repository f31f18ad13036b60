# Works on a fresh Debian 12 with nothing but git, make and ca-certificates.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run smoke test test-full prove-separation bench-relay bench-filter bench-signin check docs format lock clean

PORT ?= 8400
GATEWAY_PORT ?= 8401

help: ## show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install everything that running, checking and testing need
	@tools/setup/setup test

run: ## set up and start the demo city (PORT=8400 GATEWAY_PORT=8401)
	@tools/setup/setup run
	@exec .venv/bin/sekisho demo --port $(PORT) --gateway-port $(GATEWAY_PORT)

smoke: ## walk through the running demo as a staff member would; the last line is JSON
	@exec .venv/bin/sekisho smoke

test: ## set up and run every test, unit to browser
	@tools/setup/setup test
	@exec tools/test

test-full: ## the same with full counts and real-time timers
	@tools/setup/setup test
	@exec env SEKISHO_FULL=1 tools/test

prove-separation: ## prove that nothing but the picture crosses; writes var/reports, the last line is JSON
	@tools/setup/setup test
	@exec tools/prove-separation

bench-relay: ## measure the gateway beside guacamole-lite, websockify and nginx (QUICK=1); the last line is JSON
	@tools/setup/setup test
	@tools/setup/peers
	@exec .venv/bin/python -m bench.relay $(if $(QUICK),--quick)

bench-filter: ## measure what filter and watermark cost beside relays that judge nothing; the last line is JSON
	@tools/setup/setup test
	@exec .venv/bin/python -m bench.relay_cost --at-once --sessions 50 --starts 8

bench-signin: ## measure the morning rush: sign-ins per second and what each costs (QUICK=1 WRITE=1); the last line is JSON
	@tools/setup/setup test
	@exec .venv/bin/python -m bench.signin_storm $(if $(QUICK),--quick) $(if $(WRITE),--write)

check: ## lint, format, types, import contracts, templates, translations, documents
	@tools/setup/setup test
	@exec tools/check/all

docs: ## write the generated documents again
	@tools/setup/setup run
	@.venv/bin/python -m sekisho.docs

format: ## format the code and put the imports in order
	@.venv/bin/ruff check --select I --fix --quiet .
	@.venv/bin/ruff format .

lock: ## pin the Python dependencies again (UPGRADE=1 takes the newest)
	@tools/lock

clean: ## remove what set-up, checks and tests made; the demo's own data in var/demo stays
	@rm -rf .venv node_modules web/static/vendor var/setup var/cache var/bench .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@rm -rf .import_linter_cache build dist ./*.egg-info
	@find . -path ./var -prune -o \( -name __pycache__ -o -name '*.mo' \) -exec rm -rf {} +
