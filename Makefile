# The commands of the project. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
# The build of torch: cpu, or cuda (gigabytes); by default that of the last set-up.
TORCH ?=

# The architecture of the Lambda functions on AWS.
ARCHITECTURE ?= arm64

VENV := .venv/bin
# -E: PYTHON... variables of the shell are for other programs.
RIG := $(VENV)/python -E -m emulation
UV := UV_CACHE_DIR=$${UV_CACHE_DIR:-.cache/uv} $(VENV)/uv
# Byte code is cached, whatever the environment of the shell: programs start twice as fast with it.
unexport PYTHONDONTWRITEBYTECODE

# NAME=value on make's command line reaches the rig unchanged, as the environment variable RIG_NAME:
# as a word of a command line, or expanded by make, a prompt could be run as code.
VALUES := PROMPT NEGATIVE_PROMPT SEED COUNT STEPS GUIDANCE LORA OUT TIMEOUT \
  SEEDS MIN_TASKS MAX_TASKS SPEED RUNTIME WATCH DEBUG FRESH MODEL SIZE IAM NAME FOLLOW BASE GPU \
  DISCORD DISCORD_GUILD MINUTES EMULATOR EMULATOR_ENDPOINT
unexport $(VALUES)
$(foreach name,$(VALUES),$(eval export RIG_$(name) := $$(value $(name))))

# Everybody on the machine can read command lines.
ifeq ($(origin DISCORD_BOT_TOKEN),command line)
  $(error DISCORD_BOT_TOKEN does not belong on a command line: leave it out, and make asks for it)
endif

##@ Use the bot on this machine

.PHONY: demo
demo: setup ## From nothing to pictures: start the stack, send a signed /imagine
	@$(RIG) demo

.PHONY: local-up
local-up: setup ## Start the local stack (RUNTIME=host|docker, MIN_TASKS=1, MAX_TASKS=4, SPEED=30, WATCH=1, DEBUG=interactions, FRESH=1, MODEL=, SIZE=, IAM=enforce, DISCORD=live, EMULATOR=localemu)
	@$(RIG) up

.PHONY: send
send: installed ## Send a prompt (PROMPT="..." SEED= COUNT= STEPS= GUIDANCE= LORA= MODEL= OUT=dir TIMEOUT=120)
	@$(RIG) send

.PHONY: local-status
local-status: installed ## Show the processes, addresses, queue and fleet of the local stack
	@$(RIG) status

.PHONY: local-logs
local-logs: installed ## Show the last log lines (NAME=emulator|discord|worker|functions|backlog, FOLLOW=1)
	@$(RIG) logs

.PHONY: local-down
local-down: ## Stop the local stack; logs and caches stay
	@if [ -e .cache/stamps/project-packages ]; then $(RIG) down; else echo "Nothing is set up, so nothing runs."; fi

.PHONY: register
register: installed ## Register changed commands with the local stack's Discord; make local-up does, too
	@$(RIG) register

.PHONY: advance
advance: installed ## Let time pass at once in the local stack (MINUTES=15)
	@$(RIG) advance

.PHONY: snapshot
snapshot: installed ## Save the state of the local stack, from which the next make local-up starts
	@$(RIG) snapshot

##@ Set this machine up

.PHONY: help
help: ## Show this list
	@bold=; plain=; if [ -t 1 ] && [ -z "$$NO_COLOR" ]; then bold=$$'\033[1m'; plain=$$'\033[0m'; fi; \
	  awk -F':.*## ' -v bold="$$bold" -v plain="$$plain" \
	    '/^##@ / {printf "%s%s\n", (n++ ? "\n" : ""), substr($$0, 5)} \
	     /^[a-z][a-z-]*:.*## / {printf "  %s%-14s%s %s\n", bold, $$1, plain, $$2}' $(MAKEFILE_LIST)

.PHONY: doctor
doctor: ## Show what this machine can do, what it lacks, and which RUNTIME to use
	@$(PYTHON) -E -m emulation.rig.doctor

.PHONY: setup
setup: ## Set up everything the project needs, inside its own folder
	@$(PYTHON) -E -m toolchain $(if $(TORCH),--torch "$(TORCH)")

.PHONY: installed
installed:
	@[ -e .cache/stamps/project-packages ] || { echo "Nothing is set up yet. Run: make demo (or, with a stack of docker compose: make setup)" >&2; exit 2; }

.PHONY: images
images: ## Build the images of RUNTIME=docker and print the size of each layer
	@docker compose --profile cpu build

.PHONY: clean
clean: local-down ## Remove what was set up and built
	rm -rf .venv .cache build .local

##@ Check a change

