# make run · test · check · bench · fuzz · lock · script · clean; nothing beforehand but Python 3.11 or later. All set-up happens in .venv.
DATA ?= ./var
PORT ?= 8000
HOST ?= 127.0.0.1
JOBS ?= 2
MINUTES ?= 10
UV ?= uv

BIN := .venv/bin
ifndef PYTHON
PYTHON := $(shell for name in python3.13 python3.12 python3.11 python3; do \
	$$name -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
endif

# Each stamp's name carries what it was made from, so that a second run does nothing and asks no network, while
# another Python, a moved checkout, or a changed lock is set up anew.
sum = $(shell { cat $(1); $(2) } 2>&1 | cksum | tr -d ' ')
MADE := .venv/made-$(call sum,/dev/null,pwd; $(PYTHON) -VV;)
LOCKED := $(MADE)-locked-$(call sum,requirements.lock)
TESTED := $(MADE)-tested-$(call sum,requirements.lock requirements-dev.lock)
GENGJI := $(MADE)-gengji-$(call sum,pyproject.toml)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--extra server --group build

.PHONY: run test check bench fuzz lock script clean
.DELETE_ON_ERROR:

run: $(LOCKED) $(GENGJI)
	@test -e "$(DATA)/policy.json" || $(BIN)/gengji demo --data "$(DATA)" --url http://127.0.0.1:$(PORT)
	@$(BIN)/gengji migrate --data "$(DATA)"
	@exec $(BIN)/gengji serve --data "$(DATA)" --host $(HOST) --port $(PORT)

test: $(TESTED) $(GENGJI)
	@.ci/programs
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal --cov --cov-report term:skip-covered

check: $(TESTED) $(GENGJI)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(TESTED) $(GENGJI)
	@$(BIN)/python -m benchmarks

fuzz: $(TESTED) $(GENGJI)
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(TARGETS)

lock:
	@command -v $(UV) >/dev/null || { echo "make lock wants uv (pip install uv, or UV=path)" >&2; exit 1; }
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) --group dev --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock

# The page's verifier, built and committed, so that nobody else needs Node; the tests build it again and compare.
script:
	@cd app/web/verify && npm ci --no-audit --no-fund --silent && npm run --silent build

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE):
	@test -n "$(PYTHON)" || { echo "Gengji wants Python 3.11 or later with its venv module (Debian: apt-get install python3-venv), or PYTHON=path" >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON) (once)"
	@$(PYTHON) -m venv --clear .venv
	@touch $@

$(LOCKED): | $(MADE)
	@rm -f .venv/*-locked-* .venv/*-tested-*
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(TESTED): | $(LOCKED)
	@rm -f .venv/*-tested-*
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(GENGJI): | $(LOCKED)
	@rm -f .venv/*-gengji-*
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
