"""The deployment of target `aws`, from a new account to none, against emulator and stand-in.

The tests follow one deployment through its life, in the order of the file.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from emulation.stack import down
from emulation.stand_in import StandIn
from infra.deploy import rehearsal as rehearsing
from tests import rehearsals
from tests.rehearsals import Rehearsal, family_of, wait_for

PREFIX = "discord-diffusion-rehearsal"
PARAMETER = f"/{PREFIX}/discord-bot-token"


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A new account and a new Discord for the whole story."""
    begun = rehearsals.begin(tmp_path_factory.mktemp("rehearsal"))
    yield begun
    down.stop(begun.folder)


def token_of(rehearsal: Rehearsal) -> str:
    return rehearsal.environment["DISCORD_BOT_TOKEN"]


def test_a_new_account_is_told_what_it_lacks_and_nothing_is_made(rehearsal: Rehearsal) -> None:
    rehearsal.set_variables(network={}, fleet={"maximum_tasks": 2})
    ended = rehearsal.run("deploy", "--yes")
    assert ended.returncode == 1
    for code in ("L-3819A6DF", "L-DB2E81BA"):
        assert f"--quota-code {code} --desired-value 8" in ended.stdout
    assert "no subnet tagged Tier=Public" in ended.stdout
    assert "Nothing was changed" in ended.stderr
    assert "QueueUrls" not in rehearsal.client("sqs").list_queues()
    assert rehearsal.application()["interactions_endpoint_url"] is None


def test_a_wrong_token_is_told_and_not_shown(rehearsal: Rehearsal) -> None:
    rehearsing.ask_for_quotas(rehearsal.state)
    rehearsal.set_variables(network={"create_vpc": True}, fleet={"maximum_tasks": 0})
    ended = rehearsal.run("preflight", DISCORD_BOT_TOKEN="not-a-token-of-anybody")
    assert ended.returncode == 1
    assert "Discord application" in ended.stdout
    assert "401" in ended.stdout
    assert "not-a-token-of-anybody" not in ended.stdout + ended.stderr


def test_a_dry_run_shows_plan_and_costs_and_changes_nothing(rehearsal: Rehearsal) -> None:
    ended = rehearsal.run("deploy", "--dry-run")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"a month in which nobody asks +\d+\.\d\d", ended.stdout)
    assert re.search(r"Terraform: \d+ to make, 0 to change, 0 to remove", ended.stdout)
    assert "QueueUrls" not in rehearsal.client("sqs").list_queues()
    assert rehearsal.commands() == []


def test_a_failure_in_the_middle_is_told_and_the_rest_is_there(rehearsal: Rehearsal) -> None:
    budget = {"BudgetName": PREFIX, "TimeUnit": "MONTHLY", "BudgetType": "COST"}
    account = {"AccountId": "000000000000"}
    budgets = rehearsal.client("budgets")
    budgets.create_budget(
        **account, Budget={**budget, "BudgetLimit": {"Amount": "1", "Unit": "USD"}}
    )
    failed = rehearsal.run("deploy", "--yes")
    assert failed.returncode == 1
    assert "aws_budgets_budget" in failed.stderr
    assert rehearsal.client("sqs").list_queues()["QueueUrls"]
    assert rehearsal.application()["interactions_endpoint_url"] is None
    budgets.delete_budget(**account, BudgetName=PREFIX)


def test_an_interrupted_deployment_hides_the_token_and_loses_nothing(rehearsal: Rehearsal) -> None:
    process = rehearsal.start("deploy", "--yes")
    seen: list[tuple[str, str]] = []

    def it_applies() -> bool:
        seen.extend(_seen(process))
        return any(" apply -json" in words for words, _ in seen)

    wait_for(it_applies, process)
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does
    assert process.wait(timeout=200) != 0
    assert not [words for words, env in seen if token_of(rehearsal) in words + env]
    assert rehearsal.application()["interactions_endpoint_url"] is None

    resumed = rehearsal.run("deploy", "--yes")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "Terraform: 0 to make, 0 to change, 0 to remove" in resumed.stdout


