# Needs Python 3.11 or newer and make; everything else is installed into .venv, what a release needs from requirements.lock, what
# development adds from requirements-dev.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEVELOPMENT := $(VENV)/.development
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet

.DEFAULT_GOAL := help
.PHONY: help setup release test proofs everything check docs bench fuzz blocks lock clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(DEVELOPMENT) ## make .venv with everything that development needs

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@echo "installing deedbook and what it needs into $(VENV) (half a minute or so, once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --requirement requirements.lock
	@$(PIP) install --no-deps --editable .
	@touch $(READY)

$(DEVELOPMENT): $(READY) requirements-dev.lock
	@echo "installing what tests and checks need (a minute or two, once)"
	@$(PIP) install --requirement requirements-dev.lock
	@touch $(DEVELOPMENT)

release: $(READY) ## check the reference dataset and build its release into dist/
	$(BIN)/deedbook validate
	$(BIN)/deedbook build

test: $(DEVELOPMENT) ## run the tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --durations 25 -m "not slow"

proofs: $(DEVELOPMENT) ## run the long proofs: random tables beside frictionless, block sizes, worst cases, kills (DEEDBOOK_STRIDE=1: at every point)
	DEEDBOOK_ALL_EXAMPLES=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal --durations 40 -m "slow or hypothesis"

everything: $(DEVELOPMENT) ## run tests and proofs in one go, as the gate does: no processor is idle while one test of either is left
	DEEDBOOK_ALL_EXAMPLES=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal --durations 60 -m "not sample"

check: ## run the whole gate, as CI does
	.ci/run

docs: $(DEVELOPMENT) ## rewrite the generated pages of docs/ and the outputs shown in README and tutorial
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tests.documents

bench: $(DEVELOPMENT) ## measure against frictionless on real tables
	$(BIN)/python -m benchmarks.un_votes

fuzz: $(DEVELOPMENT) ## compare verdicts with frictionless on 50,000 new random tables
	DEEDBOOK_FUZZ_EXAMPLES=50000 $(BIN)/python -m pytest tests/fuzz

blocks: $(DEVELOPMENT) ## compare reports across block sizes on the whole of the largest tables (many minutes)
	DEEDBOOK_WHOLE_TABLES=1 $(BIN)/python -m pytest tests/conformance/test_blocks.py

lock: ## write the lock files anew from pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)/lock
	$(VENV)/lock/bin/python -m pip --disable-pip-version-check --quiet install --editable '.[spss]'
	$(VENV)/lock/bin/python -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==' > requirements.lock
	$(VENV)/lock/bin/python -m pip --disable-pip-version-check --quiet install --editable '.[dev]'
	$(VENV)/lock/bin/python -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==' | grep -vxFf requirements.lock > requirements-dev.lock
	$(VENV)/lock/bin/python -m pip --disable-pip-version-check --quiet install --editable '.[dev,cluster]'
	$(VENV)/lock/bin/python -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==' | grep -vxFf requirements.lock | grep -vxFf requirements-dev.lock > requirements-spark.lock
	rm -rf $(VENV)/lock

clean: ## remove what can be made again; releases in dist/ stay
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache benchmarks/work
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
