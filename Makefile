# Two commands are all a newcomer needs: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types contracts tests servers clients test-real test-encoders faults bench bench-library clean

demo: $(VENV)/.base
	$(BIN)/pointsman demo

test: lint types contracts tests

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

contracts: $(VENV)/.test
	$(BIN)/lint-imports

tests: $(VENV)/.test servers clients
	$(BIN)/pytest

servers:
	@command -v redis-server >/dev/null || sh tests/servers.sh

clients: .venv-clients/.made tests/clients/node/node_modules/.made

test-real: $(VENV)/.test
	$(BIN)/python tests_real/run.py

test-encoders: .venv-encoders/.made
	HF_HUB_OFFLINE=1 .venv-encoders/bin/python -m pytest tests_real/encoders -v

faults: $(VENV)/.test
	$(BIN)/python faults/run.py $(if $(QUICK),--quick)

bench: $(VENV)/.bench
	$(BIN)/python bench/run.py

bench-library: $(VENV)/.bench
	$(BIN)/python bench/library/run.py $(if $(QUICK),--quick)

clean:
	rm -rf $(VENV) .venv-encoders .venv-clients tests/clients/node/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.base: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Pointsman needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/.bench: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

.venv-encoders/.made: pyproject.toml tests_real/encoders/requirements.txt
	test -x .venv-encoders/bin/python || $(PYTHON) -m venv .venv-encoders
	.venv-encoders/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests_real/encoders/requirements.txt
	.venv-encoders/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[embeddings,model2vec]'
	@touch $@

.venv-clients/.made: pyproject.toml tests/clients/requirements.txt
	test -x .venv-clients/bin/python || $(PYTHON) -m venv .venv-clients
	.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement tests/clients/requirements.txt
	.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --editable .
	@touch $@

tests/clients/node/node_modules/.made: tests/clients/node/package-lock.json
	@command -v npm >/dev/null || sh tests/node.sh
	cd tests/clients/node && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@