def _seen(process: subprocess.Popen[str]) -> list[tuple[str, str]]:
    seen = [_seen_of(one) for one in family_of(process)]
    # A child that has not begun its program yet is still a copy of the deployment itself.
    return [(words, env) for words, env in seen if " -m infra.deploy " not in words]


def _seen_of(process: psutil.Process) -> tuple[str, str]:
    """What everybody may see of a process: its words, and to its owner its environment."""
    try:
        return " ".join(process.cmdline()), repr(process.environ())
    except psutil.Error:
        return "", ""


def test_discord_sends_signed_commands_to_what_was_deployed(rehearsal: Rehearsal) -> None:
    url = rehearsal.application()["interactions_endpoint_url"]
    assert url.startswith(rehearsal.state.aws_endpoint)
    assert "imagine" in [command["name"] for command in rehearsal.commands()]
    discord = StandIn(rehearsal.state.discord_url)
    interaction = discord.send("imagine", {"prompt": "a red circle"})
    assert "red circle" in str(discord.interaction(interaction))


def test_the_token_is_kept_for_the_next_deployment_and_nowhere_else(rehearsal: Rehearsal) -> None:
    token = token_of(rehearsal)
    kept = rehearsal.client("ssm").get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]
    assert (kept["Type"], kept["Value"]) == ("SecureString", token)

    written = [path for path in rehearsal.deployments.rglob("*") if path.is_file()]
    assert any(path.name == "terraform.tfstate" for path in written)
    holding = [path for path in [*written, *_logs(rehearsal)] if _holds(path, token)]
    assert holding == []

    functions = rehearsal.client("lambda").list_functions()["Functions"]
    assert len(functions) >= 4
    assert token not in repr(functions)
    assert token not in repr(_task_definition(rehearsal))
    roles = rehearsal.client("iam").list_roles()["Roles"]
    policies = [_policies(rehearsal, role["RoleName"]) for role in roles]
    assert "ssm:GetParameter" not in repr(policies)


def _logs(rehearsal: Rehearsal) -> list[Path]:
    return list(rehearsal.folder.logs.glob("*.log"))


def _holds(path: Path, text: str) -> bool:
    return text.encode() in path.read_bytes()


def _task_definition(rehearsal: Rehearsal) -> object:
    found = rehearsal.client("ecs").describe_task_definition(taskDefinition=f"{PREFIX}-worker")
    return found["taskDefinition"]


def _policies(rehearsal: Rehearsal, role: str) -> list[object]:
    iam = rehearsal.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return [iam.get_role_policy(RoleName=role, PolicyName=name) for name in names]


def test_the_accounts_registry_says_what_it_has_and_how_to_log_in(rehearsal: Rehearsal) -> None:
    made = subprocess.run(
        [sys.executable, "-c", _ASK_REGISTRY],
        env=rehearsal.shell(),
        cwd=rehearsal.checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.stdout.split() == ["AWS", "False", "False"], made.stderr


_ASK_REGISTRY = f"""
from infra.deploy import image
from infra.deploy.aws import Aws
aws = Aws("us-east-1")
print(image.login(aws).user, image.is_pushed(aws, "{PREFIX}-worker", "content-1"), end=" ")
print(image.is_pushed(aws, "no-such-repository", "content-1"))
"""


def test_the_next_deployment_needs_no_token_and_changes_only_what_changed(
    rehearsal: Rehearsal,
) -> None:
    commands = rehearsal.checkout / "src/discord_diffusion/discord/commands.py"
    commands.write_text(commands.read_text() + "\n# changed\n")
    before, versions = _code(rehearsal), _versions(rehearsal)
    ended = rehearsal.run("deploy", "--yes", DISCORD_BOT_TOKEN=None)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"Terraform: 0 to make, \d+ to change, 0 to remove", ended.stdout)
    changed = set(re.findall(r"^  update +(\S+)", ended.stdout, re.MULTILINE))
    assert changed
    assert {address.rsplit(".", 2)[-2] for address in changed} == {"aws_lambda_function"}
    assert _code(rehearsal) != before
    assert _versions(rehearsal) == versions


