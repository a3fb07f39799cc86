"""What has to be set up, in which order, and what each part is made from."""

import sys
from pathlib import Path

from . import terraform
from .commands import clean_environment, run
from .environments import Environments
from .layout import Layout, python_of
from .steps import Plan, Step, files_digest

PROJECT = "project environment"
TORCH = "torch"
PACKAGES = "project packages"
EMULATOR = "emulator (LocalStack)"
EXTENSION = "emulator extension"
LAMBDA = "Lambda runtime"
TERRAFORM = "Terraform and its provider"
PACKAGE = "Lambda package"
POLICY = "policy tools"


def make_plan(layout: Layout, torch_build: str) -> Plan:
    """The whole set-up of a checkout, with torch in the build asked for."""
    make = Environments(layout)
    lock = layout.root / "requirements"
    extension = layout.root / "emulation" / "aws"
    # A checkout that was moved, or another interpreter: the environments name both in their files.
    here = f"{layout.root} {sys.executable} {sys.version_info[:2]}"
    steps = (
        Step(
            PROJECT,
            make.make_project,
            (here, files_digest(lock / "installer.txt")),
            make.uv,
        ),
        Step(
            TORCH,
            lambda: make.install_torch(torch_build),
            (torch_build, files_digest(lock / "torch.txt")),
            layout.environment,
            (PROJECT,),
        ),
        Step(
            PACKAGES,
            make.install_project,
            (files_digest(lock / "development.lock", layout.root / "pyproject.toml"),),
            layout.environment,
            (TORCH,),
        ),
        Step(
            EMULATOR,
            make.make_emulator,
            (here, files_digest(extension / "requirements.lock")),
            python_of(layout.emulator_environment),
            (PROJECT,),
        ),
        Step(
            EXTENSION,
            make.install_extension,
            (files_digest(extension / "pyproject.toml"),),
            python_of(layout.emulator_environment),
            (EMULATOR,),
        ),
        Step(
            LAMBDA,
            make.make_lambda,
            (here, files_digest(extension / "requirements-lambda.lock")),
            python_of(layout.lambda_environment),
            (PROJECT,),
        ),
        Step(
            TERRAFORM,
            lambda: _initialise_terraform(layout),
            terraform_inputs(layout.infra),
            layout.terraform_data / "providers",
        ),
        Step(
            PACKAGE,
            lambda: _build_lambda_package(layout),
            (files_digest(layout.infra / "package", layout.root / "src" / "discord_diffusion"),),
            layout.lambda_package,
            (PROJECT, LAMBDA),
        ),
    )
    return Plan(steps, layout.cache / "stamps")


def make_policy_plan(layout: Layout) -> Plan:
    """What only the checks of the Terraform module need; the rest must be set up."""
    make = Environments(layout)
    lock = layout.infra / "policy" / "requirements.lock"
    step = Step(
        POLICY,
        make.make_policy_tools,
        (f"{layout.root}", files_digest(lock)),
        python_of(layout.policy_environment),
    )
    return Plan((step,), layout.cache / "stamps")


def _initialise_terraform(layout: Layout) -> None:
    program = terraform.find_or_fetch(layout.cache)
    terraform.initialise(program, layout.infra, layout.terraform_data)


def _build_lambda_package(layout: Layout) -> None:
    words = ["--out", str(layout.lambda_package), "--architecture", "host"]
    words += ["--interpreter", str(python_of(layout.lambda_environment))]
    python = python_of(layout.environment)
    env = clean_environment() | {"PYTHONPATH": str(layout.root)}
    run([python, "-m", "infra.package", *words], env=env)


def terraform_inputs(infra: Path) -> tuple[str, ...]:
    """What another `terraform init` is due for: provider, modules, and tests, which name some."""
    modules = sorted(path.name for path in infra.glob("modules/*"))
    return (files_digest(infra / "providers.tf", infra / "tests"), *modules)
