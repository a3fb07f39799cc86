# Every command a person types. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
# The build of torch: cpu, or cuda (gigabytes).
TORCH ?= cpu

VENV := .venv/bin
RIG := $(VENV)/python -m emulation
# Byte code is cached, whatever the shell says: everything starts twice as fast with it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}'

.PHONY: setup
setup: ## Set up everything the project needs, inside its own folder
	@$(PYTHON) -m emulation.bootstrap --torch $(TORCH)

.PHONY: installed
installed:
	@[ -e .cache/stamps/project-packages ] || { echo "Nothing is set up yet. Run: make demo" >&2; exit 2; }

.PHONY: demo
demo: setup ## From nothing to pictures: start the stack, send a signed /imagine
	@$(RIG) demo

.PHONY: local-up
local-up: setup ## Start the local stack (WORKERS=1, WATCH=1 reloads handlers, MODEL=folder or hub id, SIZE=512)
	@$(RIG) up $(if $(WORKERS),--workers "$(WORKERS)") $(if $(WATCH),--watch) \
	  $(if $(MODEL),--model "$(MODEL)") $(if $(SIZE),--size "$(SIZE)")

.PHONY: local-down
local-down: ## Stop the local stack; logs and caches stay
	@if [ -e .cache/stamps/project-packages ]; then $(RIG) down; else echo "Nothing is set up, so nothing runs."; fi

.PHONY: local-status
local-status: installed ## Show what runs, where, and how much waits
	@$(RIG) status

.PHONY: local-logs
local-logs: installed ## Show the last log lines (NAME=emulator|discord|worker-1|functions, FOLLOW=1)
	@$(RIG) logs $(NAME) $(if $(FOLLOW),--follow)

# Values reach the shell as environment variables, so that no prompt can break out of its quotes.
send: export RIG_PROMPT := $(value PROMPT)
send: export RIG_NEGATIVE := $(value NEGATIVE_PROMPT)
.PHONY: send
send: installed ## Send a prompt (PROMPT="..." SEED= COUNT= STEPS= GUIDANCE= OUT=dir TIMEOUT=120)
	@$(RIG) send --prompt="$$RIG_PROMPT" \
	  $(if $(NEGATIVE_PROMPT),--negative-prompt="$$RIG_NEGATIVE") \
	  $(if $(SEED),--seed "$(SEED)") $(if $(COUNT),--count "$(COUNT)") \
	  $(if $(STEPS),--steps "$(STEPS)") $(if $(GUIDANCE),--guidance "$(GUIDANCE)") \
	  $(if $(OUT),--out "$(OUT)") $(if $(TIMEOUT),--timeout "$(TIMEOUT)")

.PHONY: test
test: setup ## Run the whole test suite
	@$(VENV)/python -m pytest

.PHONY: test-unit
test-unit: setup ## Run the tests that need no stack
	@$(VENV)/python -m pytest tests/unit

.PHONY: lint
lint: setup ## Check style, types, import rules and Terraform
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy src emulation infra fixtures
	$(VENV)/lint-imports
	@$(RIG) terraform fmt -check -recursive
	@$(RIG) terraform validate

.PHONY: format
format: setup ## Format the code and Terraform
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .
	@$(RIG) terraform fmt -recursive

.PHONY: package
package: setup ## Build the Lambda package for this machine's rig
	@ls -l build/lambda.zip

.PHONY: bench
bench: setup ## Measure the handler, the request path and the worker; writes build/bench.json
	@$(VENV)/python -m tests.bench

.PHONY: capacity
capacity: setup ## Compute docs/capacity.md and its pictures anew
	@$(VENV)/python -m discord_diffusion.capacity docs docs/capacity.md
	@$(VENV)/python -m discord_diffusion.capacity plots docs/pictures

.PHONY: train
train: setup ## Train the embedded model anew (about an hour on two cores)
	@$(VENV)/python -m fixtures.model.train

.PHONY: lock
lock: setup ## Resolve the project's dependencies anew
	$(VENV)/uv pip compile pyproject.toml --extra emulation --extra capacity --group dev --universal \
	  --python-version 3.11 --generate-hashes --override requirements/without-torch.txt \
	  --no-emit-package torch --no-header --quiet --upgrade -o requirements/development.lock

.PHONY: clean
clean: local-down ## Remove everything that was set up or built
	rm -rf .venv .cache build
