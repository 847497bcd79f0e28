# Kontingent. `make` with no target prints this help.
.DEFAULT_GOAL := help
.PHONY: help setup setup-tests demo up test test-fast test-debian-postgres check fix docs migrations bench audit sbom lock clean
PY := .venv/bin/python
SIZE ?= S
WORKERS ?= 2
DEMO_ENV := KONTINGENT_DEMO=yes KONTINGENT_POOL=no

help: ## print what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

setup: ## install everything the product needs into this folder
	@python3 tools/setup.py

setup-tests: ## the same, and a browser for the journeys
	@python3 tools/setup.py --tests

demo: setup ## open the product with a synthetic region (SIZE=XS|S|M|L) and personas to sign in as
	@$(PY) -m runtime.cli up --demo --size $(SIZE)

up: setup ## run the product on its own data
	@$(PY) -m runtime.cli up

test: setup-tests ## the whole suite, browser journeys included
	@$(PY) -m pytest -q -n $(WORKERS)

test-fast: ## rules and other pure tests, no database, no browser
	@$(PY) -m pytest -q -m "not django_db and not journey and not slow"

test-debian-postgres: setup ## the suite on Debian's PostgreSQL 15 (started for the run)
	@$(PY) -m runtime.debian_postgres $(PY) -m pytest -q -n $(WORKERS) -m "not journey"

check: setup ## everything CI checks, changing nothing: format, lint, types, imports, migrations, docs
	@tools/check.sh

fix: ## format and mend what can be mended
	@.venv/bin/ruff check -q --fix . ; .venv/bin/ruff format -q .

docs: ## write the generated pages of docs/ anew
	@$(DEMO_ENV) $(PY) -m tools.generate_docs

migrations: ## make migrations for changed models
	@$(DEMO_ENV) $(PY) manage.py makemigrations

bench: setup ## measure (SIZE=S|M|L ONLY=name; SECONDS, CLIENTS of the mixed load); writes bench/out/
	@$(PY) -m bench --size $(SIZE) $(if $(ONLY),--only $(ONLY)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(CLIENTS),--clients $(CLIENTS))

audit: setup ## ask for known vulnerabilities of the locked packages; a known one fails
	@$(PY) -m tools.audit

sbom: setup ## write the bill of materials (CycloneDX) to build/
	@$(PY) -m tools.sbom

lock: ## resolve dependencies anew
	@uv lock

clean: ## remove the environment, assets and caches; data under var/ stay
	@rm -rf .venv .tools node_modules kontingent/web/static/vendor static-root .mypy_cache .ruff_cache .pytest_cache