.PHONY: test-unit
test-unit: setup ## Run the tests that need no stack and draw little
	@$(VENV)/python -m tests unit

.PHONY: test
test: setup ## Run the whole test suite
	@$(VENV)/python -m tests

.PHONY: test-integration
test-integration: setup ## Run the tests that need an emulator of AWS (EMULATOR=localemu)
	@$(VENV)/python -m tests integration

.PHONY: test-docker
test-docker: setup ## Run the tests that need a Docker engine; says so where there is none
	@$(VENV)/python -m tests.docker

.PHONY: test-packages
test-packages: setup ## Install the stand-in and the emulator as packages, and run their examples (a network; minutes)
	@$(VENV)/python -m tests -q tests/packages

.PHONY: test-localstack
test-localstack: setup ## Run LocalStack's own tests of functions and alarms on the emulator (fetches them; minutes)
	@$(VENV)/python -m tests.conformance.localstack

.PHONY: lint
lint: setup ## Check style, types, import rules, dead code, locks, shell scripts and Terraform
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy src toolchain emulation infra fixtures
	PYTHONPATH=emulation/aws/src:emulation/discord/src $(VENV)/lint-imports
	$(VENV)/vulture
	$(VENV)/python -m infra.translations
	$(UV) lock --check --quiet
	$(UV) lock --check --quiet --project emulation/aws --python .cache/emulator
	$(UV) lock --check --quiet --project emulation/aws/localemu --python .cache/emulator
	$(UV) lock --check --quiet --project infra/policy --python .cache/emulator
	$(UV) lock --check --quiet --project docs/site --python .cache/emulator
	$(UV) lock --check --quiet --project tests/conformance/localstack --python .cache/emulator
	$(VENV)/shellcheck docker/*.sh infra/modules/fleet/*.sh tests/infra/instance_units/*.sh .ci/run .ci/docker
	@$(RIG) terraform fmt -check -recursive
	@$(RIG) terraform validate

.PHONY: format
format: setup ## Format the code and Terraform
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .
	@$(RIG) terraform fmt -recursive

.PHONY: policy
policy: setup ## Check infra/ by checkov, and every IAM policy of the plan by parliament
	@$(VENV)/python -m pytest tests/infra/test_policy.py tests/infra/test_safeguards.py

.PHONY: docs
docs: setup ## Build the documentation's site in build/site; a broken link or anchor fails
	@$(VENV)/python -m toolchain.site

.PHONY: docs-serve
docs-serve: setup ## Build the documentation's site and show it at http://127.0.0.1:8800
	@$(VENV)/python -m toolchain.site --serve 8800

.PHONY: mutants
mutants: setup ## Change the core line by line: does a test fail? (BASE=origin/main, ALL=1)
	@$(VENV)/python -m tests.mutants $(if $(ALL),--all,--base "$${RIG_BASE:-origin/main}")

.PHONY: chaos
chaos: setup ## Answer 100 jobs in each of SEEDS=5 runs while AWS, Discord and workers fail (minutes each)
	@CHAOS_JOBS=100 CHAOS_SEED=1 CHAOS_RUNS="$${RIG_SEEDS:-5}" $(VENV)/python -m pytest tests/integration/test_chaos_agreement.py -rP

.PHONY: fuzz
fuzz: setup ## Decode 10,000 damaged picture files of each format that users may send
	@IMAGE_MUTATIONS=10000 $(VENV)/python -m pytest tests/unit/worker/test_image_decoding.py -k damaged --timeout 3600

##@ Deploy to AWS

.PHONY: plan-aws
plan-aws: setup ## Show what a deployment to AWS would create and cost; creates nothing (ARGS="--help")
	@$(VENV)/python -m infra.deploy plan $(ARGS)

.PHONY: deploy-aws
deploy-aws: setup ## Deploy to AWS, or update a deployment (ARGS="--dry-run", "--yes", "--help")
	@$(VENV)/python -m infra.deploy deploy $(ARGS)

.PHONY: destroy-aws
destroy-aws: setup ## Remove a deployment from AWS, and list what is left (ARGS="--yes")
	@$(VENV)/python -m infra.deploy destroy $(ARGS)

.PHONY: rehearsal
rehearsal: setup ## Start an emulated account and Discord to rehearse a deployment in (docs/deploy.md; EMULATOR=localemu, EMULATOR_ENDPOINT=http://127.0.0.1:4566)
	@$(VENV)/python -m emulation.rig.rehearsal up

.PHONY: rehearsal-down
rehearsal-down: installed ## Stop the rehearsal
	@$(VENV)/python -m emulation.rig.rehearsal down

.PHONY: package
package: setup ## Build the Lambda package for AWS (ARCHITECTURE=arm64 or x86_64)
	@$(VENV)/python -m infra.package --architecture $(ARCHITECTURE) --out build/lambda-$(ARCHITECTURE).zip \
	  --interpreter .cache/lambda-python3.13/bin/python

##@ Measure

.PHONY: bench
bench: setup ## Measure the handler, the request path and the worker; writes build/bench.json
	@$(VENV)/python -m tests.bench

.PHONY: bench-worker
bench-worker: setup ## Compare the worker's drawing speed with plain diffusers; writes build/bench-worker.json
	@$(VENV)/python -m tests.bench.gpu

.PHONY: bench-units
bench-units: setup ## Compare what jobs cost in units with the seconds that they take; writes build/bench-units.json
	@$(VENV)/python -m tests.bench.units

.PHONY: capacity
capacity: setup ## Compute the tables and plots of docs/capacity.md and docs/costs.md again
	@$(VENV)/python -m infra.capacity pages docs/capacity.md docs/costs.md
	@$(VENV)/python -m infra.capacity plots docs/pictures

##@ Renew what is committed

.PHONY: lock
lock: setup ## Resolve the dependencies of all environments and images (UPGRADE=1 takes the newest)
	$(UV) lock $(if $(UPGRADE),--upgrade)
	$(UV) lock --project emulation/aws --python .cache/emulator $(if $(UPGRADE),--upgrade)
	$(UV) lock --project emulation/aws/localemu --python .cache/emulator $(if $(UPGRADE),--upgrade)
	$(UV) lock --project infra/policy --python .cache/emulator $(if $(UPGRADE),--upgrade)
	$(UV) lock --project docs/site --python .cache/emulator $(if $(UPGRADE),--upgrade)
	$(UV) lock --project tests/conformance/localstack --python .cache/emulator $(if $(UPGRADE),--upgrade)
	$(UV) export --quiet --no-default-groups --no-emit-project --extra worker --extra traces -o docker/worker.lock
	$(UV) export --quiet --only-group quantization -o docker/quantization.lock
	$(UV) export --quiet --no-default-groups --no-emit-local --extra emulation -o docker/rig.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --constraint docker/rig.lock emulation/discord/pyproject.toml -o docker/stand-in.lock
	$(UV) export --quiet --no-default-groups --no-emit-project -o infra/package/requirements.lock
	cd / && $(abspath $(VENV))/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  $(if $(UPGRADE),--upgrade) $(CURDIR)/requirements/torch.txt -o $(CURDIR)/docker/torch.lock

.PHONY: pages
pages: setup ## Write docs/reference, docs/stand-in-parity.md and the tables of docs/commands.md and docs/messages.md from the code
	@$(VENV)/python -m infra.command_and_message_pages
	@$(VENV)/python -m infra.reference_pages
	@$(VENV)/python -m emulation.rig.cli.reference_page
	@$(VENV)/python -m tests.conformance.parity_page
	@PYTHONPATH=emulation/aws/src $(VENV)/python -m ecs_fleet_emulator.services.requests_page > docs/reference/emulated-requests.md

.PHONY: packages
packages: setup ## Build the packages of the stand-in and the emulator in build/packages
	@$(VENV)/python -m toolchain.packages build

.PHONY: publish-packages
publish-packages: setup ## Build and upload them (UV_PUBLISH_TOKEN in the environment, or a trusted workflow)
	@$(VENV)/python -m toolchain.packages publish

.PHONY: page-pictures
page-pictures: setup ## Take docs/pictures/channel.png and operations.png of the running stack's pages again
	@$(VENV)/python -m tests.e2e.documentation_pictures docs/pictures

.PHONY: pin-images
pin-images: ## Renew the digests of the images that the Dockerfiles begin with
	@docker/pin-images.sh
	@$(PYTHON) -m infra.deploy.image_sizes discord-diffusion/worker:cpu discord-diffusion/emulator discord-diffusion/rig discord-diffusion/deploy

.PHONY: models
models: setup ## Draw with every family of models at toy size; writes the table of docs/models.md
	@$(VENV)/python -m tests.unit.worker.pipeline.family_table
	@$(VENV)/python -m tests.unit.worker.plan.plan_table

.PHONY: plan
plan: setup ## How a model would be loaded: MODEL=folder or hub id, GPU=T4 (A10G, L4, L40S, H100)
	@$(VENV)/python -m discord_diffusion.worker.plan "$${RIG_MODEL:?MODEL is missing}" --gpu "$${RIG_GPU:-T4}"

.PHONY: train
train: setup ## Train the embedded model again (about an hour on two cores)
	@$(VENV)/python -m fixtures.model.train
