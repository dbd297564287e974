# The manual of this project: each target is something that people do with it.
# Settings come from the environment; .env.example names them all.

.DEFAULT_GOAL := help
.PHONY: help setup run extract generated generations rollback doctor report ask mcp quarantine unload messages dev check test browser spark parity parity-full lint sql python definitions format docs bench clean lock

# Without bytecode every command would compile all libraries anew, for longer than a small refresh.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
BIN := .venv/bin
# Runs a command under the project's settings, paths resolved.
PSA := $(BIN)/python -m orchestration.cli
WITH_SETTINGS := $(PSA) exec
DBT := $(WITH_SETTINGS) $(BIN)/python -P orchestration/build/dbt_command.py
# One word of the shell, whatever it holds.
quoted = '$(subst ','\'',$(1))'

# Folders too: they tell when a file is gone.
DBT_SOURCES := $(shell find dbt_project -mindepth 1 \( -name target -o -name logs \) -prune -o \
	\( -type d -o -name '*.sql' -o -name '*.yml' -o -name '*.md' -o -name '*.csv' \) -print)
# Absolute, because dbt remembers where its seeds lie.
DBT_DIRS := --project-dir "$(CURDIR)/dbt_project" --profiles-dir "$(CURDIR)/dbt_project"
MANIFEST := dbt_project/target/manifest.json
LINTED_SQL := dbt_project/models dbt_project/analyses dbt_project/tests

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

setup: $(MANIFEST) ## make .venv from the lock and parse the dbt project, once

run: $(MANIFEST) ## refresh: ingest, validate, build, test, publish; rebuilds what changed, FORCE=1 everything
	@$(PSA) run $(if $(FORCE),--force)

extract: .venv/ready ## read what has changed in Autotask into the landing folder, without a refresh
	@$(PSA) extract

generations: .venv/ready ## list what is published, and which generation readers open
	@$(PSA) generations

rollback: .venv/ready ## let readers open the generation before, or GENERATION=id, at once
	@$(PSA) rollback $(GENERATION)

doctor: $(MANIFEST) ## check settings, landing, locks, versions, runs and what is published
	@$(PSA) doctor

dev: $(MANIFEST) ## open the Dagster UI on 127.0.0.1:3000, or another PORT
	$(WITH_SETTINGS) $(BIN)/dagster dev -m orchestration.definitions -h 127.0.0.1 -p $(or $(PORT),3000)

report: .venv/ready ## print where the pages are, or write the page of one client: COMPANY=174
	@$(PSA) report $(COMPANY)

ask: .venv/ready ## metrics: METRICS=exposed_amount BY=company WHERE="po_required = true"; alone it lists them
	@$(PSA) ask -- $(foreach name,METRICS BY WHERE SINCE UNTIL ORDER LIMIT,$(call quoted,$($(name)))) $(or $(FORMAT),table)

mcp: .venv/ready ## serve the published marts, read-only, to an MCP client over stdio
	@exec $(PSA) mcp

quarantine: .venv/ready ## show refused files and rows that were quarantined, and what to do
	@$(PSA) quarantine

unload: .venv/ready ## take a wrong delivery out: make unload BATCH=autotask/contracts/2026-11-20.full.csv
	@$(PSA) unload "$(BATCH)"

messages: .venv/ready ## write the table of all messages about deliveries
	@$(PSA) messages

generated: .venv/ready ## write what follows from schemas/ and the semantic models, after a change of these
	@$(BIN)/python -m schemas.dbt
	@$(BIN)/python -m orchestration.serve.generated

check: $(MANIFEST) python ## the fast checks before a commit: lint of what changed, tests without a refresh
	@changed=$$(git diff --name-only --diff-filter=d HEAD -- $(patsubst %,'%/*.sql',$(LINTED_SQL)); \
		git ls-files --others --exclude-standard -- $(patsubst %,'%/*.sql',$(LINTED_SQL))); \
	test -z "$$changed" || $(BIN)/sqlfluff lint --processes 2 $$changed
	$(BIN)/python -m pytest tests/schemas tests/test_rules.py tests/test_settings.py tests/test_definitions.py \
		tests/ingest/test_landing.py tests/ingest/test_readers.py tests/ingest/test_messages.py \
		tests/extract/test_entities.py \
		tests/publish/test_generations.py -n 2 --dist loadfile

