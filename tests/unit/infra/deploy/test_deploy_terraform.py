"""Terraform of a deployment: against AWS it starts its provider itself, always. What it made before
it failed is kept."""

import json
import sys
from pathlib import Path

import pytest

from infra.deploy.errors import TerraformError
from infra.deploy.plan import TAINTED
from infra.deploy.terraform import Terraform
from toolchain import terraform as terraform_program
from toolchain.layout import Layout
from toolchain.terraform import REATTACH_VARIABLE

# Appends its command and its environment to a file, and answers as an empty state would.
PROGRAM = f"""#!{sys.executable}
import json, os, pathlib, sys
log = pathlib.Path(__file__).parent / "calls"
with log.open("a") as file:
    file.write(json.dumps([sys.argv[2], dict(os.environ)]) + "\\n")
print("{{}}")
"""
EMULATOR = "http://127.0.0.1:4566"
QUEUES = "AWS_ENDPOINT_URL_SQS"
IGNORED = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"


def environments(folder: Path) -> dict[str, dict[str, str]]:
    """The environment of each command that Terraform was run with."""
    program = folder / "terraform"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    terraform = Terraform(program, folder, folder)
    terraform.initialise()
    plan = terraform.plan(folder / "plan", progress=lambda _: None)
    terraform.apply(folder / "plan", plan.steps, lambda _: None)
    terraform.outputs()
    terraform.resources()
    return dict(json.loads(line) for line in (folder / "calls").read_text().splitlines())


@pytest.fixture(autouse=True)
def _a_provider_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", QUEUES, IGNORED):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(REATTACH_VARIABLE, "{}")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {QUEUES: EMULATOR},
        {"AWS_ENDPOINT_URL": ""},
        {"AWS_ENDPOINT_URL": "https://sts.us-east-1.amazonaws.com"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1.example.com:4566"},
        {"AWS_ENDPOINT_URL": EMULATOR, QUEUES: "https://sqs.us-east-1.amazonaws.com"},
        {"AWS_ENDPOINT_URL": EMULATOR, IGNORED: "TRUE"},
    ],
)
def test_a_deployment_to_aws_never_uses_a_provider_that_runs_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = environments(tmp_path)
    assert found.keys() == {"init", "plan", "apply", "output", "state"}
    assert not [command for command, env in found.items() if REATTACH_VARIABLE in env]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "[::1]", "localhost"])
def test_a_rehearsal_uses_the_provider_that_runs_but_not_to_initialise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:4566")
    found = environments(tmp_path)
    assert {command for command, env in found.items() if REATTACH_VARIABLE not in env} == {"init"}


# The second resource cannot be made until there is a file `allowed`.
REFUSED = """
resource "terraform_data" "made" {
  input = "made"
}

resource "terraform_data" "refused" {
  input = terraform_data.made.output

  provisioner "local-exec" {
    command = "test -e ${path.module}/allowed"
  }
}
"""


def test_a_failed_apply_names_the_resource_and_keeps_what_it_made(tmp_path: Path) -> None:
    program = terraform_program.find(Layout.of_this_checkout().cache)
    assert program
    (tmp_path / "main.tf").write_text(REFUSED)
    terraform = Terraform(program, tmp_path, tmp_path / "data")
    plan, progress = tmp_path / "plan", list[str]()
    terraform.initialise()
    assert terraform.plan(plan, progress=progress.append).steps == 2
    with pytest.raises(TerraformError) as failed:
        terraform.apply(plan, 2, progress.append)
    assert "terraform_data.refused" in str(failed.value)
    assert progress == ["1 of 2: terraform_data.made"]
    (tmp_path / "allowed").touch()
    again = terraform.plan(plan, progress=lambda _: None)
    assert [(one.address, one.reason) for one in again.changes] == [
        ("terraform_data.refused", TAINTED)
    ]
    terraform.apply(plan, again.steps, progress.append)
    assert not terraform.plan(plan, progress=lambda _: None).changes
