# Every habit one word. The first of them sets up a virtual environment of its own.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ONE_THREAD := OMP_NUM_THREADS=1

.PHONY: demo test lint format bench docs studies clean

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "scratchlab needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(VENV)/ready  ## train on real digits, add new ones from five examples each, write a report
	$(BIN)/scratchlab run digits --again

test: $(VENV)/ready  ## every test
	$(ONE_THREAD) $(BIN)/pytest --numprocesses=2

lint: $(VENV)/ready  ## style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python

format: $(VENV)/ready  ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/ready  ## every claim of speed against its peer; some minutes
	for claim in benchmarks/*.py; do echo "== $$claim"; $(ONE_THREAD) $(BIN)/python $$claim || exit 1; done

studies: $(VENV)/ready  ## the recipes whose numbers their headers state; long
	$(BIN)/python benchmarks/../recipes/studies.py

clean:  ## remove the virtual environment and caches, never runs
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
