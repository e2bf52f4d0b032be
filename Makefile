# Everything here sets itself up: Python 3.11 or later and make are enough; node is used by some tests.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATA   ?= .easement/demo
ONCE   ?=
WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check bench soak docs clean lock

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.run ## Run the example estate with real traffic (ONCE=1: play the story once and verify it)
	@$(BIN)/easement demo --data $(DATA) $(if $(ONCE),--once)

test: $(VENV)/.dev node_modules/.installed ## Run all tests, two files at a time (WORKERS=1: one after the other)
	@sh .ci/system_packages
	PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m pytest -q --numprocesses $(WORKERS) --dist loadfile

check: $(VENV)/.dev ## Format, lint, types, import direction
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## Measure the hot paths as ratios against the bare engines
	$(BIN)/python bench/run.py

soak: $(VENV)/.dev ## Mixed load while plans change, certificates turn over and deciders die (MINUTES=30)
	$(BIN)/python bench/soak.py --minutes $(or $(MINUTES),30)

docs: $(VENV)/.dev ## Write the generated reference pages
	$(BIN)/python docs/generate.py

lock: $(VENV)/.dev ## Lock the dependencies again, with hashes and without addresses
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  pyproject.toml requirements/build.in -o requirements/run.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  --extra dev --extra postgres -c requirements/run.txt pyproject.toml requirements/build.in -o requirements/dev.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  requirements/node.in -o requirements/node.txt

clean: ## Remove what was built or installed here (not the data of .easement)
	rm -rf $(VENV) node_modules build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Easement needs Python 3.11 or later; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python requirements/run.txt pyproject.toml
	$(BIN)/python -m pip install -q --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python requirements/dev.txt pyproject.toml
	$(BIN)/python -m pip install -q --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run

# Node comes from the machine, or else from a wheel into our own environment.
node_modules/.installed: package-lock.json .ci/published_descriptions | $(VENV)/.dev
	@command -v npm >/dev/null || $(BIN)/python -m pip install -q --require-hashes -r requirements/node.txt
	PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --ignore-scripts --no-audit --no-fund
	PATH="$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python .ci/published_descriptions
	@touch $@
