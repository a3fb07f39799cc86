"""The steps of the set-up: their order, their inputs, and the file or folder each one makes."""

import sys
from pathlib import Path

from toolchain import environments, terraform
from toolchain.commands import clean_environment, run
from toolchain.layout import LOCALEMU, LOCALSTACK, Layout, python_of
from toolchain.steps import Plan, Step, files_digest

_PROJECT = "project environment"
_TORCH = "torch"
_LAMBDA = "Lambda runtime"
_COMPILED = ("--compile-bytecode",)
"""Byte code is compiled now, as in AWS's runtime; otherwise each first call would compile it."""


def project_plan(layout: Layout, torch_build: str, emulator: str = LOCALSTACK) -> Plan:
    """The whole set-up of a checkout, with torch in the build `torch_build`.

    LocalEmu is set up where it is the `emulator`; LocalStack always is.
    """
    # Environments contain paths: a moved checkout or another Python needs new ones.
    here = f"{layout.root} {sys.executable} {sys.version_info[:2]}"
    requirements = layout.root / "requirements"
    torch_lock = layout.root / "docker" / "torch.lock"
    plug_in = (here, _lock_digest(layout.emulator))
    lambda_packages = ("--only-group=lambda", *_COMPILED)
    packages = (folder / "pyproject.toml" for folder in (layout.stand_in, layout.emulator))
    terraform_program = terraform.program(layout.cache)
    providers = layout.terraform_data / "providers"
    steps: tuple[Step, ...] = (
        Step(
            _PROJECT,
            lambda: environments.create_project_environment(layout),
            (here, files_digest(requirements / "installer.txt")),
            environments.uv_of(layout),
        ),
        Step(
            _TORCH,
            lambda: environments.install_torch(layout, torch_build),
            (
                torch_build,
                files_digest(requirements / "torch.txt", torch_lock),
            ),
            layout.environment,
            (_PROJECT,),
        ),
        Step(
            # After torch, so that torch's dependencies get the versions of the lock.
            "project packages",
            lambda: environments.sync_project(layout),
            (_lock_digest(layout.root), files_digest(*packages)),
            layout.environment,
            (_TORCH,),
        ),
        Step(
            # With the plug-in, editable: the emulator's next start uses a changed plug-in.
            "emulator (LocalStack)",
            lambda: environments.create(
                layout, layout.emulator_environment(), layout.emulator, "--extra=runtime"
            ),
            plug_in,
            python_of(layout.emulator_environment()),
            (_PROJECT,),
        ),
        Step(
            _LAMBDA,
            lambda: environments.create(
                layout, layout.lambda_environment, layout.emulator, *lambda_packages
            ),
            plug_in,
            python_of(layout.lambda_environment),
            (_PROJECT,),
        ),
        Step(
            "Terraform and its provider",
            lambda: terraform.initialise(
                terraform.find_or_fetch(layout.cache), layout.infra, layout.terraform_data
            ),
            terraform.inputs(layout.infra),
            # The one on the PATH may be gone, or another PATH may lack it.
            providers if terraform_program.exists() else terraform_program,
        ),
        Step(
            "Lambda package",
            lambda: _build_lambda_package(layout),
            (files_digest(layout.infra / "package", layout.root / "src" / "discord_diffusion"),),
            layout.lambda_package,
            (_PROJECT, _LAMBDA),
        ),
    )
    if emulator == LOCALEMU:
        environment = layout.emulator_environment(LOCALEMU)
        localemu = Step(
            "emulator (LocalEmu)",
            lambda: environments.create(layout, environment, layout.localemu),
            (*plug_in, _lock_digest(layout.localemu)),
            python_of(environment),
            (_PROJECT,),
        )
        steps = (*steps, localemu)
    return Plan(steps, layout.stamps)


def policy_plan(layout: Layout) -> Plan:
    """The set-up of the tools that only the checks of the Terraform module need.

    The project must be set up before.
    """
    project = layout.infra / "policy"
    step = Step(
        "policy tools",
        lambda: environments.create(layout, layout.policy_environment, project, *_COMPILED),
        (str(layout.root), _lock_digest(project)),
        python_of(layout.policy_environment),
    )
    return Plan((step,), layout.stamps)


def quantization_plan(layout: Layout) -> Plan:
    """The set-up of the folder with torchao, which only tests of weights in 8 bits read.

    The project must be set up before.
    """
    lock = layout.root / "docker" / "quantization.lock"
    step = Step(
        "torchao",
        lambda: environments.install_into(layout, layout.quantization, lock),
        (str(layout.root), files_digest(lock)),
        layout.quantization,
    )
    return Plan((step,), layout.stamps)


def site_plan(layout: Layout) -> Plan:
    """The set-up of what builds the documentation's site. The project must be set up before."""
    project = layout.site_sources
    node = (files_digest(project / "package.json", project / "package-lock.json"),)
    steps = (
        Step(
            "site generator",
            lambda: environments.create(layout, layout.site_environment, project, *_COMPILED),
            (str(layout.root), _lock_digest(project)),
            python_of(layout.site_environment),
        ),
        Step(
            "mermaid",
            lambda: environments.install_node_packages(project, layout.site_node_packages),
            node,
            layout.site_node_packages / "node_modules" / "mermaid" / "dist" / "mermaid.min.js",
        ),
    )
    return Plan(steps, layout.stamps)


def _lock_digest(project: Path) -> str:
    return files_digest(project / "pyproject.toml", project / "uv.lock")


def _build_lambda_package(layout: Layout) -> None:
    words = ["--out", str(layout.lambda_package), "--architecture", "host"]
    words += ["--interpreter", str(python_of(layout.lambda_environment))]
    env = clean_environment() | {"PYTHONPATH": str(layout.root)}
    run([python_of(layout.environment), "-m", "infra.package", *words], env=env)
