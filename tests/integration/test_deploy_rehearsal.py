"""The deployment of target `aws`, from a new account to none, against emulator and stand-in.

The tests follow one deployment through its life, in the order of the file.
"""

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulation.rig import rehearsal as rehearsing
from emulation.rig.emulator_client import rights_report
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.waiting import wait_until
from tests import rehearsals
from tests.integration import rights
from tests.messages import text_of
from tests.rehearsals import (
    PREFIX,
    Rehearsal,
    wait_for,
    words_and_environments,
    words_of,
)
from toolchain.terraform import REATTACH_VARIABLE

PARAMETER = f"/{PREFIX}/discord-bot-token"
BUCKET = "states"
STATE = "discord-diffusion/prod.tfstate"
LOCK = f"{STATE}.tflock"
# The description of a command in one version and in the next.
FIRST, SECOND = "Your place in the queue", "Where you are"


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A new account and a new Discord for all tests of this module."""
    with rehearsals.begun(tmp_path_factory.mktemp("rehearsal")) as begun:
        yield begun
        assert rights_report(begun.state.aws_endpoint).denials == []


@pytest.fixture(scope="module")
def first_version() -> dict[str, Any]:
    """The functions and commands of the first version, once they are known."""
    return {}


def token_of(rehearsal: Rehearsal) -> str:
    return rehearsal.environment["DISCORD_BOT_TOKEN"]


def test_an_account_and_a_token_that_do_not_do_are_refused_with_remedies(
    rehearsal: Rehearsal,
) -> None:
    rehearsal.set_variables(network={}, fleet={"maximum_tasks": 2})
    wrong = "not-a-token-of-anybody"
    ended = rehearsal.typed("make plan-aws", DISCORD_BOT_TOKEN=wrong)
    assert ended.returncode == 1
    for code in ("L-3819A6DF", "L-DB2E81BA"):
        assert f"--quota-code {code} --desired-value 8" in ended.stdout
    assert "no subnet tagged Tier=Public" in ended.stdout
    assert re.search(r"✗ Discord application: .*401", ended.stdout)
    assert wrong not in ended.stdout + ended.stderr
    assert "Nothing was changed" in ended.stderr
    assert "QueueUrls" not in rehearsal.client("sqs").list_queues()
    assert rehearsal.application()["interactions_endpoint_url"] is None


def test_an_interrupted_deployment_loses_nothing_and_shows_no_token(
    rehearsal: Rehearsal,
) -> None:
    rehearsing.request_quotas(rehearsal.state)
    rehearsal.set_variables(network={"create_vpc": True}, fleet={"maximum_tasks": 0})
    process = rehearsal.start("deploy", "--yes")
    seen: list[tuple[str, str]] = []

    def it_has_begun_to_apply() -> bool:
        seen.extend(words_and_environments(process))
        applies = any(" apply -json" in words for words, _ in seen)
        return applies and "QueueUrls" in rehearsal.client("sqs").list_queues()

    # Terraform that is interrupted earlier makes nothing, so that nothing could be lost.
    wait_for(it_has_begun_to_apply, process)
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does
    assert process.wait(timeout=200) != 0
    assert not [words for words, env in seen if token_of(rehearsal) in words + env]
    assert rehearsal.client("sqs").list_queues()["QueueUrls"]
    assert rehearsal.application()["interactions_endpoint_url"] is None

    resumed = rehearsal.typed('make deploy-aws ARGS="--yes"')
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "Terraform: 0 to make, 0 to change, 0 to remove" in resumed.stdout


def test_discord_sends_signed_commands_to_the_deployed_endpoint(rehearsal: Rehearsal) -> None:
    url = rehearsal.application()["interactions_endpoint_url"]
    assert url.startswith(rehearsal.state.aws_endpoint)
    assert "imagine" in [command["name"] for command in rehearsal.commands()]
    discord = StandInClient(rehearsal.state.discord_url)
    interaction = discord.send("imagine", {"prompt": "a red circle"})
    assert "red circle" in str(discord.interaction(interaction))
    answered = discord.interaction(discord.send("help", {}))
    assert re.search(r"</imagine:\d+> — ", text_of(answered["message"]))


def test_the_token_is_stored_in_ssm_and_nowhere_else(rehearsal: Rehearsal) -> None:
    token = token_of(rehearsal)
    assert any(path.suffix == ".zip" for path in rehearsal.deployments.rglob("*"))
    kept = rehearsal.client("ssm").get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]
    assert (kept["Type"], kept["Value"]) == ("SecureString", token)

    written = [path for path in rehearsal.deployments.rglob("*") if path.is_file()]
    assert any(path.name == "terraform.tfstate" for path in written)
    holding = [path for path in [*written, *_logs(rehearsal)] if _holds(path, token.encode())]
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


def _holds(path: Path, text: bytes) -> bool:
    """Whether a file, or a member of an archive, such as a plan or a package, contains a text."""
    if not zipfile.is_zipfile(path):
        return text in path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return any(text in archive.read(name) for name in archive.namelist())


def _task_definition(rehearsal: Rehearsal) -> dict[str, Any]:
    found: Any = rehearsal.client("ecs").describe_task_definition(taskDefinition=f"{PREFIX}-worker")
    return dict(found["taskDefinition"])


def _policies(rehearsal: Rehearsal, role: str) -> list[object]:
    iam = rehearsal.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return [iam.get_role_policy(RoleName=role, PolicyName=name) for name in names]


def test_the_registry_lists_images_and_issues_a_login(rehearsal: Rehearsal) -> None:
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


def test_the_printed_command_moves_the_state_to_s3(rehearsal: Rehearsal) -> None:
    rehearsal.client("s3").create_bucket(Bucket=BUCKET)
    example = (rehearsals.LAYOUT.infra / "backend.hcl.example").read_text()
    backend = rehearsal.checkout / "infra" / "backend.hcl"
    # The emulator's buckets are part of the path, not of the host's name.
    backend.write_text(example.replace("my-terraform-states", BUCKET) + "use_path_style = true\n")

    refused = rehearsal.typed('make deploy-aws ARGS="--backend-config infra/backend.hcl"')
    assert refused.returncode == 1
    assert f"{PREFIX} is taken" in refused.stdout, "without its state its resources are not its own"
    rehearsal.environment["DEPLOY_BACKEND_CONFIG"] = str(backend)
    [command] = re.findall(r"once: `(TF_DATA_DIR=.*)`", refused.stdout)
    moved = subprocess.run(
        ["/bin/sh", "-c", command],
        env=rehearsal.shell(**{REATTACH_VARIABLE: None}),
        input="yes\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert "aws_sqs_queue" in _bucket(rehearsal)[STATE]


def _bucket(rehearsal: Rehearsal) -> dict[str, str]:
    """The objects in the bucket of the state, by key."""
    s3 = rehearsal.client("s3")
    return {
        key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
        for key in _keys(rehearsal)
    }


def _keys(rehearsal: Rehearsal) -> list[str]:
    """The keys alone: the lock of a deployment that runs may be gone before it is read."""
    found = rehearsal.client("s3").list_objects_v2(Bucket=BUCKET)
    return [one["Key"] for one in found.get("Contents", [])]


def test_a_second_deployment_needs_no_token_and_updates_only_what_changed(
    rehearsal: Rehearsal, first_version: dict[str, Any]
) -> None:
    _rename_queue(rehearsal, to=SECOND, instead_of=FIRST)
    before, commands = _code(rehearsal), _by_name(rehearsal)
    first_version.update(code=before, commands=_definitions(commands))
    process = rehearsal.start("deploy", "--yes", DISCORD_BOT_TOKEN=None)
    wait_for(lambda: LOCK in _keys(rehearsal), process)
    told, _ = process.communicate()
    assert process.returncode == 0, told
    assert re.search(r"Terraform: 0 to make, \d+ to change, 0 to remove", told)
    changed = set(re.findall(r"^  update +(\S+)", told, re.MULTILINE))
    assert changed
    assert {address.rsplit(".", 2)[-2] for address in changed} == {"aws_lambda_function"}
    assert _code(rehearsal) != before

    now = _by_name(rehearsal)
    assert {name: one["id"] for name, one in now.items()} == {
        name: one["id"] for name, one in commands.items()
    }
    assert [name for name, one in now.items() if one != commands[name]] == ["queue"]
    assert now["queue"]["version"] != commands["queue"]["version"]
    assert now["queue"]["description"].startswith(SECOND)


def _by_name(rehearsal: Rehearsal) -> dict[str, dict[str, Any]]:
    return {command["name"]: command for command in rehearsal.commands()}


def _definitions(commands: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Commands without the version that Discord gives each change."""
    return {
        name: {key: value for key, value in command.items() if key != "version"}
        for name, command in commands.items()
    }


