# Every target sets up what it needs; `make setup` only does that.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
# Relative on purpose: a checkout in a path with a space works.
BIN := .venv/bin

.PHONY: help setup demo test lint format bench lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 10

setup: .venv/.complete  ## create .venv with everything, and compile the hot path
	@$(BIN)/python hatch_build.py $(if $(PURE),--pure)

# The stamp is written last, so that an interrupted set-up is taken up again.
.venv/.complete: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "strangler needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  [ -x $(BIN)/python ] || uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv; \
	  uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock; \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else \
	  [ -x $(BIN)/python ] || $(PYTHON) -m venv .venv; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	fi
	@touch $@

demo: setup  ## the whole story on this machine; DEMO_EXIT=1 ends by itself
	@$(BIN)/python -m demo

# By how many processes, for on two cores one of three always waits for something; 0: by this one,
# which starts sooner and says more while it runs.
JOBS ?= 0

test: setup  ## every test; ARGS="tests/http -k framing" for some, PURE=1 without compiling, JOBS=3 side by side
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

lint: .venv/.complete  ## ruff, mypy, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: .venv/.complete  ## ruff's formatter and its safe fixes
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: setup  ## measure beside the proxies there are; ARGS="--quick" for a short look
	@$(MAKE) --no-print-directory .venv/.peers \
	  || echo "bench: the wheels of requirements-bench.lock cannot be installed; going on without" >&2
	@$(BIN)/python -m tests.bench $(ARGS)

# The proxies to measure against are some hundred megabytes, so only the bench installs them.
.venv/.peers: requirements-bench.lock .venv/.complete
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements-bench.lock; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	    -r requirements-bench.lock; \
	fi
	@touch $@

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
  --no-emit-index-url --no-annotate --custom-compile-command "make lock"

lock: setup  ## renew both locks from pyproject.toml
	@$(COMPILE) --all-extras --output-file requirements.lock pyproject.toml
	@$(COMPILE) --group pyproject.toml:peers --output-file requirements-bench.lock

clean:  ## remove what the other targets made
	@find strangler -name "*.so" -delete; rm -f ./*__mypyc*.so
	@rm -rf .venv .strangler .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache bench-results
