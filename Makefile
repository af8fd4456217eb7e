# Everything that is done with this folder. Needs make and Python 3.11, 3.12 or 3.13; all else goes into .venv.
#   make test ARGS="-k cadence"         hands words on to pytest, the demo or the benchmarks
#   make test PYTHON=/opt/bin/python3   chooses the Python that .venv is made with
.POSIX:
.SUFFIXES:

PYTHON =
ARGS =
TARGET =
MINUTES = 10
BIN = .venv/bin
PIP = $(BIN)/python -m pip install --disable-pip-version-check
INSTALL = $(PIP) --quiet
COMPILE = $(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-header --no-annotate --python-version 3.11

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

demo: .venv/runtime.stamp ## the sample digests through the real program: in the terminal and in gallery/
	$(BIN)/paperwire demo --out gallery $(ARGS)

run: .venv/runtime.stamp ## the bot; without any setting a page to talk with it, at the address that it prints
	@# Ctrl-C is how it ends, and no error: the shell waits for it, and accepts the status 130
	@trap : INT; $(BIN)/paperwire run $(ARGS) || test $$? = 130

test: .venv/dev.stamp ## all tests, in parallel; what is skipped is named
	@# the tests start a process again and again, which would compile all modules each time where Python may not keep them
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -rs -n 4 --dist worksteal $(ARGS)

test-browser: .venv/dev.stamp chromium ## the pages in a real browser
	$(BIN)/python -m pytest -q -rs tests/browser $(ARGS)

chromium: ## Debian's Chromium, in which the pages are tested; installs it, which only root may
	@command -v chromium >/dev/null 2>&1 || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1 && \
		{ apt-get install --yes --quiet --no-install-recommends chromium >/dev/null 2>&1 || \
		{ apt-get update --quiet >/dev/null && apt-get install --yes --quiet --no-install-recommends chromium >/dev/null; }; }; } || \
		{ echo "The pages are tested in Chromium. Install it, on Debian: sudo apt-get install chromium" >&2; exit 1; }

check: .venv/dev.stamp ## all that CI asks beside the tests: format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev.stamp ## the measured promises: every program of bench/
	@$(BIN)/python -c "import sklearn" 2>/dev/null || $(INSTALL) "scikit-learn>=1.5" # bench.ordering compares with it
	@for name in $$(ls bench | grep '^[a-z]' | sed 's/\.py$$//' | grep -v '\.'); do \
		echo "== bench.$$name"; $(BIN)/python -m "bench.$$name" $(ARGS) || exit 1; \
	done

faults: .venv/dev.stamp ## every fault 300 times, and a simulated year; writes tests/programs/results.md; takes half an hour
	$(BIN)/python -m tests.programs.faults --page tests/programs/results.md --day "$$(date +%Y-%m-%d)" $(ARGS)
	$(BIN)/python -m tests.programs.faults.year

test-processes: .venv/dev.stamp ## processes on a PostgreSQL that are killed, and whose server crashes; writes tests/programs/results.md
	$(BIN)/python -m tests.programs.several_processes --page tests/programs/results.md $(ARGS)

promises: .venv/dev.stamp ## breaks each promise of tests/promises.md in a copy, and asks whether its test notices
	$(BIN)/python -m tests.programs.promises $(ARGS)

test-postgresql: .venv/dev.stamp ## all conversations, and the simulated year, on PostgreSQL; takes half an hour
	TESTS_OF_PAPERWIRE_DATABASE=postgresql $(BIN)/python -m pytest -q -rs -n 4 --dist worksteal tests/outside tests/conversation $(ARGS)
	$(BIN)/python -m tests.programs.faults.year --postgresql

lock: .venv/dev.stamp ## the lock files anew, from the bounds in pyproject.toml, with the hashes of every file of a release
	$(COMPILE) pyproject.toml --extra apprise --extra meaning --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra postgresql --extra apprise --extra meaning --constraint requirements.lock --output-file requirements-postgresql.lock
	$(COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock

release: .venv/dev.stamp ## the version that pyproject.toml names: built twice, tried on each Python, dated and tagged
	$(INSTALL) pipx
	$(BIN)/python .ci/release.py $(ARGS)

audit: .venv/dev.stamp ## known holes in what the lock files name; asks the network
	@test -x .venv/audit/bin/pip-audit || { $(BIN)/python -m venv .venv/audit && \
		.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit; }
	.venv/audit/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock
	.venv/audit/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements-postgresql.lock
	.venv/audit/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements-dev.lock

words: .venv/dev.stamp ## the catalogue of Chinese sentences anew; fill in what is missing in locales/zh
	$(BIN)/python -m locales.catalogues

clean: ## removes what the other targets made; databases stay
	rm -rf .venv build dist gallery .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
		if "$$python" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
			>/dev/null 2>&1; then \
			echo "Making .venv with $$("$$python" --version)"; \
			"$$python" -m venv --clear .venv && exit 0; \
		fi; \
	done; \
	echo "paperwire needs Python 3.11, 3.12 or 3.13 with its venv module, and found none." >&2; \
	echo "Install one, or name yours: make PYTHON=/path/to/python3 test" >&2; \
	rm -rf .venv; \
	exit 1

.venv/runtime.stamp: .venv/bin/python requirements.lock pyproject.toml
	@echo "Installing the $$(grep -c == requirements.lock) packages that paperwire needs; the first time this takes minutes"
	@$(PIP) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --editable .
	@touch $@

.venv/dev.stamp: .venv/bin/python requirements-dev.lock pyproject.toml
	@echo "Installing the $$(grep -c == requirements-dev.lock) packages that its tests need"
	@# uv takes a tenth of the time that pip takes
	@awk '/^[^ ]/ { uv = /^uv==/ } uv' requirements-dev.lock >.venv/uv.lock
	@$(INSTALL) --require-hashes -r .venv/uv.lock
	@$(BIN)/uv pip install --quiet --system-certs --compile-bytecode --require-hashes -r requirements-dev.lock
	@$(BIN)/uv pip install --quiet --system-certs --no-deps --editable .
	@touch .venv/runtime.stamp $@ # nothing that paperwire needs is missing now

.PHONY: help demo run test test-browser chromium test-processes promises test-postgresql check bench faults lock audit release words clean
