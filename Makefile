# Two commands for everyone: `make demo` and `make test`. Everything they need beyond a C++20 compiler, make and Python ≥ 3.10 is
# installed by pip into .venv (CMake, ninja, Eigen and Boost too); doctest comes from the system's packages or is fetched by CMake.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SITE = $$($(CURDIR)/$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
SOURCES := $(shell find include src python cmake -type f -not -name '*.so' -not -path '*/__pycache__/*') CMakeLists.txt pyproject.toml README.md

.PHONY: demo test check-all bench lint notebooks test-cpp test-python test-notebooks test-consumer clean

demo: $(VENV)/.package
	$(BIN)/sojourn demo --out room.html

test: test-cpp test-consumer lint test-notebooks test-python

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("sojourn needs Python 3.10 or later, found " + sys.version.split()[0] if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.package: $(VENV)/bin/python $(SOURCES)
	$(BIN)/python -m pip install --quiet .
	@touch $@

$(VENV)/.test-package: $(VENV)/bin/python $(SOURCES)
	$(BIN)/python -m pip install --quiet '.[test]'
	@touch $@ $(VENV)/.package

$(VENV)/.build-tools: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet cmake ninja 'cmeel-eigen>=3.4' 'cmeel-boost>=1.81'
	@touch $@

CONFIGURE = PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -G Ninja -DCMAKE_PREFIX_PATH="$(SITE)"

test-cpp: $(VENV)/.build-tools
	sh tests/cpp/install_doctest.sh
	$(CONFIGURE) -B build/test -DSOJOURN_BUILD_TESTS=ON
	$(BIN)/cmake --build build/test
	build/test/tests/cpp/sojourn_tests

# The examples, built from outside against the installed package.
test-consumer: test-cpp
	$(BIN)/cmake --install build/test --prefix build/installed
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S examples -G Ninja -B build/examples -DCMAKE_PREFIX_PATH="$(CURDIR)/build/installed;$(SITE)"
	$(BIN)/cmake --build build/examples
	build/examples/first_journey
	build/examples/reconcile_ledgers

test-python: $(VENV)/.test-package
	$(BIN)/python -m pytest --doctest-modules --pyargs sojourn
	$(BIN)/python -m pytest

test-notebooks: $(VENV)/.test-package
	mkdir -p build/notebooks
	for source in notebooks/*.py; do $(BIN)/jupytext --quiet --to ipynb --output build/$${source%.py}.ipynb $$source || exit 1; done
	$(BIN)/python -m pytest --nbmake --override-ini=filterwarnings=default build/notebooks

# The notebooks as people read them, with their outputs; notebooks/*.py are the sources.
notebooks: $(VENV)/.test-package
	for source in notebooks/*.py; do $(BIN)/jupytext --quiet --to ipynb --execute --output $${source%.py}.ipynb $$source || exit 1; done

lint: $(VENV)/.test-package
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	find include src tests examples -name '*.hpp' -o -name '*.cpp' | xargs $(BIN)/clang-format --dry-run -Werror
	$(BIN)/mypy

# What takes longer than a test may: sanitizers, more generated worlds. Run by hand; figures in benchmarks/RESULTS.md.
check-all: test
	$(CONFIGURE) -B build/sanitize -DSOJOURN_BUILD_TESTS=ON -DSOJOURN_SANITIZE=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo
	$(BIN)/cmake --build build/sanitize
	build/sanitize/tests/cpp/sojourn_tests
	SOJOURN_TIMES=10 $(BIN)/python -m pytest
	$(BIN)/python tests/studies/removal_coverage.py
	$(BIN)/python tests/studies/attribution_coverage.py
	$(BIN)/python tests/studies/surge_false_alarms.py

bench: $(VENV)/.package
	$(BIN)/python -m pip install --quiet -r benchmarks/requirements.txt
	$(BIN)/python benchmarks/events.py

clean:
	rm -rf build $(VENV) room.html
