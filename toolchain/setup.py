"""The steps of the set-up: what has to be there, in which order, and what each is made from."""

import sys

from toolchain import environments, terraform
from toolchain.commands import clean_environment, run
from toolchain.layout import Layout, python_of
from toolchain.steps import Plan, Step, files_digest

_PROJECT = "project environment"
_TORCH = "torch"
_LAMBDA = "Lambda runtime"


def project_plan(layout: Layout, torch_build: str) -> Plan:
    """The whole set-up of a checkout, with torch in the build asked for."""
    # Environments hold paths: they are made anew in a checkout that moved, or for another Python.
    here = f"{layout.root} {sys.executable} {sys.version_info[:2]}"
    emulator = (here, files_digest(layout.emulator / "pyproject.toml", layout.emulator / "uv.lock"))
    installer, torch = (layout.requirements / name for name in ("installer.txt", "torch.txt"))
    locked = (layout.root / "pyproject.toml", layout.root / "uv.lock")
    steps = (
        Step(
            _PROJECT,
            lambda: environments.create_project_environment(layout),
            (here, files_digest(installer)),
            environments.uv_of(layout),
        ),
        Step(
            _TORCH,
            lambda: environments.install_torch(layout, torch_build),
            (torch_build, files_digest(torch)),
            layout.environment,
            (_PROJECT,),
        ),
        Step(
            # After torch, whose own needs are then set to the versions of the lock.
            "project packages",
            lambda: environments.sync_project(layout),
            (files_digest(*locked),),
            layout.environment,
            (_TORCH,),
        ),
        Step(
            "emulator (LocalStack)",
            lambda: environments.sync_emulator(layout),
            emulator,
            python_of(layout.emulator_environment),
            (_PROJECT,),
        ),
        Step(
            _LAMBDA,
            lambda: environments.sync_lambda_runtime(layout),
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
    folder = layout.infra / "policy"
    step = Step(
        "policy tools",
        lambda: environments.sync_policy_tools(layout),
        (f"{layout.root}", files_digest(folder / "pyproject.toml", folder / "uv.lock")),
        python_of(layout.policy_environment),
    )
    return Plan((step,), layout.stamps)


def _build_lambda_package(layout: Layout) -> None:
    words = ["--out", str(layout.lambda_package), "--architecture", "host"]
    words += ["--interpreter", str(python_of(layout.lambda_environment))]
    env = clean_environment() | {"PYTHONPATH": str(layout.root)}
    run([python_of(layout.environment), "-m", "infra.package", *words], env=env)
