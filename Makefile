# `make run` and `make test` each do all the set-up that a fresh machine needs. The rest is for developers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# From the dependency group of that name: the one place where the version stands.
TORCH := $(shell grep -o 'torch==[0-9.]*' pyproject.toml)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
ARGS ?=
# Tests side by side; each takes one core and up to 1.5 GB.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test quick lint types rooms wheel-check bench soak desktop

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*##/\t/' | expand -t 13

run: $(VENV)/run.stamp  ## open the studio (ARGS="photo.jpg" opens a picture or project)
	@$(BIN)/python main.py $(ARGS)

test: $(VENV)/test.stamp  ## all tests, side by side (ARGS="tests/imaging" for some, WORKERS=0 for one after the other)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

quick: $(VENV)/test.stamp  ## the tests that take a moment each
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m unit $(ARGS)

lint: $(VENV)/test.stamp  ## ruff, rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/test.stamp  ## mypy, strict
	@$(BIN)/mypy

rooms: $(VENV)/test.stamp  ## which room may import what (import-linter)
	@$(BIN)/lint-imports

wheel-check: $(VENV)/test.stamp  ## build sdist and wheel, install the wheel elsewhere and use it (ARGS="--out dist" keeps them)
	@$(BIN)/python .ci/check_wheel.py $(ARGS)

bench: $(VENV)/run.stamp  ## times of the engine on this machine
	@$(BIN)/nvg-studio bench $(ARGS)

DATA_HOME := $(or $(XDG_DATA_HOME),$(HOME)/.local/share)

desktop: $(VENV)/run.stamp  ## entry in the menu, icon and .nvgs files of your Linux desktop
	@install -Dm644 resources/icons/nvg-studio.svg $(DATA_HOME)/icons/hicolor/scalable/apps/nvg-studio.svg
	@install -Dm644 resources/nvg-studio.xml $(DATA_HOME)/mime/packages/nvg-studio.xml
	@mkdir -p $(DATA_HOME)/applications
	@sed 's|^Exec=.*|Exec="$(CURDIR)/$(BIN)/nvg-studio-window" %f|' resources/nvg-studio.desktop \
		> $(DATA_HOME)/applications/nvg-studio.desktop
	@! command -v update-mime-database > /dev/null || update-mime-database $(DATA_HOME)/mime
	@! command -v update-desktop-database > /dev/null || update-desktop-database $(DATA_HOME)/applications

soak: $(VENV)/test.stamp  ## damaged files, killed programs, random documents and gestures by the thousand (about an hour)
	@$(BIN)/python benchmarks/soak.py $(ARGS)

# torch comes first and by its exact pin, so that pip never resolves a plain torch by itself.
$(VENV)/run.stamp: pyproject.toml .ci/system.sh
	@.ci/system.sh $(PYTHON)
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@echo "Installing NVG Studio into $(VENV) (a few minutes, once)"
	@$(PIP) $(TORCH)
	@$(PIP) --editable .[evaluation]
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	@$(PIP) --editable .[test]
	@touch $@
