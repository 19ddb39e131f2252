# The commands of this repository. They need Python 3.11 or newer, and make; `make setup` gets the rest.

PYTHON ?= $(shell command -v python3 || command -v python)
BIN := .venv/bin
READY := .venv/ready
HOME_DIR := .headrace
ROOMS := src tests benchmarks examples docs .ci

# Python keeps what it compiled: tests start thousands of processes, and none of them should compile it all again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo ui test check bench lock proto clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv, with everything pinned in requirements/dev.txt

$(READY): .ci/setup.py pyproject.toml requirements/tools.txt requirements/dev.txt
	@$(PYTHON) .ci/setup.py
	@touch $@

demo: $(READY) ## Run a machine-learning pipeline on an embedded Headrace (home: .headrace)
	@$(BIN)/headrace run examples/train_and_compare.py --home $(HOME_DIR)

ui: $(READY) ## Serve the demo's home, with a page of its runs at http://127.0.0.1:8888
	@$(BIN)/headrace up --home $(HOME_DIR)

# In the order of the rooms: the long files of tests/crash and tests/sim come early, the short ones of tests/unit last, so
# that no core waits long for the other. xdist's own order, the files with the fewest tests last, ends with long ones.
test: check ## Check, then run every test, a file at a time on each core
	@$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

check: $(READY) ## Format, lint, types, and which room may import which
	@$(BIN)/ruff format --check $(ROOMS)
	@$(BIN)/ruff check $(ROOMS)
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## Measure; each benchmark prints one line of JSON
	@$(BIN)/python benchmarks/overhead.py
	@$(BIN)/python benchmarks/startup.py
	@$(BIN)/python benchmarks/scale.py
	@$(BIN)/python benchmarks/schedules.py
	@$(BIN)/python benchmarks/api.py
	@$(BIN)/python benchmarks/lists.py

lock: $(READY) ## Pin the newest versions that fit pyproject.toml in requirements/
	@.ci/lock

proto: $(READY) ## Generate src/headrace/rpc/proto/*_pb2.py from the .proto files there
	@.ci/proto

clean: ## Remove everything that these commands made (the demo's home too)
	@rm -rf .venv .tools .headrace build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
