# Mujib: `make chat` to use it, `make check` while changing it, `make test` before handing it over.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
MUJIB := $(VENV)/bin/mujib
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
CONSTRAINTS := .ci/constraints.txt
LLAMA := $(shell grep '^llama_cpp_python==' $(CONSTRAINTS))

# llama.cpp is built for this computer's processor, but without AMX: gcc 12 miscompiles its tile set-up, and the first
# real prompt then ends the process (segmentation fault in ggml_backend_amx_mul_mat).
NO_AMX := $(shell for flag in -mno-amx-tile -mno-amx-int8 -mno-amx-bf16; do \
	$${CC:-cc} $$flag -E -x c /dev/null >/dev/null 2>&1 && printf '%s ' $$flag; done)
BUILD := CFLAGS="$$CFLAGS $(NO_AMX)" CXXFLAGS="$$CXXFLAGS $(NO_AMX)" CMAKE_BUILD_PARALLEL_LEVEL=$(shell nproc 2>/dev/null || echo 2)
HAS_AMX := $(VENV)/bin/python -c "import llama_cpp, sys; sys.exit(b'AMX_INT8 = 1' not in llama_cpp.llama_print_system_info())"

# The tests and pictures of the page need a browser: CHROMIUM=/path/to/one, or Chromium from the system's packages.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser)
export CHROMIUM
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

.PHONY: help setup browser models index ask chat lint docs check test test-faults screenshots eval bench dist clean

help:
	@echo "make chat            open the chat page on http://127.0.0.1:7860"
	@echo "make ask Q='...'     answer one question"
	@echo "make check           lint, types and the tests that need no models and no browser: within a minute"
	@echo "make test            everything: lint, types, all tests, with the real models and a browser"
	@echo "make test-faults     the long fault tests: killed updates, failing disks, damaged files, hostile input"
	@echo "make docs            write the generated parts of the documents anew"
	@echo "make screenshots     pictures of the page in both languages, into .data/screenshots"
	@echo "make index           bring the index up to date with its folders (first: seeds/)"
	@echo "make setup models    only install the packages, only fetch the models"
	@echo "make eval ARTICLES=... QUESTIONS=... [DISTRACTORS=...]   measure what is found (the first time it embeds them)"
	@echo "make bench           time searches in 100,000 made-up passages"
	@echo "make dist            build the wheel and the source archive into dist/"
	@echo "make lint clean      lint and types; remove what was installed here"

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	@echo "Installing packages into $(VENV). Building llama.cpp takes some minutes the first time." >&2
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install torch==2.13.0 --constraint $(CONSTRAINTS) >&2
	$(BUILD) $(PIP) install --editable '.[dev]' --constraint $(CONSTRAINTS) >&2
	@if $(HAS_AMX); then $(BUILD) $(PIP) install --no-cache-dir --force-reinstall --no-deps $(LLAMA) >&2; fi
	@touch $@

browser: setup
ifeq ($(CHROMIUM),)
	@command -v apt-get >/dev/null || { echo "The page is tested in Chromium: install it, or name one in CHROMIUM." >&2; exit 1; }
	$(AS_ROOT) apt-get update -qq >&2
	$(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >&2
endif

models: setup
	@$(MUJIB) models status >/dev/null || $(MUJIB) models fetch

index: models
	@$(MUJIB) index update >&2

ask: index
	@test -n "$(Q)" || { echo "make ask: give the question, as in: make ask Q='Who was arrested?'" >&2; exit 2; }
	@$(MUJIB) ask "$$Q"

chat: index
	@$(MUJIB) chat

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# Commands, settings and modules as they are, into docs/. A test fails while they are stale.
docs: setup
	$(VENV)/bin/python -m tests.docs_tools

# The fast loop. It needs `make setup` and nothing else: no models, no browser, nothing installed as root.
check: lint
	$(VENV)/bin/python -m pytest -n 2 --dist worksteal -m "not (models or browser or package or slow)"

# The tests ask a server too, with a model that is small and weak: what it says must be checked as well.
SMALL := qwen2.5-coder-0.5b-instruct-q4_k_m

test: lint models browser
	@$(MUJIB) models fetch $(SMALL)
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile -m "not models"
	$(VENV)/bin/python -m pytest -m models

# The faults again, as often as a release deserves: killed updates, damaged files, hostile input.
test-faults: browser
	$(VENV)/bin/python -m pytest --faults tests/faults tests/interfaces/test_hostile_page.py \
		tests/interfaces/test_web_app.py

# Pictures of the page's main states in both languages, with the real models over seeds/, into .data/screenshots.
screenshots: index browser
	$(VENV)/bin/python -m tests.screenshots

eval: models
	@$(MUJIB) eval retrieval --articles $(ARTICLES) --questions $(QUESTIONS) \
		$(foreach file,$(DISTRACTORS),--distractors $(file))

bench: setup
	$(VENV)/bin/python -m tests.bench

dist: setup
	$(VENV)/bin/python -m hatchling build

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find qa index tests -name __pycache__ -type d -prune -exec rm -rf {} +

export Q
