# `make run` and `make test` each do all the set-up that a fresh machine needs. The rest is for developers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := $(shell grep -o 'torch==[0-9.]*' pyproject.toml)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test lint types rooms bench

help:  ## this list
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*##/\t/' | expand -t 10

run: $(VENV)/run.stamp  ## open the studio (ARGS="photo.jpg" opens a picture or project)
	@$(BIN)/python main.py $(ARGS)

test: $(VENV)/test.stamp  ## all tests (ARGS="tests/imaging" for some)
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/test.stamp  ## ruff
	@$(BIN)/ruff check .

types: $(VENV)/test.stamp  ## mypy, strict
	@$(BIN)/mypy

rooms: $(VENV)/test.stamp  ## which room may import what (import-linter)
	@$(BIN)/lint-imports

bench: $(VENV)/run.stamp  ## times of the engine on this machine
	@$(BIN)/nvg-studio bench $(ARGS)

# torch comes first and by its exact pin, so that pip never resolves a plain torch by itself.
$(VENV)/run.stamp: pyproject.toml .ci/system.sh
	@.ci/system.sh $(PYTHON)
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@echo "Installing NVG Studio into $(VENV) (a few minutes, once)"
	@$(PIP) $(TORCH)
	@$(PIP) --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	@$(PIP) --editable .[test]
	@touch $@
