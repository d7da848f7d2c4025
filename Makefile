# `make run` and `make test` install what they need; see CONTRIBUTING.md for the rest.
PYTHON ?= python3
BIN := .venv/bin
# How many processes run the tests, and how those are shared out (tests/conftest.py).
PROCESSES ?= 2
SHARED := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder
# Tests with real browsers and clocks can fail on a machine that stands still for seconds: what failed (and
# nothing else: not what could not be collected) has one more chance, and both outcomes are printed.
AGAIN = { [ $$? = 1 ] && echo "once more, what failed:" && \
	$(BIN)/python -m pytest -q $(SHARED) --last-failed --last-failed-no-failures none; }

.PHONY: run install test check unit bench soak asan lock types art screenshots clean
.DEFAULT_GOAL := run

run: ## start everything on embedded defaults
	@$(PYTHON) tools/install.py run
	@exec $(BIN)/atrium serve

install:
	@$(PYTHON) tools/install.py test

test: install check ## every check and every test
	@cd web/client && ../../$(BIN)/node --test --test-timeout=120000 --test-reporter=dot "**/*.test.ts"
	@$(BIN)/python -m pytest -q $(SHARED) || $(AGAIN)

check: install ## formatting, lint, types, import contract
	@$(BIN)/ruff format --check -q . || { echo "run: .venv/bin/ruff format ."; exit 1; }
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --config pyproject.toml
	@cd web/client && ../../$(BIN)/node node_modules/typescript/bin/tsc --noEmit

unit: install ## the quick part of the tests
	@$(BIN)/python -m pytest -q $(SHARED) tests/unit

bench: install ## the figures of docs/performance.md
	@$(BIN)/python -m tests.bench

soak: install ## minutes of load
	@$(BIN)/python -m pytest -q -m soak -o faulthandler_timeout=3600 tests/soak

types: install ## the client's message types out of signaling/messages.py
	@$(BIN)/python -m signaling.typescript > web/client/net/messages.ts

art: install ## the generated tiles, avatars and maps
	@$(BIN)/python -m maps.art

# As tools/install.py does: some networks have an authority of their own.
lock: export UV_SYSTEM_CERTS ?= true
lock: install ## resolve the dependencies of pyproject.toml anew
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
		--extra build pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
		--extra build --extra dev pyproject.toml -o requirements-dev.lock

asan: install ## the native plane under the address and undefined-behaviour sanitizers
	@tools/asan.sh

screenshots: install ## every page at three sizes, into docs/screenshots
	@SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -q -n0 tests/e2e/test_first_minute.py tests/e2e/test_pictures.py

clean: ## everything that was installed or built (not .data)
	@rm -rf .venv build web/client/node_modules tests/e2e/browser/node_modules tests/e2e/browser/unpacked web/static/app *.egg-info
	@rm -rf sfu/forward/*.so world/native/*.so .hypothesis .*_cache
