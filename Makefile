# Two commands do everything: `make bench OBJ=mrcl` and `make test`. Both set up .venv on first use.
# `make browser` adds what the tests of the report want: without it they are skipped, and say so.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin

OBJ ?= all
SEEDS ?= 0
CONFIG ?= shapes
TASKS ?= all
RUNS ?= runs
DATA_ROOT ?= data
SET ?=
JOBS ?= 1
REFS ?=
STRICT ?=
RERUN ?=
BUDGET ?=
PARAM ?=
NAME ?=
QUICK ?=
PARTS ?= all
ARGS ?=
FLAGS = $(if $(STRICT),--strict) $(if $(RERUN),--rerun "$(RERUN)")
GRID = --config "$(CONFIG)" --seeds "$(SEEDS)" --runs "$(RUNS)" --data-root "$(DATA_ROOT)" \
	--jobs "$(JOBS)" $(foreach pair,$(SET),--set "$(pair)") $(FLAGS)
PASS = $(GRID) --objectives "$(OBJ)" $(if $(REFS),--references) $(if $(BUDGET),--budget "$(BUDGET)")
# `make doctor` alone says what is installed; with CONFIG=... it checks that everything the config asks for can run.
CHECKED = $(if $(filter file,$(origin CONFIG)),,--config "$(CONFIG)" --tasks "$(TASKS)" \
	$(foreach pair,$(SET),--set "$(pair)") $(if $(STRICT),--strict))
# An experiment has seeds of its own, and --quick a number of jobs: these count where they are given.
ASKED = $(if $(QUICK),--quick) $(if $(filter file,$(origin SEEDS)),,--seeds "$(SEEDS)") \
	$(if $(filter file,$(origin JOBS)),,--jobs "$(JOBS)") $(foreach pair,$(SET),--set "$(pair)") $(FLAGS)
GIVEN = $(foreach name,CONFIG OBJ TASKS REFS BUDGET,$(if $(filter command,$(origin $(name))),$(name)=$($(name))))

.venv/.stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || \
		{ echo "Python: 3.10 to 3.13 is needed, got $$($(PYTHON) --version); set PYTHON=python3.12, say"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	@# mmdet's needs bring both builds of OpenCV into one folder; the headless one runs without a display's libraries.
	$(BIN)/python -m pip install --quiet --no-deps --force-reinstall $$(grep ^opencv-python-headless requirements.lock)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: help setup bench pretrain evaluate sweep experiment status gc table plots report list doctor data test browser \
	check format perf clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Variables: OBJ=$(OBJ) SEEDS=$(SEEDS) CONFIG=$(CONFIG) TASKS=$(TASKS) RUNS=$(RUNS) DATA_ROOT=$(DATA_ROOT) SET=$(SET) JOBS=$(JOBS)"
	@echo "           REFS=$(REFS) STRICT=$(STRICT) RERUN=$(RERUN) BUDGET=$(BUDGET) PARAM=$(PARAM) NAME=$(NAME) QUICK=$(QUICK) PARTS=$(PARTS) ARGS=$(ARGS)"

setup: .venv/.stamp ## Create .venv from requirements.lock (every other target does this on first use)

bench: .venv/.stamp ## Pretrain, evaluate on every task, print the table, draw the figures
	@$(BIN)/clbench bench $(PASS) --tasks "$(TASKS)" $(ARGS)

pretrain: .venv/.stamp ## Pretrain only
	@$(BIN)/clbench pretrain $(PASS) $(ARGS)

evaluate: .venv/.stamp ## Evaluate what is pretrained already, or ARGS="--checkpoint FILE --arch resnet50"
	@$(BIN)/clbench evaluate $(PASS) --tasks "$(TASKS)" $(ARGS)

sweep: .venv/.stamp ## Vary a parameter: OBJ=superinfo PARAM="superfluous_weight=0,0.001,0.01,0.1"
	@$(BIN)/clbench sweep $(GRID) --objective "$(OBJ)" --tasks "$(TASKS)" $(foreach each,$(PARAM),--param "$(each)") $(ARGS)

experiment: .venv/.stamp ## Answer a question: NAME=non-shared (or all), QUICK=1 in minutes instead of hours
	@test -z "$(strip $(GIVEN))" || { echo "experiment: config, rows and tasks are its own, got $(strip $(GIVEN))" >&2; exit 2; }
	@$(BIN)/clbench experiment "$(NAME)" --runs "$(RUNS)" --data-root "$(DATA_ROOT)" $(ASKED) $(ARGS)

status: .venv/.stamp ## Say how every cell stands: done, running, stale, failed, missing
	@$(BIN)/clbench status --runs "$(RUNS)" $(ARGS)

gc: .venv/.stamp ## Remove stale cells, after showing them (ARGS=--yes: without asking)
	@$(BIN)/clbench gc --runs "$(RUNS)" $(ARGS)

table: .venv/.stamp ## Rebuild the tables from the stored results
	@$(BIN)/clbench table --runs "$(RUNS)" $(ARGS)

plots: .venv/.stamp ## Redraw the figures from the stored results, or some: NAME="bars ranks"
	@$(BIN)/clbench plot --runs "$(RUNS)" $(NAME) $(ARGS)

report: .venv/.stamp ## Write RUNS/report.html, one page with everything, from the stored results
	@$(BIN)/clbench report --runs "$(RUNS)" $(ARGS)

list: .venv/.stamp ## List objectives, tasks and configs
	@$(BIN)/clbench list $(ARGS)

doctor: .venv/.stamp ## Say what is installed, or with CONFIG=... what of a config can run here
	@$(BIN)/clbench doctor --data-root "$(DATA_ROOT)" --runs "$(RUNS)" $(CHECKED) $(ARGS)

data: .venv/.stamp ## Write the embedded shapes data set to DATA_ROOT/shapes
	@$(BIN)/clbench data shapes --out "$(DATA_ROOT)/shapes" $(ARGS)

test: .venv/.stamp ## Run the tests, two files at a time
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

browser: ## Install Debian's chromium, in which the tests open the report (as root)
	@command -v chromium >/dev/null || { apt-get update --quiet && \
		apt-get install --quiet --yes --no-install-recommends chromium fonts-dejavu-core; }

check: .venv/.stamp ## Lint, format check, type check, import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_imports.py

format: .venv/.stamp ## Format the code and apply safe lint fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

perf: .venv/.stamp ## Measure speed beside peers, write docs/performance.md; PARTS="loop loss": some of it
	@$(BIN)/python -m benchmark.perf --parts "$(PARTS)" --runs "$(RUNS)" --data-root "$(DATA_ROOT)" $(ARGS)

clean: ## Remove .venv and caches (never runs/ or data/)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache *.egg-info
