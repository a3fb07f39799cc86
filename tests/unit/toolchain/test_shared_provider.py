"""One process of the provider serves several runs of Terraform, and ends with its user."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from emulation.rig.waiting import wait_until
from toolchain import terraform
from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.shared_provider import shared_provider
from toolchain.terraform import REATTACH_VARIABLE

LAYOUT = Layout.of_this_checkout()


@pytest.fixture(autouse=True)
def _nothing_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REATTACH_VARIABLE, raising=False)


def provider_of(variables: dict[str, str]) -> int:
    [address] = json.loads(variables[REATTACH_VARIABLE]).values()
    return int(address["Pid"])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_terraform_uses_the_process_that_runs(tmp_path: Path) -> None:
    """Nothing is initialised, so that Terraform would find no other provider."""
    program = terraform.find(LAYOUT.cache)
    (tmp_path / "main.tf").write_text('provider "aws" {}\n')
    with shared_provider(LAYOUT) as variables:
        provider = provider_of(variables)
        for _ in range(2):
            checked = subprocess.run(
                [str(program), f"-chdir={tmp_path}", "validate", "-json"],
                env=terraform.environment() | variables,
                capture_output=True,
                check=True,
            )
            assert json.loads(checked.stdout)["valid"]
            assert is_alive(provider)
    assert not is_alive(provider)


def test_the_provider_ends_when_its_user_is_killed() -> None:
    script = (
        "import time\nfrom toolchain.shared_provider import *\n"
        "with shared_provider(Layout.of_this_checkout()) as variables:\n"
        "    print(variables[REATTACH_VARIABLE], flush=True); time.sleep(300)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=LAYOUT.root, stdout=subprocess.PIPE, text=True
    ) as user:
        assert user.stdout
        provider = provider_of({REATTACH_VARIABLE: user.stdout.readline()})
        user.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_alive(provider), "the provider has ended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_provider_ends_when_the_process_between_is_killed(number: signal.Signals) -> None:
    if number is signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells a process of its parent's end")
    with shared_provider(LAYOUT) as variables:
        provider = provider_of(variables)
        between = psutil.Process(provider).parent()
        assert between
        assert between.ppid() == os.getpid()
        between.send_signal(number)
        wait_until(lambda: not is_alive(provider), "the provider has ended")


def test_a_provider_named_by_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REATTACH_VARIABLE, "{}")
    with shared_provider(LAYOUT) as variables:
        assert variables == {}


def test_a_provider_with_an_environment_of_its_own_knows_an_emulator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(REATTACH_VARIABLE, "{}")
    environment = {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    with shared_provider(LAYOUT, environment) as variables:
        provider = psutil.Process(provider_of(variables))
        assert provider.environ()["AWS_ENDPOINT_URL"] == environment["AWS_ENDPOINT_URL"]
        assert provider.environ()["GOGC"] == "400", "as where Terraform starts it"
        assert "HOME" not in provider.environ()
    assert not provider.is_running()


def test_a_provider_that_would_call_aws_is_not_shared() -> None:
    with (
        pytest.raises(SetupError, match="AWS_ENDPOINT_URL"),
        shared_provider(LAYOUT, {"AWS_REGION": "us-east-1"}),
    ):
        pass


def test_the_error_without_a_provider_names_the_set_up(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="make setup"), shared_provider(Layout(tmp_path)):
        pass
