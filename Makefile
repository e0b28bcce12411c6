# GNU make. `make` alone lists what there is.

PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo run check test fuzz bench chaos soak lint types clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /make \1	/p' $(firstword $(MAKEFILE_LIST))

# `exec` makes the program itself the one that Ctrl+C reaches, with no shell in between.
demo: .venv/.run-ready ## a chat page with the bot in it; needs no account and no setting
	@exec $(BIN)/python -m sandbox $(ARGS)

run: .venv/.run-ready ## the bot on the real Discord, as .env says
	@exec $(BIN)/python bot.py $(ARGS)

check: .venv/.run-ready ## whether settings, tokens and database are right, and the invite link
	@exec $(BIN)/python bot.py --check $(ARGS)

# Most tests wait for sockets and clocks: two workers a core.
test: .venv/.dev-ready ## all tests; ARGS="-k pages" for some
	@exec $(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print(min(8, 2 * (os.cpu_count() or 1)))') $(ARGS)

fuzz: .venv/.dev-ready ## bytes that no server should send, at the client; ARGS="--seconds 600"
	@exec $(BIN)/python -m tests.fuzz $(ARGS)

bench: .venv/.dev-ready ## how fresh the text on screen is, beside the bound; takes minutes
	@$(BIN)/python -m benchmarks.delivery $(ARGS)
	@exec $(BIN)/python -m benchmarks.render.whole_path

chaos: .venv/.dev-ready ## kills the bot 200 times, anywhere, and looks what is lost; takes minutes
	@exec $(BIN)/python -m benchmarks.chaos $(ARGS)

soak: .venv/.dev-ready ## the bot for 10 minutes with every fault; ARGS="--minutes 30 --seed 2"
	@exec $(BIN)/python -m benchmarks.soak $(ARGS)

lint: .venv/.dev-ready ## ruff: rules and format; and deploy/, each file by its own tool
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@exec $(BIN)/python -m deploy.lint

types: .venv/.dev-ready ## mypy, strict
	@exec $(BIN)/mypy

clean: ## removes .venv and every cache; data/ and .env stay
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage tests/e2e/artifacts
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.dev-ready: requirements-dev.txt .venv/.run-ready
	@echo "Installing the tools for tests into .venv ..."
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

# A venv that was broken off half-made, or whose Python has gone, has no working pip: it is made anew.
.venv/.run-ready: requirements.txt
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "Reka bot needs Python 3.11 or newer, and there is no $(PYTHON) here: install it, or name one: make PYTHON=/path/to/python"; \
		exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Reka bot needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -c 'import platform; print(platform.python_version())'): install a newer one, or name one: make PYTHON=python3.11"; \
		exit 1; } >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
			echo "$(PYTHON) comes without venv, which keeps the bot's libraries apart: install it (Debian, Ubuntu: apt install python3-venv)"; \
			exit 1; } >&2; \
		$(PYTHON) -m venv --clear .venv; }
	@echo "Installing what the bot needs into .venv ..."
	@$(PIP) --require-hashes -r requirements.txt
	@touch $@