def test_a_rollback_restores_the_older_version_with_a_new_token(
    rehearsal: Rehearsal, first_version: dict[str, Any]
) -> None:
    kept = {"Name": PARAMETER, "Type": "SecureString", "Overwrite": True}
    rehearsal.client("ssm").put_parameter(**kept, Value="a-token-that-ended")
    _rename_queue(rehearsal, to=FIRST, instead_of=SECOND)
    rehearsal.set_variables(limits={"user_units_per_day": 12345})
    ended = rehearsal.typed("make deploy-aws")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "remove" not in set(re.findall(r"^  (\w+) +\S+$", ended.stdout, re.MULTILINE))
    assert _code(rehearsal) == first_version["code"]
    assert _definitions(_by_name(rehearsal)) == first_version["commands"]
    assert _configuration(rehearsal)["Environment"]["Variables"]["USER_UNITS_PER_DAY"] == "12345"
    found = rehearsal.client("ssm").get_parameter(Name=PARAMETER, WithDecryption=True)
    assert found["Parameter"]["Value"] == token_of(rehearsal)


def _rename_queue(rehearsal: Rehearsal, to: str, instead_of: str) -> None:
    """Change a command's definition in the checkout."""
    texts = rehearsal.checkout / "src/discord_diffusion/texts/locales/commands/en.json"
    assert instead_of in texts.read_text()
    texts.write_text(texts.read_text().replace(instead_of, to))


