# Every habit one word. The first of them sets up a virtual environment of its own.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ONE_THREAD := OMP_NUM_THREADS=1
DATA ?= data
STUDY = $(ONE_THREAD) $(BIN)/python studies
ARABIC = --root $(DATA)/arabic_speech_commands
CURVES = -s training.judged=1000 -s observe.kernels.inputs=500
FSDD_ROWS = prototypes fact compositional "transformer of two layers"
FSDD_SPEAKERS = $(foreach speaker,george jackson lucas yweweler,"protocol.test=['$(speaker)']")

.PHONY: demo test acceptance lint format bench docs studies clean

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "scratchlab needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(VENV)/ready  ## train on real digits, add new ones from five examples each, write a report
	$(BIN)/scratchlab run digits --again

test: $(VENV)/ready  ## every test
	$(ONE_THREAD) $(BIN)/pytest --numprocesses=2

acceptance: $(VENV)/ready  ## tests that take minutes to hours, such as 200 runs by Ray of which some are killed
	$(ONE_THREAD) $(BIN)/pytest -m acceptance

lint: $(VENV)/ready  ## style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python

format: $(VENV)/ready  ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/ready  ## every claim of speed against its peer; some minutes
	for claim in benchmarks/*.py; do echo "== $$claim"; $(ONE_THREAD) $(BIN)/python $$claim || exit 1; done

studies: $(VENV)/ready  ## the numbers in recipes' headers and docs/studies; hours, and the corpora: make studies DATA=FOLDER
	$(BIN)/scratchlab run keywords-arabic --again -s data.root=$(DATA)/arabic_speech_commands
	$(BIN)/scratchlab run keywords-arabic --again -s data.root=$(DATA)/arabic_speech_commands -s encoder.width=2 -s training.batch=50 -s training.epochs=80
	$(BIN)/scratchlab run keywords-fsdd --again -s data.root=$(DATA)/fsdd
	$(STUDY)/own_words.py --fsdd $(DATA)/fsdd --arabic $(DATA)/arabic_speech_commands --page docs/studies/own-words.md
	$(STUDY)/running_loudest.py --fsdd $(DATA)/fsdd --arabic $(DATA)/arabic_speech_commands --page docs/studies/running-loudest.md
	$(STUDY)/enrolment.py --fsdd $(DATA)/fsdd --arabic $(DATA)/arabic_speech_commands --esc10 $(DATA)/esc10 --noise $(DATA)/speech_commands_noise --draws 12 --page docs/studies/enrolment.md
	$(STUDY)/keywords_grid.py $(ARABIC) -s training.epochs=60 --page docs/studies/keywords-arabic.md
	$(STUDY)/keywords_pretrained.py $(ARABIC) --page docs/studies/keywords-pretrained.md
	$(STUDY)/finetuning_choices.py $(ARABIC)
	$(STUDY)/comparisons.py $(ARABIC) -s training.epochs=60 --page docs/studies/comparisons.md
	$(STUDY)/order_and_formants.py $(ARABIC) -s training.epochs=40 --seeds 0 1 --page docs/studies/order-and-formants.md
	$(STUDY)/keywords_grid.py --recipe keywords-fsdd --root $(DATA)/fsdd --seeds 0 --folds $(FSDD_SPEAKERS) --rows $(FSDD_ROWS) --page docs/studies/keywords-fsdd.md
	$(STUDY)/cifar100_methods.py --root $(DATA)/cifar100 --methods teen compositional fact --page docs/studies/cifar100-methods.md
	$(STUDY)/cifar100_methods.py --root $(DATA)/cifar100 --methods compositional -s encoder.pools=3 -s encoder.steps=positions --page docs/studies/cifar100-positions.md
	$(STUDY)/digit_pairs.py --root $(DATA)/images/mnist70k.npz -s protocol.valid=0 $(CURVES) --page docs/studies/digit-pairs.md
	$(STUDY)/digit_noise.py --page docs/studies/digit-noise.md
	$(STUDY)/kernel_hyperparameters.py --root $(DATA)/images/cifar10n_sub4000.npz -s data.labels=clean --page docs/studies/kernel-hyperparameters.md
	$(STUDY)/domainbed.py $(DATA)/tables/domainbed_sweep.csv --expected $(DATA)/tables/domainbed_expected.txt
	$(BIN)/scratchlab correlate $(DATA)/tables/timm_results-imagenet.csv --out runs/timm-correlated.html
	$(BIN)/scratchlab correlate $(DATA)/tables/openclip_results.csv --out runs/openclip-correlated.html
	$(STUDY)/cifar100_share.py --root $(DATA)/cifar100
	$(STUDY)/recall_questions.py --page docs/studies/recall.md
	$(STUDY)/recall_logs.py --root $(DATA)/notes --page docs/studies/recall-logs.md
	$(STUDY)/next_steps.py --note $(DATA)/notes/nanochat/LOG.md --others $(DATA)/notes/nanochat/LOG.md $(DATA)/notes/bigscience/*.md
	$(STUDY)/log_fields.py $(DATA)/training_logs
	$(STUDY)/faithful_answers.py --notes $(DATA)/notes --page docs/studies/faithful-answers.md
	$(STUDY)/finetune_or_context.py --notes $(DATA)/notes/nanochat/LOG.md
	$(STUDY)/activity_jobs.py
	$(STUDY)/scratch_papers.py

docs: $(VENV)/ready  ## the pages of docs/ as HTML
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	$(BIN)/sphinx-build -q -W -j auto -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

clean:  ## remove the virtual environment and caches, never runs
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
