# The commands of Aftercare; `make help` lists them. Nothing but Python 3.11 and make is needed beforehand.

PYTHON ?= python3
UV ?= uv
ARGS ?=

VENV = .venv/bin
LOCK = $(UV) pip compile $(ARGS) --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
VENDOR = backend/web/static/vendor
HTMX = 4.0.1
PICO = 2.1.1

.DEFAULT_GOAL := help
.PHONY: help run install install-dev test check bench accuracy mutants lock vendor

help: ## Show this list
	@echo "Aftercare: make <command>, with PYTHON=... for another Python than python3"
	@sed -n 's/^\([a-z][a-z]*\):[^#]*## /  \1: /p' Makefile

run: install ## Start everything on this machine, with a sandbox carrier and a demo clinic (PORT, SANDBOX_PORT)
	@exec $(VENV)/aftercare run

install: ## Install into .venv from the lock; costs nothing when that is done
	@$(PYTHON) config/install.py

install-dev:
	@$(PYTHON) config/install.py --dev

test: install-dev ## Run every test (ARGS="-k consent" for some)
	@$(VENV)/python -m pytest -n 2 $(ARGS)

check: install-dev ## Check format, lint, types, import walls and dependencies, then run every test
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/deptry .
	@$(VENV)/python -m pytest -n 2 $(ARGS)

bench: install-dev ## Measure throughput and latency as a table of ratios
	@$(VENV)/python -m benchmarks $(ARGS)

accuracy: install-dev ## Measure how well the reader reads
	@$(VENV)/python -m benchmarks.accuracy $(ARGS)

mutants: install-dev ## Change the reader in a thousand small ways and see which of them no test notices (an hour)
	@$(VENV)/mutmut run $(ARGS)

lock: ## Bring both locks to pyproject.toml (needs uv; ARGS=--upgrade for the newest of everything)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv; nothing else does" >&2; exit 1; }
	@$(LOCK) --output-file requirements-dev.lock --group dev pyproject.toml
	@$(LOCK) --output-file requirements.lock --constraints requirements-dev.lock pyproject.toml

vendor: ## Fetch the browser files again (needs npm); then bring MANIFEST.toml's sha256 up to date
	@command -v npm >/dev/null || { echo "make vendor needs npm; nothing else does" >&2; exit 1; }
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	npm pack --silent --pack-destination "$$folder" htmx.org@$(HTMX) @picocss/pico@$(PICO) >/dev/null; \
	unpack() { tar -xzOf "$$folder/$$1" "package/$$2" > "$(VENDOR)/$$3"; }; \
	unpack htmx.org-$(HTMX).tgz dist/htmx.min.js htmx-$(HTMX).min.js; \
	unpack htmx.org-$(HTMX).tgz LICENSE htmx-$(HTMX).LICENSE.txt; \
	unpack picocss-pico-$(PICO).tgz css/pico.min.css pico-$(PICO).min.css; \
	unpack picocss-pico-$(PICO).tgz LICENSE.md pico-$(PICO).LICENSE.txt
	@cd $(VENDOR) && sha256sum *.js *.css