test: $(MANIFEST) browser ## run every test
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not alone"
	$(BIN)/python -m pytest -m alone $$(grep -rl "mark\.alone" tests --include="test_*.py")

browser: # Chromium, which the tests of the pages drive, and LibreOffice, which reads their downloads
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null && command -v soffice >/dev/null || \
		{ echo "Installing chromium, chromium-driver and libreoffice-calc-nogui for the tests of the pages"; \
		$$(test "$$(id -u)" = 0 || echo sudo) sh -c 'export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && \
		apt-get install -qq -y chromium chromium-driver >/dev/null && \
		apt-get install -qq -y --no-install-recommends libreoffice-calc-nogui >/dev/null'; }

spark: .venv/spark ## install Apache Spark beside the rest, for PSA_ENGINE=spark; needs Java 17

.venv/spark: requirements-spark.lock .venv/ready
	@uv="$$(command -v uv)" || uv=$(BIN)/uv; \
	"$$uv" pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements-spark.lock
	@touch $@

parity: $(MANIFEST) .venv/spark ## build on DuckDB and on Spark, and compare every cell and type
	$(BIN)/python -m tests.parity

parity-full: $(MANIFEST) .venv/spark # meant to run nightly: the unit tests on Spark and refreshes on a cluster as well
	$(BIN)/python -m tests.parity --full
	$(BIN)/python -m pytest tests/parity/clusters.py

lint: definitions sql python ## check style, types, SQL and definitions

sql: .venv/ready # style of the SQL
	$(BIN)/sqlfluff lint --processes 2 $(LINTED_SQL)

python: .venv/ready # style and types of the Python code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

definitions: $(MANIFEST) # the dbt project parses and Dagster loads all definitions
	$(DBT) --quiet parse $(DBT_DIRS)
	$(WITH_SETTINGS) $(BIN)/dagster definitions validate -m orchestration.definitions

format: .venv/ready ## format the code and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix $(LINTED_SQL)

docs: $(MANIFEST) ## write the documentation of all models as one page
	$(DBT) --quiet docs generate --static $(DBT_DIRS)
	@echo dbt_project/target/static_index.html

bench: $(MANIFEST) ## time refreshes of 1 M charges (10 M with SCALE=1400) against the baselines
	$(BIN)/python -m tests.bench $(if $(SCALE),--scale $(SCALE))

clean: ## remove everything that can be rebuilt; live data stays
	rm -rf .venv dbt_project/target dbt_project/logs data/demo .mypy_cache .pytest_cache .ruff_cache .hypothesis

lock: .venv/ready # resolve the lock again after a change of pyproject.toml
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-strip-extras --extra dev --extra postgres --extra ask --extra s3 pyproject.toml -o requirements.lock
	sed -n '/^spark = \[/,/^\]/s/^ *"\([^"]*\)".*/\1/p' pyproject.toml | $(BIN)/uv pip compile --universal \
		--python-version 3.11 --no-deps --generate-hashes --no-annotate --no-header -o requirements-spark.lock -

# uv does in seconds what takes pip minutes. Where it is missing, pip brings the one of the lock.
.venv/ready: requirements.lock
	@test ! -L .venv || { echo ".venv is a link; what it points to would be wiped: remove it"; exit 1; }
	@$(PYTHON) -m venv --clear .venv
	@uv="$$(command -v uv)" || { uv=$(BIN)/uv; \
		awk '/^uv==/ { wanted = 1 } wanted { print } wanted && !/\\$$/ { exit }' requirements.lock >.venv/uv.txt; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.txt; } && \
	"$$uv" pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.lock
	@touch $@

$(MANIFEST): .venv/ready $(DBT_SOURCES)
	@$(DBT) --quiet parse $(DBT_DIRS)
	@touch $@