def test_the_state_in_s3_contains_no_token_and_no_lock(rehearsal: Rehearsal) -> None:
    kept = _bucket(rehearsal)
    assert list(kept) == [STATE]
    assert token_of(rehearsal) not in kept[STATE]


def _code(rehearsal: Rehearsal) -> str:
    return str(_configuration(rehearsal)["CodeSha256"])


def _configuration(rehearsal: Rehearsal) -> dict[str, Any]:
    found = rehearsal.client("lambda").get_function(FunctionName=f"{PREFIX}-interactions")
    return dict(found["Configuration"])


def test_a_deployment_is_diagnosed_and_collected_into_one_file_without_a_secret(
    rehearsal: Rehearsal,
) -> None:
    # On a busy machine the loop's function may have been late: its alarm ends by itself.
    alarms = rehearsal.client("cloudwatch")

    def looked_without_alarm() -> subprocess.CompletedProcess[str] | None:
        ended = rehearsal.typed('make deploy-aws ARGS="diagnose"')
        on = alarms.describe_alarms(StateValue="ALARM")["MetricAlarms"]
        return None if ended.returncode and (on or "alarms:" in ended.stdout) else ended

    looked = wait_until(looked_without_alarm, "no alarm is on")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert "✓ service: 0 tasks wanted, 0 running" in looked.stdout
    assert "→ `make deploy-aws` offers to make them" not in looked.stdout, "they were made"
    collected = rehearsal.typed('make deploy-aws ARGS="collect"')
    assert collected.returncode == 0, collected.stdout + collected.stderr
    [path] = rehearsal.deployments.rglob("collected/*.zip")
    assert str(path) in collected.stdout.replace("\n", "")
    assert _holds(path, b"completed"), "what a file says can be looked for"
    assert not _holds(path, token_of(rehearsal).encode())


def test_another_account_is_refused_by_name(rehearsal: Rehearsal) -> None:
    ended = rehearsal.run("preflight", AWS_ACCESS_KEY_ID="111111111111")
    assert ended.returncode == 1
    assert "account 111111111111, this deployment is in account 000000000000" in ended.stdout


def test_a_dry_run_of_another_environment_shows_plan_and_costs_and_changes_nothing(
    rehearsal: Rehearsal,
) -> None:
    queues, commands = rehearsal.client("sqs").list_queues()["QueueUrls"], rehearsal.commands()
    # With a provider that Terraform starts, as against AWS: it gets no token either.
    alone = {"DEPLOY_BACKEND_CONFIG": None, REATTACH_VARIABLE: None}
    typed = words_of('make plan-aws ARGS="--environment staging"')
    process = rehearsal.start(*typed, **alone)
    seen: list[tuple[str, str]] = []

    def a_provider_runs() -> bool:
        seen.extend(words_and_environments(process))
        return any("terraform-provider-aws" in words for words, _ in seen)

    wait_for(a_provider_runs, process)
    told, _ = process.communicate()
    assert process.returncode == 0, told
    assert not [words for words, env in seen if token_of(rehearsal) in words + env]
    assert "discord-diffusion-staging is free" in told
    assert re.search(r"a month in which nobody asks +\d+\.\d\d", told)
    assert re.search(r"Terraform: \d+ to make, 0 to change, 0 to remove", told)
    [plan] = rehearsal.deployments.rglob("*.tfplan")
    assert _holds(plan, b"DISCORD_PUBLIC_KEY"), "what a plan says can be looked for"
    assert not _holds(plan, token_of(rehearsal).encode())
    assert rehearsal.client("sqs").list_queues()["QueueUrls"] == queues
    assert rehearsal.commands() == commands


def test_the_rights_that_services_ask_for_at_the_deployment_are_used(rehearsal: Rehearsal) -> None:
    rights.assert_used(__name__, rehearsal.state, PREFIX)
    assert rights_report(rehearsal.state.aws_endpoint).denials == []


def test_a_removed_deployment_leaves_nothing(rehearsal: Rehearsal) -> None:
    ended = rehearsal.typed("make destroy-aws", DISCORD_BOT_TOKEN=None)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Nothing of it is left at AWS" in ended.stdout
    assert "QueueUrls" not in rehearsal.client("sqs").list_queues()
    assert rehearsal.client("lambda").list_functions()["Functions"] == []
    assert _own_parameters(rehearsal) == []
    assert rehearsal.commands() == []
    assert rehearsal.application()["interactions_endpoint_url"] is None
    assert not any(path.name.startswith(PREFIX) for path in rehearsal.deployments.iterdir())
    assert "the state, now empty" in ended.stdout
    assert list(_bucket(rehearsal)) == [STATE]
    assert json.loads(_bucket(rehearsal)[STATE])["resources"] == []


def _own_parameters(rehearsal: Rehearsal) -> list[str]:
    """The emulator lists AWS's public parameters too."""
    found = rehearsal.client("ssm").get_paginator("describe_parameters").paginate()
    names = [str(one["Name"]) for page in found for one in page["Parameters"]]
    return [name for name in names if not name.startswith("/aws/service/")]
