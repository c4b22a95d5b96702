# Every target sets up by itself what it needs, once: the files $(VENV)/.has-* say what is installed.

PYTHON ?=
VENV ?= .venv
VERSIONS := 3.11 3.12 3.13
PY := $(VENV)/bin/python
ARGS ?=
ORDERS ?= 1000
# How many tests may pass when they are run once more, alone: CI says so, whose machine does other work too.
AGAIN ?= 0
# Half of the time tests wait, for silence that is due: more workers than cores. tests/spread.py says who runs what.
PARALLEL := -n 8 --dist loadfile

export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Settings meant for other environments would install elsewhere, or import something else.
unexport PYTHONHOME PYTHONPATH PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_TARGET PIP_USER
# Hundreds of tests start an interpreter: without bytecode on disk, each compiles the library anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two installs into one environment at the same time break it.
.NOTPARALLEL:
.PHONY: help demo test test-long test-connectors test-kafka load check bench bench-check bench-memory interleavings mutation test-all suite tck-jvm tck-third-parties test-free-threaded $(VERSIONS:%=test-%) format clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  Options: PYTHON=/path/to/python (>= 3.11), ARGS='more arguments for test, bench or check'"

demo: $(VENV)/.has-terminal ## run a small pipeline and watch it (Ctrl-C ends it)
	@$(PY) -m operators run examples/stdlib_words.py:pipeline

# What failed, alone: $(call alone,with these arguments).
alone = || { [ $$? -eq 1 ] && $(PY) tools/once_more.py $(AGAIN) $(1); }

# Compiled once, before as many workers as there are do it side by side.
COMPILE := -m compileall -q reactive_streams operators tck

test: $(VENV)/.has-test ## run the tests, but for the long ones (ARGS='-k map' for some of them)
	@$(PY) $(COMPILE)
	@$(PY) -m pytest $(PARALLEL) -m "not long" $(ARGS) $(call alone,-m "not long")

test-long: $(VENV)/.has-test ## hunt races, limits and false alarms: rounds by the hundred, chains by the thousand (six minutes)
	@$(PY) $(COMPILE)
	@$(PY) -m pytest $(PARALLEL) -m long $(ARGS) $(call alone,-m long)

test-connectors: $(VENV)/.has-test ## run what needs a real server: those are installed and started (ARGS='-k redis')
	@$(PY) -m pytest --servers -n 4 --dist loadgroup $(ARGS) $(call alone,--servers)

test-kafka: $(VENV)/.has-test ## run what needs a real Apache Kafka: it is fetched with Maven, and needs a JDK
	@$(PY) -m pytest --servers tests/connectors/test_kafka_server.py $(ARGS)

load: $(VENV)/.has-test ## 200,000 items of 1 KB and a consumer of 1 ms, for each broker: memory (ARGS='redis nats' for some)
	@$(PY) -m tests.connectors.loads $(ARGS)

check: $(VENV)/.has-check ## format, lint, house rules, layering, types (ARGS=mypy for one of them)
	@$(PY) tools/check.py $(ARGS)

bench: $(VENV)/.has-bench ## measure against other libraries
	@$(PY) -m benchmarks $(ARGS)

tck-jvm: $(VENV)/.has-tck-jvm ## run the official kit of the JVM over our components (needs a JDK and Maven)
	@$(PY) tools/jvm/run.py $(ARGS)

tck-third-parties: $(VENV)/.has-tck-jvm ## run our kit over publishers of the JVM's libraries, and write docs/third-parties.md
	@$(PY) tools/jvm/third_parties.py $(ARGS)

bench-check: $(VENV)/.has-bench ## fail where we have become a third slower beside a peer than benchmarks/ratios.json says
	@$(PY) -m benchmarks.check $(ARGS)

bench-memory: $(VENV)/.has-bench ## what piles up between a fast producer and a slow consumer, ours and others' (writes docs/memory.md)
	@$(PY) -m benchmarks.memory

interleavings: $(VENV)/.has-test ## thousands of orders of the steps of every stage that joins or hands over (ORDERS=1000, an hour)
	@INTERLEAVINGS=$(ORDERS) $(PY) -m pytest -n 2 --timeout 3000 tests/concurrency/test_explored_kernel.py \
	    tests/concurrency/test_explored_stages.py $(ARGS)

mutation: $(VENV)/.has-mutation ## change our modules a little, and list what no test notices (40 minutes)
	@$(PY) tools/mutation.py $(ARGS)

test-all: $(VERSIONS:%=test-%) ## run the suite on every other supported Python that is on this machine

# Some of what the whole suite needs cannot be had there. Hypothesis has no wheel for it in its newest
# versions; an older one is as good here.
FREE := $(VENV)-free-threaded
$(FREE)/.has-races: pyproject.toml
	@python=$$(sh tools/free_threaded.sh) && \
	echo "Setting up $(FREE) with $$python" && \
	"$$python" -m venv --clear $(FREE)
	@$(FREE)/bin/python -m pip install --quiet --only-binary hypothesis --editable '.[races]'
	@touch $@

test-free-threaded: $(FREE)/.has-races ## races and limits on a Python without a GIL, which is built where there is none
	@$(FREE)/bin/python -X gil=0 -m pytest $(PARALLEL) tests/concurrency tests/limits $(ARGS)

format: $(VENV)/.has-check ## format the code, and mend what the linter can mend
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

clean: ## remove the environments, caches and builds
	rm -rf $(VENV) .venv-3.* $(FREE) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the interpreter makes a difference to: the gates' tests run tools that bring their own. What is long, or
# waits for who is late, is done by the oldest one. Here nothing waits: each further worker costs what it takes
# to collect.
MINUTES := limits docs operators/concurrency/test_adaptive.py reactive_streams/test_spec_glossary.py \
    reactive_streams/test_spec_rules.py connectors/test_faults.py connectors/test_kafka_groups.py connectors/test_parquet.py \
    $(addprefix tck/test_,cli.py explain_whole.py factories.py pytest_plugin.py suites_loop.py) \
    $(addprefix tck/,driving judging gallery test_adversary.py test_own_components.py test_pasted.py test_rsocket.py)
suite: $(VENV)/.has-suite
	@$(PY) $(COMPILE)
	@$(PY) -m pytest -n 4 --dist loadfile -m "not long and not tools and not large" $(MINUTES:%=--ignore=tests/%) $(ARGS) $(call alone)

$(VERSIONS:%=test-%): test-%:
	@if [ -x $(PY) ] && $(PY) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$*")'; then \
	    echo "Python $*: skipped, for it is the one of 'make test'"; \
	elif python=$$(PYTHON= sh tools/find_python.sh $* 2>&1); then \
	    echo "Python $*: $$python"; \
	    $(MAKE) --no-print-directory suite VENV=.venv-$* PYTHON="$$python"; \
	else \
	    echo "Python $*: skipped, $$python"; \
	fi

# Make looks through the link: an environment whose interpreter is gone is made anew.
$(VENV)/bin/python:
	@python=$$(sh tools/find_python.sh) && \
	echo "Setting up $(VENV) with $$python" && \
	"$$python" -m venv --clear $(VENV)

$(VENV)/.has-%: pyproject.toml $(VENV)/bin/python
	@echo "Installing into $(VENV) what is needed: $*"
	@$(PY) -m pip install --quiet --editable '.[$*]'
	@touch $@
