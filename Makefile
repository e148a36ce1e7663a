# Two commands do everything: `make bench OBJ=mrcl` and `make test`. Both set up .venv on first use.
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
ARGS ?=
FLAGS = $(if $(REFS),--references) $(if $(STRICT),--strict)
PASS = --config "$(CONFIG)" --objectives "$(OBJ)" --seeds "$(SEEDS)" --runs "$(RUNS)" --data-root "$(DATA_ROOT)" \
	--jobs "$(JOBS)" $(foreach pair,$(SET),--set "$(pair)") $(FLAGS)
# `make doctor` alone says what is installed; with CONFIG=... it checks that everything the config asks for can run.
CHECKED = $(if $(filter file,$(origin CONFIG)),,--config "$(CONFIG)" --tasks "$(TASKS)" \
	$(foreach pair,$(SET),--set "$(pair)") $(if $(STRICT),--strict))

.venv/.stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || \
		{ echo "Python: 3.10 to 3.13 is needed, got $$($(PYTHON) --version); set PYTHON=python3.12, say"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	@# mmdet's needs bring both builds of OpenCV into one folder; the headless one runs without a display's libraries.
	$(BIN)/python -m pip install --quiet --no-deps --force-reinstall $$(grep ^opencv-python-headless requirements.lock)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: help setup bench pretrain evaluate table plot list doctor data test check format perf clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Variables: OBJ=$(OBJ) SEEDS=$(SEEDS) CONFIG=$(CONFIG) TASKS=$(TASKS) RUNS=$(RUNS) DATA_ROOT=$(DATA_ROOT) SET=$(SET) JOBS=$(JOBS) REFS=$(REFS) STRICT=$(STRICT) ARGS=$(ARGS)"

setup: .venv/.stamp ## Create .venv from requirements.lock (every other target does this on first use)

bench: .venv/.stamp ## Pretrain, evaluate on every task, print the table, draw the figures
	@$(BIN)/clbench bench $(PASS) --tasks "$(TASKS)" $(ARGS)

pretrain: .venv/.stamp ## Pretrain only
	@$(BIN)/clbench pretrain $(PASS) $(ARGS)

evaluate: .venv/.stamp ## Evaluate what is pretrained already, or ARGS="--checkpoint FILE --arch resnet50"
	@$(BIN)/clbench evaluate $(PASS) --tasks "$(TASKS)" $(ARGS)

table: .venv/.stamp ## Rebuild the tables from the stored results
	@$(BIN)/clbench table --runs "$(RUNS)" $(ARGS)

plot: .venv/.stamp ## Redraw the figures from the stored results
	@$(BIN)/clbench plot --runs "$(RUNS)" $(ARGS)

list: .venv/.stamp ## List objectives, tasks and configs
	@$(BIN)/clbench list $(ARGS)

doctor: .venv/.stamp ## Say what is installed, or with CONFIG=... what of a config can run here
	@$(BIN)/clbench doctor --data-root "$(DATA_ROOT)" --runs "$(RUNS)" $(CHECKED) $(ARGS)

data: .venv/.stamp ## Write the embedded shapes data set to DATA_ROOT/shapes
	@$(BIN)/clbench data shapes --out "$(DATA_ROOT)/shapes" $(ARGS)

test: .venv/.stamp ## Run the tests
	@$(BIN)/python -m pytest $(ARGS)

check: .venv/.stamp ## Lint, format check, type check, import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_imports.py

format: .venv/.stamp ## Format the code and apply safe lint fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

perf: .venv/.stamp ## Measure speed as ratios within one run
	@$(BIN)/python -m benchmark.perf $(ARGS)

clean: ## Remove .venv and caches (never runs/ or data/)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache *.egg-info
