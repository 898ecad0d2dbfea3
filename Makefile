# Needs Python 3.11 or newer and make; everything else is installed into .venv from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet

.DEFAULT_GOAL := help
.PHONY: help setup release test check docs bench fuzz blocks lock clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## make .venv with everything that development needs

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@echo "installing into $(VENV) (a minute or two, once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(READY)

release: $(READY) ## check the reference dataset and build its release into dist/
	$(BIN)/deedbook validate
	$(BIN)/deedbook build

test: $(READY) ## run all tests
	$(BIN)/python -m pytest

check: ## run the whole gate, as CI does
	.ci/run

docs: $(READY) ## rewrite the generated pages of docs/ and the outputs shown in README and tutorial
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tests.documents

bench: $(READY) ## measure against frictionless on real tables
	$(BIN)/python -m benchmarks.un_votes

fuzz: $(READY) ## compare verdicts with frictionless on 50,000 new random tables
	DEEDBOOK_FUZZ_EXAMPLES=50000 $(BIN)/python -m pytest tests/fuzz

blocks: $(READY) ## compare reports across block sizes on the whole of the largest tables (many minutes)
	DEEDBOOK_WHOLE_TABLES=1 $(BIN)/python -m pytest tests/conformance/test_blocks.py

lock: ## write requirements.lock anew from pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)/lock
	$(VENV)/lock/bin/python -m pip --disable-pip-version-check --quiet install --editable '.[dev]'
	$(VENV)/lock/bin/python -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==' > requirements.lock
	rm -rf $(VENV)/lock

clean: ## remove what can be made again; releases in dist/ stay
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache benchmarks/work
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
