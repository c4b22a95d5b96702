# Every target sets up by itself what it needs, once: the files $(VENV)/.has-* say what is installed.

PYTHON ?=
VENV ?= .venv
VERSIONS := 3.11 3.12 3.13
PY := $(VENV)/bin/python
ARGS ?=
# Half of the time tests wait, for silence that is due: more workers than cores. tests/spread.py says who runs what.
PARALLEL := -n 6 --dist loadfile

export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Settings meant for other environments would install elsewhere, or import something else.
unexport PYTHONHOME PYTHONPATH PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_TARGET PIP_USER

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two installs into one environment at the same time break it.
.NOTPARALLEL:
.PHONY: help demo test check bench mutation test-all suite tck-jvm test-free-threaded $(VERSIONS:%=test-%) format clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  Options: PYTHON=/path/to/python (>= 3.11), ARGS='more arguments for test, bench or check'"

demo: $(VENV)/.has-terminal ## run a small pipeline and watch it (Ctrl-C ends it)
	@$(PY) -m operators run examples/stdlib_words.py:pipeline

test: $(VENV)/.has-test ## run all tests (ARGS='-k map' for some of them)
	@$(PY) -m pytest $(PARALLEL) $(ARGS)

check: $(VENV)/.has-check ## format, lint, house rules, layering, types (ARGS=mypy for one of them)
	@$(PY) tools/check.py $(ARGS)

bench: $(VENV)/.has-bench ## measure against other libraries
	@$(PY) -m benchmarks $(ARGS)

tck-jvm: $(VENV)/.has-jvm ## run the official kit of the JVM over our components (needs a JDK and Maven)
	@$(PY) tools/jvm/run.py $(ARGS)

mutation: $(VENV)/.has-mutation ## change our modules a little, and list what no test notices (40 minutes)
	@$(PY) tools/mutation.py $(ARGS)

test-all: $(VERSIONS:%=test-%) ## run the suite on every other supported Python that is on this machine

# Hypothesis has no wheel for it in its newest versions; an older one is as good here.
FREE := $(VENV)-free-threaded
$(FREE)/.has-suite: pyproject.toml
	@python=$$(sh tools/free_threaded.sh) && \
	echo "Setting up $(FREE) with $$python" && \
	"$$python" -m venv --clear $(FREE)
	@$(FREE)/bin/python -m pip install --quiet --only-binary hypothesis --editable '.[suite]'
	@touch $@

test-free-threaded: $(FREE)/.has-suite ## races and limits on a Python without a GIL, which is built where there is none
	@$(FREE)/bin/python -X gil=0 -m pytest $(PARALLEL) tests/concurrency tests/limits $(ARGS)

format: $(VENV)/.has-check ## format the code, and mend what the linter can mend
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

clean: ## remove the environments, caches and builds
	rm -rf $(VENV) .venv-3.* $(FREE) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the interpreter makes a difference to: the gates' tests run tools that bring their own. Hunting races,
# measuring limits and visiting the whole gallery take minutes, and are done by 'make test'.
MINUTES := limits concurrency $(addprefix tck/test_,explore.py gallery.py own_components.py processor_suite.py publisher_suite.py rsocket.py subscriber_suite.py)
suite: $(VENV)/.has-suite
	@$(PY) -m pytest $(PARALLEL) -m "not tools" $(MINUTES:%=--ignore=tests/%) $(ARGS)

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
