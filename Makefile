# Everything from a machine that has only Python >= 3.11 and make. Another interpreter: make test PYTHON=python3.13
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
# Two workers: tests spend most of their time in Python tracing, which one interpreter does on one core.
PYTEST_FLAGS ?= -n 2

VERSION := $(shell $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) and print("%d.%d" % sys.version_info[:2])')
ifeq ($(VERSION),)
$(error PYTHON=$(PYTHON) is not a Python of version 3.11 or later; name one: make $(MAKECMDGOALS) PYTHON=...)
endif
VENV := .venv-$(VERSION)
RUN := $(VENV)/bin/python

.PHONY: help env demo lint types test smoke bench bench-quick clean

help:  ## say what there is
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1@\2/p' Makefile | column -t -s @

# Made anew whenever the dependencies in pyproject.toml change; a half-made one has no stamp.
$(VENV)/stamp: pyproject.toml
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip
	$(RUN) -m pip install --quiet --editable '.[dev]'
	touch $@

env: $(VENV)/stamp  ## make the environment .venv-<version> with the package in it

demo: $(VENV)/stamp  ## sample the radon model, print the summary and timings, draw the trace plot
	$(RUN) examples/radon.py

lint: $(VENV)/stamp  ## ruff
	$(RUN) -m ruff check .

types: $(VENV)/stamp  ## mypy
	$(RUN) -m mypy

test: lint types  ## lint, types and all tests but the slow ones
	$(RUN) -m pytest $(PYTEST_FLAGS)

smoke: $(VENV)/stamp  ## a short set of tests, to see that an interpreter works
	$(RUN) -m pytest $(PYTEST_FLAGS) -m "smoke and not slow and not gpu"

bench: $(VENV)/stamp  ## the benchmarks, with peers, in full
	$(RUN) benchmarks/run.py

bench-quick: $(VENV)/stamp  ## the benchmarks in a few minutes
	$(RUN) benchmarks/run.py --quick

clean:  ## remove environments and caches
	rm -rf .venv-* build dist .pytest_cache .mypy_cache .ruff_cache
