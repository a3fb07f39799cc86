"""The folder of one deployment, and the options of the command line."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.deploy import variables
from infra.deploy.cli import app
from infra.deploy.errors import InputError
from infra.deploy.terraform import Terraform
from infra.deploy.workspace import Workspace
from toolchain import terraform
from toolchain.layout import Layout

INFRA = Layout.of_this_checkout().infra


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.of(tmp_path, "bot-prod", "us-east-1")


def test_each_name_and_region_has_a_folder_of_its_own(tmp_path: Path) -> None:
    places = {
        Workspace.of(tmp_path, prefix, region).folder
        for prefix in ("bot-prod", "bot-dev")
        for region in ("us-east-1", "eu-west-1")
    }
    assert len(places) == 4


def test_the_copy_contains_the_module_and_neither_programs_nor_secrets(
    workspace: Workspace, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(INFRA, source, ignore=shutil.ignore_patterns("tests", ".terraform*"))
    (source / "aws.tfvars").write_text('region = "us-east-1"')
    (source / "terraform.tfstate").write_text("{}")
    workspace.copy_module(source, None)
    names = {path.name for path in workspace.module.rglob("*")}
    assert {"variables.tf", "modules", "state_machines"} <= names
    assert not {name for name in names if name.endswith((".py", ".toml", ".tfvars", ".tfstate"))}


def test_a_renamed_file_does_not_stay_in_the_copy(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "old.tf").touch()
    workspace.copy_module(source, None)
    (source / "old.tf").rename(source / "new.tf")
    workspace.copy_module(source, None)
    assert not (workspace.module / "old.tf").exists()
    assert (workspace.module / "new.tf").exists()


def test_variables_are_read_without_a_provider(workspace: Workspace) -> None:
    program = terraform.find(Layout.of_this_checkout().cache)
    assert program
    workspace.copy_variables(INFRA)
    module = Terraform(program, workspace.module, workspace.data)
    module.initialise()
    found = variables.evaluate(
        module, {"target": "aws", **variables.PLACEHOLDERS}, INFRA / "variables.tf"
    )
    assert found["project"] == "discord-diffusion"
    assert not list(workspace.folder.rglob("terraform-provider-*"))


def test_the_state_is_local_unless_a_backend_is_named(workspace: Workspace) -> None:
    workspace.copy_module(INFRA, None)
    local = json.loads((workspace.module / "backend.tf.json").read_text())
    assert local["terraform"]["backend"]["local"]["path"] == str(workspace.state)
    workspace.copy_module(INFRA, INFRA / "backend.hcl.example")
    remote = json.loads((workspace.module / "backend.tf.json").read_text())
    assert remote["terraform"]["backend"] == {"s3": {}}


def test_a_second_command_on_one_deployment_is_refused(workspace: Workspace) -> None:
    with (
        workspace.locked(),
        pytest.raises(InputError, match="Another command"),
        Workspace(workspace.folder).locked(),
    ):
        pytest.fail("it was not refused")


@pytest.mark.parametrize("words", [["--skip-image"], ["--image", "registry.example/worker:1"]])
def test_image_and_skip_image_need_each_other(words: list[str]) -> None:
    ended = CliRunner().invoke(app, ["plan", *words])
    assert isinstance(ended.exception, InputError)


def test_costs_are_shown_item_by_item() -> None:
    ended = CliRunner().invoke(app, ["costs", "--maximum-tasks", "3"])
    assert ended.exit_code == 0
    assert "3 instances, on demand" in ended.stdout
    assert "high-resolution alarms" in ended.stdout
