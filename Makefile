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

.PHONY: help env demo lint types test smoke bench bench-quick bench-check posteriordb bench-accelerator kernels clean

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

# The peers have an environment of their own, so that they never decide which versions pmjax is tested with.
BENCH_VENV := .venv-bench-$(VERSION)
$(BENCH_VENV)/stamp: pyproject.toml benchmarks/requirements.txt
	rm -rf $(BENCH_VENV)
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --upgrade pip
	$(BENCH_VENV)/bin/python -m pip install --quiet --requirement benchmarks/requirements.txt --editable .
	touch $@

# Hours in all. It goes on where it was broken off; BENCH_FLAGS="--models radon --repeats 1" runs a part of it,
# BENCH_FLAGS=--fresh starts anew (benchmarks/run.py --help).
bench: $(BENCH_VENV)/stamp  ## the benchmarks, with peers, in full: docs/benchmarks.md
	$(BENCH_VENV)/bin/python benchmarks/run.py $(BENCH_FLAGS)

bench-quick: $(BENCH_VENV)/stamp  ## the radon model alone, with the fastest peers, in under five minutes
	$(BENCH_VENV)/bin/python benchmarks/run.py --quick $(BENCH_FLAGS)

posteriordb: $(VENV)/stamp  ## hold 21 posteriors against reference draws (shared/posteriordb)
	cd benchmarks && ../$(RUN) -m posteriordb $(BENCH_FLAGS)

bench-check: $(BENCH_VENV)/stamp  ## whether pmjax and PyMC read the models of the benchmarks as the same densities
	$(BENCH_VENV)/bin/python benchmarks/check.py

# On a machine with a GPU, JAX for it must be in the environment: pip install 'jax[cuda12]'.
bench-accelerator: $(BENCH_VENV)/stamp  ## 4 to 4096 chains at once on this machine's accelerator (or its CPU): docs/accelerator.md
	$(BENCH_VENV)/bin/python benchmarks/accelerator.py --report $(BENCH_FLAGS)

# NVIDIA's compiler and libraries are a few gigabytes; a GPU is not needed.
CUDA_VENV := .venv-cuda-$(VERSION)
$(CUDA_VENV)/stamp: pyproject.toml
	rm -rf $(CUDA_VENV)
	$(PYTHON) -m venv $(CUDA_VENV)
	$(CUDA_VENV)/bin/python -m pip install --quiet --upgrade pip
	$(CUDA_VENV)/bin/python -m pip install --quiet 'jax[cuda12]' --editable .
	touch $@

kernels: $(CUDA_VENV)/stamp  ## what an H100 would do in a tick of a batch of chains, counted without having one
	$(CUDA_VENV)/bin/python benchmarks/kernels.py $(BENCH_FLAGS)

clean:  ## remove environments and caches
	rm -rf .venv-* build dist .pytest_cache .mypy_cache .ruff_cache
