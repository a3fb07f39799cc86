"""The Terraform module, initialised in a copy so that no other user of it has to wait."""

import os
import shutil
from pathlib import Path

import pytest

from tests.infra.terraform_module import LAYOUT, Module, Suite
from toolchain import terraform as terraform_program

DEPLOYMENT = "tests/deployment.tftest.hcl"


@pytest.fixture(scope="session")
def terraform() -> Path:
    """The Terraform program."""
    found = terraform_program.find(LAYOUT.cache)
    assert found, "Terraform is not set up: run `make setup`"
    return found


@pytest.fixture(scope="session")
def module(terraform: Path, tmp_path_factory: pytest.TempPathFactory) -> Module:
    """The root module, initialised with its tests."""
    folder = tmp_path_factory.mktemp("checkout") / "infra"
    ignored = shutil.ignore_patterns(".terraform*", "package", "__pycache__", "*.py")
    shutil.copytree(LAYOUT.infra, folder, ignore=ignored)
    data = folder / ".terraform"
    set_up = LAYOUT.terraform_data / "providers"
    if (set_up / terraform_program.PROVIDER).is_dir():
        module = Module(terraform, folder)
        ended = module.run("init", "-no-color", f"-plugin-dir={set_up}")
        assert ended.returncode == 0, ended.stderr
        return module
    terraform_program.initialise(terraform, folder, data)
    return Module(terraform, folder)


@pytest.fixture(scope="session")
def deployment(module: Module) -> Suite:
    """The runs that apply the whole module to a mocked AWS, with what they applied."""
    return Suite.of(module, DEPLOYMENT, verbose=True)


@pytest.fixture(scope="session")
def suite(module: Module, deployment: Suite) -> Suite:
    """All of `terraform test`, each file once.

    Only the runs of the whole module are verbose: Terraform prints the schemas of the whole
    provider, 14 MB, after each run that is.
    """
    files = (f"tests/{path.name}" for path in (module.folder / "tests").glob("*.tftest.hcl"))
    others = Suite.of(module, *sorted(set(files) - {DEPLOYMENT}))
    return Suite([*deployment.events, *others.events])


@pytest.fixture(autouse=True)
def _no_settings_of_this_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TF_VAR_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _provider(shared_terraform_provider: None) -> None:
    """Every test here may run Terraform."""
