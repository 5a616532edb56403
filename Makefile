# make help lists the targets. Everything runs in .venv, which make sets up itself.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
HOPCLI := $(BIN)/hopcli

# Make and the shell would misread file names with other characters: they are left out.
PLAIN := -type f -not -path '*[!A-Za-z0-9_.+,@/-]*'

PLOTS := $(shell find hopcli/plots $(PLAIN) -name '*.py')
JUDGING := $(shell find hopcli/claims hopcli/report hopcli/runs configs/claims \
	$(PLAIN) -not -path '*/__pycache__/*')

# Every configs/NAME.toml becomes results/NAME/, made when its manifest is there.
# Names that Make would misread are left out here, and `hopcli deps` refuses them.
NAMES := $(patsubst %.toml,%,$(shell ls configs | grep '\.toml$$' | \
	LC_ALL=C grep -v '[][:cntrl:] -*:-?\^`{-~[]'))

PAPER := select paper paper-as-run figure1 figure1-as-run figure1-cold-start
RUNS := $(addprefix results/,$(NAMES))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help live paper tutorials all test test-slow pythons oldest torture lint wheel mutants docs bench screenshot notebooks classifiers clean results/reproduce FORCE

help: ## List the targets
	@echo 'make TARGET, with TARGET one of'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'
	@echo '  results/NAME     Run configs/NAME.toml into results/NAME/, unless that is done; NAME one of'
	@echo '$(NAMES)' | fold -s -w 70 | sed 's/^/                   /'

tutorials: $(filter results/tutorial-%,$(RUNS)) ## Run the tutorials' stories on drawings and small patterns

paper: $(addprefix results/,$(PAPER)) results/reproduce live ## Reproduce the study: tables, figures, verdicts and the page to play with

live: results/live/index.html ## Write the page on which the study's memory can be watched

all: $(RUNS) ## Run every configuration in configs/

test: $(VENV)/.dev ## Run the tests, and the examples in docstrings
	$(BIN)/python -m pytest -n 2 --durations=10

test-slow: $(VENV)/.dev ## Run the tests that take long: coverage of intervals, make, patience
	$(BIN)/python -m pytest -n 2 -m slow --durations=10