def _versions(rehearsal: Rehearsal) -> list[str]:
    return [command["version"] for command in rehearsal.commands()]


def _code(rehearsal: Rehearsal) -> str:
    found = rehearsal.client("lambda").get_function(FunctionName=f"{PREFIX}-interactions")
    return str(found["Configuration"]["CodeSha256"])


def test_an_ami_with_the_workers_image_is_made_used_and_kept_while_it_is_used(
    rehearsal: Rehearsal,
) -> None:
    # Of AWS's public parameters the emulator knows those of Amazon Linux 2.
    base = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2/gpu/recommended/image_id"
    rehearsal.set_variables(fleet={"maximum_tasks": 0, "ami": base})
    process = rehearsal.start("ami", "make", "--yes")
    ec2 = rehearsal.client("ec2")
    wait_for(lambda: bool(_builders(ec2)), process)
    ec2.stop_instances(InstanceIds=_builders(ec2))  # as the builder's user data does
    told, _ = process.communicate(timeout=200)
    assert process.returncode == 0, told
    assert "dollars a month" in told
    [made] = re.findall(r'fleet = \{ ami = "(ami-\w+)" \}', told)
    assert _builders(ec2) == []

    rehearsal.set_variables(fleet={"maximum_tasks": 0, "ami": made})
    assert rehearsal.run("deploy", "--yes").returncode == 0
    assert "in use" in rehearsal.run("ami", "list").stdout
    assert rehearsal.run("ami", "remove").returncode == 0
    assert made in rehearsal.run("ami", "list").stdout


def _builders(ec2: Any) -> list[str]:
    """Instances that make an AMI, whether they run or have stopped."""
    states = {"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}
    named = {"Name": "tag:Name", "Values": [f"{PREFIX}-ami-builder"]}
    found = ec2.describe_instances(Filters=[states, named])["Reservations"]
    return [str(one["InstanceId"]) for group in found for one in group["Instances"]]


def test_names_that_somebody_else_has_are_told(rehearsal: Rehearsal, tmp_path: Path) -> None:
    ended = rehearsal.run("preflight", DEPLOY_STATE_DIR=str(tmp_path))
    assert ended.returncode == 1
    assert f"{PREFIX} is taken" in ended.stdout


def test_state_can_be_kept_in_s3(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.client("s3").create_bucket(Bucket="states")
    example = (rehearsals.LAYOUT.infra / "backend.hcl.example").read_text()
    backend = tmp_path / "backend.hcl"
    backend.write_text(
        re.sub(r'bucket *= *"[^"]*"', 'bucket = "states"', example) + "\nuse_path_style = true\n"
    )
    rehearsal.client("s3")
    ended = rehearsal.run(
        "preflight",
        "--backend-config",
        str(backend),
        DEPLOY_STATE_DIR=str(tmp_path),
        DEPLOY_ENVIRONMENT="elsewhere",
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_removed_deployment_leaves_nothing(rehearsal: Rehearsal) -> None:
    ended = rehearsal.run("destroy", "--yes", DISCORD_BOT_TOKEN=None)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Nothing of it is left at AWS" in ended.stdout
    assert "QueueUrls" not in rehearsal.client("sqs").list_queues()
    assert rehearsal.client("lambda").list_functions()["Functions"] == []
    assert rehearsal.client("ec2").describe_images(Owners=["self"])["Images"] == []
    assert _own_parameters(rehearsal) == []
    assert rehearsal.commands() == []
    assert rehearsal.application()["interactions_endpoint_url"] is None
    assert not any(path.name.startswith(PREFIX) for path in rehearsal.deployments.iterdir())


def _own_parameters(rehearsal: Rehearsal) -> list[str]:
    """The emulator lists AWS's public parameters too."""
    found = rehearsal.client("ssm").get_paginator("describe_parameters").paginate()
    names = [str(one["Name"]) for page in found for one in page["Parameters"]]
    return [name for name in names if not name.startswith("/aws/service/")]
