"""A rehearsal of a deployment: an account, a Discord and a checkout that a test may change."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil

from emulation.rig import rehearsal
from emulation.rig.emulator_client import client_options
from emulation.rig.host import stack as host
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import StackState, StateFolder
from emulation.rig.waiting import wait_until
from tests import forked_programs
from toolchain.layout import Layout
from toolchain.shared_provider import shared_provider
from toolchain.terraform import REATTACH_VARIABLE

LAYOUT = Layout.of_this_checkout()
PREFIX = "discord-diffusion-rehearsal"
_COPIED = ("docker", "emulation", "fixtures", "infra", "requirements", "src", "toolchain")
_PATIENCE_SECONDS = 120.0


def copy_of_checkout(folder: Path) -> Path:
    """The sources alone; what was set up is shared with the real checkout."""
    ignored = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.egg-info", ".terraform*")
    for name in _COPIED:
        shutil.copytree(LAYOUT.root / name, folder / name, ignore=ignored)
    (folder / ".cache").symlink_to(LAYOUT.cache)
    return folder


def words_of(command: str) -> list[str]:
    """The words after `python -m infra.deploy` that `make TARGET ARGS="..."` stands for."""
    typed = re.fullmatch(r'make ([a-z-]+)(?: ARGS="([^"]*)")?', command)
    assert typed, command
    makefile = (LAYOUT.root / "Makefile").read_text()
    recipe = re.search(
        rf"^{typed[1]}:.*\n\t@\$\(VENV\)/python -m infra\.deploy (.*) \$\(ARGS\)$", makefile, re.M
    )
    assert recipe, command
    return [*shlex.split(recipe[1]), *shlex.split(typed[2] or "")]


@dataclass(frozen=True)
class Rehearsal:
    """An emulated account and a local Discord, with the environment of a deployment to them."""

    state: StackState
    folder: StateFolder
    checkout: Path
    environment: dict[str, str] = field(repr=False)

    @property
    def deployments(self) -> Path:
        """Where the deploy step keeps what it knows."""
        return Path(self.environment["DEPLOY_STATE_DIR"])

    @property
    def discord(self) -> StandInClient:
        """The stand-in's control API."""
        return StandInClient(self.state.discord_url)

    def client(self, service: str) -> Any:
        """A client of a service of the account."""
        return boto3.client(service, **client_options(self.state))  # type: ignore[call-overload]

    def run(self, *words: str, **changed: str | None) -> subprocess.CompletedProcess[str]:
        """`python -m infra.deploy ...` to its end, with changes to the environment."""
        return self._run(words, "", changed)

    def typed(self, command: str, **changed: str | None) -> subprocess.CompletedProcess[str]:
        """What a person types, by the Makefile's own recipe; every question is answered: yes."""
        return self._run(words_of(command), "y\n" * 6, changed)

    def start(self, *words: str, **changed: str | None) -> subprocess.Popen[str]:
        """The same in the background, in a session of its own, as a shell starts a job."""
        return subprocess.Popen(
            # Whatever the suite itself was started by: a background job's interrupts are ignored.
            [
                *("env", "--default-signal=INT"),
                *(sys.executable, "-m", "infra.deploy", *words),
            ],
            env=self.shell(**changed),
            cwd=self.checkout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def workspace(self) -> Path:
        """The folder of the only deployment."""
        found = [one for one in self.deployments.iterdir() if not one.name.startswith(".")]
        assert len(found) == 1, found
        return found[0]

    def application(self) -> dict[str, Any]:
        """The application, as Discord shows it."""
        return self._discord("/applications/@me")

    def commands(self) -> list[dict[str, Any]]:
        """The application's commands everywhere."""
        found: Any = self._discord(f"/applications/{self.application()['id']}/commands")
        return list(found)

    def set_variables(self, **values: Any) -> None:
        """Change the person's variable file."""
        path = Path(self.environment["DEPLOY_VAR_FILE"])
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    def _discord(self, path: str) -> dict[str, Any]:
        token = self.environment["DISCORD_BOT_TOKEN"]
        headers = {"Authorization": f"Bot {token}", "User-Agent": "DiscordBot (test, 1)"}
        answer = httpx.get(self.state.discord_api_url + path, headers=headers, trust_env=False)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def _run(
        self, words: Sequence[str], stdin: str, changed: Mapping[str, str | None]
    ) -> subprocess.CompletedProcess[str]:
        command = ("infra.deploy", *words)
        return forked_programs.run(command, self.shell(**changed), self.checkout, stdin)

    def shell(self, **changed: str | None) -> dict[str, str]:
        """The whole environment of the person's shell, with changes.

        The provider that other tests share knows no setting of AWS; a rehearsal has one of its own.
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "TF_VAR_", "DEPLOY_", "DISCORD_", REATTACH_VARIABLE))
        }
        wanted = {**kept, **self.environment, **changed}
        wanted["PYTHONPATH"] = os.pathsep.join((str(self.checkout / "src"), str(self.checkout)))
        return {name: value for name, value in wanted.items() if value}


@contextmanager
def begun(folder: Path) -> Iterator[Rehearsal]:
    """Account and Discord, and a provider of Terraform that all runs in this account share.

    No quota is requested and nothing is deployed yet.
    """
    from emulation.rig.options import FleetOptions, StackOptions
    from tests.stack import ANSWER_SECONDS
    from tests.targets import EMULATOR

    place = StateFolder(folder / "stack")
    options = StackOptions(
        aws_port=0,
        discord_port=0,
        # At AWS's own pace: nothing here waits for the scaling loop.
        fleet=FleetOptions(minimum_tasks=0, maximum_tasks=0, speed=1),
        answer_seconds=ANSWER_SECONDS,
        enforces_iam=True,
        emulator=EMULATOR,
    )
    state = rehearsal.start(LAYOUT, place, options)
    try:
        checkout = copy_of_checkout(folder / "checkout")
        file = folder / "rehearsal.tfvars.json"
        # Paused: what is rehearsed here is the deployment, not the drawing.
        file.write_text(json.dumps({**rehearsal.variables(LAYOUT), "fleet": {"maximum_tasks": 0}}))
        environment = rehearsal.environment(place, state, file)
        alone = Rehearsal(state, place, checkout, environment)
        # The package has a path from the copy of the module, which each deployment makes anew.
        beside_module = alone.deployments / f"{PREFIX}-{state.region}" / "provider"
        beside_module.mkdir(parents=True)
        shell = alone.shell(DISCORD_BOT_TOKEN=None)
        with shared_provider(LAYOUT, shell, beside_module) as provider:
            yield replace(alone, environment=environment | provider)
    finally:
        host.stop(place)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Return once a condition holds, as long as the process lives."""

    def holds() -> bool:
        if condition():
            return True
        assert process.poll() is None, process.stdout.read() if process.stdout else ""
        return False

    wait_until(holds, "what the rehearsal waits for", _PATIENCE_SECONDS)


def words_and_environments(process: subprocess.Popen[str]) -> list[tuple[str, str]]:
    """The command line and the environment of each program that a process has started: what other
    users of the machine can see of it, and what its owner can see."""
    own = _words_and_environment(psutil.Process(process.pid))
    started = (
        _words_and_environment(one) for one in psutil.Process(process.pid).children(recursive=True)
    )
    # Between fork and exec a child shows the words of its parent.
    return [seen for seen in started if seen != own]


def _words_and_environment(process: psutil.Process) -> tuple[str, str]:
    try:
        return " ".join(process.cmdline()), repr(process.environ())
    except psutil.Error:
        return "", ""