pythons: build/.wheel ## Try the wheel and the study's tests under every Python found
	$(BIN)/python tests/pythons.py build/packages/*.whl

oldest: build/oldest-venv/.dev ## Test with the oldest supported version of every dependency
	$(OLDEST_PYTEST) -n 2 $(OLDEST)
	$(OLDEST_PYTEST) tests/test_committed_results.py -k byte_for_byte

torture: test-slow ## Kill runs at random, fill disks, damage files; see what holds (takes minutes)
	$(BIN)/python -m pytest -n 2 tests/torture/faults.py tests/torture/grids.py tests/torture/strangers.py

lint: $(VENV)/.dev ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: build/.wheel ## Build the package, install it in an environment of its own, try it

mutants: $(VENV)/.dev ## Plant bugs, one at a time, and see which test notices (takes long)
	$(BIN)/python tests/mutants.py

docs: $(VENV)/.docs ## Write the documentation, build/docs/index.html, and check its links
	$(BIN)/python hopcli/docs/generate.py build/docs-source
	$(BIN)/python -m sphinx -q -E -W --keep-going build/docs-source build/docs
	$(BIN)/python tests/links.py build/docs

bench: $(VENV)/.bench ## Measure speed against the peers, in results/benchmarks/ (takes long)
	PYTHONPATH=tests $(BIN)/python -m benchmarks

screenshot: $(VENV)/.dev ## Take the pictures of the pages for the README (needs a Chromium)
	$(BIN)/python tests/screenshot.py

classifiers: $(VENV)/.dev ## Compare the estimator with others, in results/classifiers/ (takes two minutes)
	$(BIN)/python tests/classifiers.py

notebooks: $(VENV)/.dev ## Run the notebooks anew, and write what they show into them
	$(BIN)/python tests/notebooks.py

clean: ## Remove the environment and what tools leave behind (results stay)
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

results/live/index.html: $(wildcard hopcli/livepage/*) hopcli/cli/live.py $(VENV)/.run
	@mkdir -p $(@D)
	$(HOPCLI) live --out $@

# What each run reads, which of its files are missing: asked of hopcli when runs are wanted.
ifneq ($(filter paper tutorials all results/%,$(MAKECMDGOALS)),)
include build/runs.mk
endif
build/runs.mk: $(VENV)/.run FORCE
	@mkdir -p build
	@$(HOPCLI) deps --rooms configs > $@.new
	@cmp -s $@.new $@ || cp $@.new $@

# What a run depends on; a grid also on the room that puts its table together.
COMPUTING := $(shell find hopcli $(PLAIN) -not -path '*/__pycache__/*' \
	$(WITHOUT_NUMBERS:%=-not -path 'hopcli/%/*'))
GRIDS := $(shell find hopcli/grids $(PLAIN) -name '*.py')

# A run whose sources have changed is made anew. Of any other only what is missing is made,
# and its pictures are drawn anew if that is all that has changed. The stamp of the
# environment is newer than the results in a fresh clone, so they are made there too.
results/%.json: $(COMPUTING) $(VENV)/.run
	$(HOPCLI) run configs/$(*D).toml --out $(@D) --overwrite $(if $(ANEW),--again)
	$(if $(ANEW),,$(if $(filter $(PLOTS),$?),$(HOPCLI) plot $(@D)))
	@touch $@

# Of a grid each cell knows what code has made it: those of other code are made anew, and an
# interrupted one goes on.
results/%/grid.json: $(COMPUTING) $(GRIDS) $(VENV)/.run
	$(HOPCLI) run configs/$*.toml --out $(@D) --overwrite
	$(if $(ANEW),,$(if $(filter $(PLOTS),$?),$(HOPCLI) plot $(@D)))
	@touch $@
# Verdicts on the study: the runs behind each claim, the verdicts and the page. Verdicts and
# page are made anew if only they have changed.
results/reproduce: results/reproduce/reproduce.json
results/reproduce/reproduce.json: $(COMPUTING) $(PLOTS) $(JUDGING) $(NAMES:%=configs/%.toml) $(VENV)/.run
	$(HOPCLI) reproduce --out $(@D) --overwrite $(if $(ANEW),--again)
	@touch $@

.PRECIOUS: results/%.json results/%/grid.json
ANEW = $(filter $(COMPUTING) $(VENV)/.run,$?)

# What a wheel is made of, and what it is held to; made anew only if that has changed.
PACKED := $(shell find hopcli configs $(PLAIN) -not -path '*/__pycache__/*')
build/.wheel: $(PACKED) $(wildcard results/paper/*.csv) tests/wheel_smoke.py pyproject.toml .ci/build_hook.py README.md LICENSE $(VENV)/.dev
	rm -rf build/packages
	$(BIN)/python -m build --outdir build/packages
	$(BIN)/python -m venv --clear build/wheel-venv
	build/wheel-venv/bin/python -m pip install --quiet build/packages/*.whl
	build/wheel-venv/bin/python tests/wheel_smoke.py
	touch $@

# The study's numbers, the rules and dynamics, a command, and what is called from Python; types
# are held by the one mypy there is. No warning is an error, or shown: what is new among the
# indirect dependencies complains of the old.
OLDEST := tests/test_study.py tests/test_kernels.py tests/test_rules.py tests/test_patterns.py \
	tests/test_datasets.py tests/test_cli_recall.py tests/test_cli_plot.py \
	$(filter-out tests/test_api_types.py,$(wildcard tests/test_estimator*.py tests/test_api*.py))

# Loops that one numba has compiled are none for another: each keeps its own.
OLDEST_PYTEST := NUMBA_CACHE_DIR=$(CURDIR)/build/oldest-venv/numba \
	build/oldest-venv/bin/python -m pytest -o filterwarnings=default --disable-warnings

build/oldest-venv/.dev: pyproject.toml tests/oldest.py
	$(PYTHON) -m venv --clear build/oldest-venv
	$(PYTHON) tests/oldest.py > build/oldest.txt
	build/oldest-venv/bin/python -m pip install --quiet --constraint build/oldest.txt \
		--editable '.[dask,parquet]' pytest pytest-xdist hypothesis jsonschema
	touch $@

# Four stamps: to run, to develop, to write the documentation, to compare with other programs.
$(VENV)/.run: pyproject.toml
	@echo 'Installing hopcli and its packages in $(VENV): about a minute'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

$(VENV)/.docs: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	touch $@
