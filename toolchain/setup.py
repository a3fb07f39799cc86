"""The steps of the set-up: what has to be there, in which order, and what each is made from."""

import sys
from pathlib import Path

from toolchain import environments, terraform
from toolchain.commands import clean_environment, run
from toolchain.layout import Layout, python_of
from toolchain.steps import Plan, Step, files_digest

_PROJECT = "project environment"
_TORCH = "torch"
_LAMBDA = "Lambda runtime"
_COMPILED = ("--compile-bytecode",)
"""Byte code made now, as AWS's runtime has it: else each first call would make it."""


def project_plan(layout: Layout, torch_build: str) -> Plan:
    """The whole set-up of a checkout, with torch in the build `torch_build`."""
    # Environments hold paths: they are made anew in a checkout that moved, or for another Python.
    here = f"{layout.root} {sys.executable} {sys.version_info[:2]}"
    requirements = layout.root / "requirements"
    emulator = (here, _locked(layout.emulator))
    steps = (
        Step(
            _PROJECT,
            lambda: environments.create_project_environment(layout),
            (here, files_digest(requirements / "installer.txt")),
            environments.uv_of(layout),
        ),
        Step(
            _TORCH,
            lambda: environments.install_torch(layout, torch_build),
            (torch_build, files_digest(requirements / "torch.txt")),
            layout.environment,
            (_PROJECT,),
        ),
        Step(
            # After torch, whose dependencies are then set to the versions of the lock.
            "project packages",
            lambda: environments.sync_project(layout),
            (_locked(layout.root),),
            layout.environment,
            (_TORCH,),
        ),
        Step(
            # With the plug-in, editable: a change of it counts at the emulator's next start.
            "emulator (LocalStack)",
            lambda: environments.create(layout, layout.emulator_environment, layout.emulator),
            emulator,
            python_of(layout.emulator_environment),
            (_PROJECT,),
        ),
        Step(
            _LAMBDA,
            lambda: environments.create(
                layout,
                layout.lambda_environment,
                layout.emulator,
                "--only-group=lambda",
                *_COMPILED,
            ),
            emulator,
            python_of(layout.lambda_environment),
            (_PROJECT,),
        ),
        Step(
            "Terraform and its provider",
            lambda: terraform.set_up(layout),
            terraform.inputs(layout.infra),
            layout.terraform_data / "providers",
        ),
        Step(
            "Lambda package",
            lambda: _build_lambda_package(layout),
            (files_digest(layout.infra / "package", layout.root / "src" / "discord_diffusion"),),
            layout.lambda_package,
            (_PROJECT, _LAMBDA),
        ),
    )
    return Plan(steps, layout.stamps)


def policy_plan(layout: Layout) -> Plan:
    """What only the checks of the Terraform module need; the project must be set up."""
    project = layout.infra / "policy"
    step = Step(
        "policy tools",
        lambda: environments.create(layout, layout.policy_environment, project, *_COMPILED),
        (str(layout.root), _locked(project)),
        python_of(layout.policy_environment),
    )
    return Plan((step,), layout.stamps)


def _locked(project: Path) -> str:
    return files_digest(project / "pyproject.toml", project / "uv.lock")


def _build_lambda_package(layout: Layout) -> None:
    words = ["--out", str(layout.lambda_package), "--architecture", "host"]
    words += ["--interpreter", str(python_of(layout.lambda_environment))]
    env = clean_environment() | {"PYTHONPATH": str(layout.root)}
    run([python_of(layout.environment), "-m", "infra.package", *words], env=env)
