"""Runs Terraform on one copy of the root module, and reports its progress.

Terraform inherits the environment, for credentials and TF_VAR_ variables; the command line has
removed the secrets from it before.
"""

import itertools
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.deploy.errors import StoppedError, TerraformError
from infra.deploy.interrupts import Interrupts
from infra.deploy.plan import Plan
from toolchain import terraform as terraform_program
from toolchain.shared_provider import reaches_only_this_machine

_CHANGES = ("create", "update", "delete")

EnvironmentChanges = Callable[[], Mapping[str, str | None]]
"""What differs in the environment of each run; None takes a variable out."""


@dataclass(frozen=True)
class Terraform:
    """One root module with its data folder, variable files and the log of Terraform's output."""

    program: Path
    module: Path
    data: Path
    variable_files: tuple[Path, ...] = ()
    log: Path | None = None
    environment_changes: EnvironmentChanges = dict

    def evaluate(self, expression: str, values: dict[str, str]) -> Any:
        """The value of an expression over the variables, by `terraform console`.

        Raises:
            TerraformError: a variable is not valid; the text says which.
        """
        words = [*self._inputs(), *(f"-var={name}={value}" for name, value in values.items())]
        printed = self._run("console", *words, stdin=f"jsonencode({expression})\n")
        # Printed as Terraform writes a string: in quotes, with the template signs doubled.
        text = json.loads(printed.strip().splitlines()[-1])
        return json.loads(text.replace("$${", "${").replace("%%{", "%{"))

    def initialise(self, *options: str) -> None:
        """Run `terraform init`."""
        self._run("init", "-no-color", *options)

    def plan(self, out: Path, *options: str, progress: Callable[[str], None]) -> Plan:
        """Write a plan to the file `out`, for `apply`."""
        events: list[dict[str, Any]] = []

        def read(event: dict[str, Any]) -> None:
            events.append(event)
            if event.get("type") == "refresh_complete":
                progress(f"read {event['hook']['resource']['addr']}")

        self._follow(("plan", f"-out={out}", *options, *self._inputs()), read)
        return Plan.from_events(events)

    def apply(self, plan: Path, count: int, progress: Callable[[str], None]) -> None:
        """Carry out a plan of `count` changes."""
        done = itertools.count(1)

        def applied(event: dict[str, Any]) -> None:
            if event.get("type") == "apply_complete" and event["hook"]["action"] in _CHANGES:
                progress(f"{next(done)} of {count}: {event['hook']['resource']['addr']}")

        self._follow(("apply", str(plan)), applied)

    def outputs(self) -> dict[str, Any]:
        """The root module's outputs after the last apply, by name."""
        printed = json.loads(self._run("output", "-json"))
        return {name: output["value"] for name, output in printed.items()}

    def resources(self) -> list[str]:
        """Addresses of all resources in the state; none where there is no state."""
        ended = self._completed(("state", "list"))
        if ended.returncode != 0 and "No state file was found" in ended.stderr:
            return []
        return [line for line in self._checked(ended, "state list").splitlines() if line]

    def _inputs(self) -> tuple[str, ...]:
        return tuple(f"-var-file={path}" for path in self.variable_files)

    def _run(self, command: str, *options: str, stdin: str = "") -> str:
        return self._checked(self._completed((command, *options), stdin), command)

    def _completed(self, words: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - Terraform, with words of our own
            [str(self.program), f"-chdir={self.module}", *words],
            env=self._environment(words[0]),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def _environment(self, command: str) -> dict[str, str]:
        """The environment of a command: a provider that runs already is used in a rehearsal alone.

        Against AWS each command starts the provider whose checksum Terraform has verified. `init`
        never uses one that runs, since it would leave that out of what it initialises.
        """
        env = terraform_program.environment(self.data)
        if command == "init" or not reaches_only_this_machine(env):
            env.pop(terraform_program.REATTACH_VARIABLE, None)
        changed: dict[str, str | None] = {**env, **self.environment_changes()}
        return {name: value for name, value in changed.items() if value is not None}

    def _checked(self, ended: subprocess.CompletedProcess[str], command: str) -> str:
        self._write_log(f"terraform {command}: {ended.returncode}\n{ended.stderr}")
        if ended.returncode != 0:
            raise TerraformError(f"terraform {command} failed:\n{ended.stderr or ended.stdout}")
        return ended.stdout

    def _follow(self, words: Sequence[str], on_event: Callable[[dict[str, Any]], None]) -> None:
        """Run a command to its end, and pass the events that it prints to `on_event`.

        The command gets a session of its own, so that Ctrl-C does not reach it: interrupted,
        Terraform would drop the answers to its calls to AWS, and not know the resources that they
        made. After an interrupt the command finishes, and then StoppedError is raised. Only a
        second interrupt, or SIGTERM, interrupts the command itself.

        Raises:
            StoppedError: the command was interrupted.
            TerraformError: Terraform failed.
        """
        errors: list[str] = []
        command, *rest = words
        with (
            Interrupts() as interrupts,
            subprocess.Popen(  # noqa: S603 - as above
                [str(self.program), f"-chdir={self.module}", command, "-json", *rest],
                env=self._environment(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            ) as process,
        ):
            interrupts.protect(process)
            for line in process.stdout or ():
                self._handle_line(line, on_event, errors)
        if interrupts.count:
            raise StoppedError
        if process.returncode != 0:
            raise TerraformError(f"terraform {command} failed:\n" + "\n".join(errors))

    def _handle_line(
        self, line: str, on_event: Callable[[dict[str, Any]], None], errors: list[str]
    ) -> None:
        self._write_log(line)
        event = _event(line)
        if event is None:
            errors.append(line.rstrip())
        elif event.get("type") == "diagnostic" and event["diagnostic"]["severity"] == "error":
            errors.append(_diagnostic_text(event["diagnostic"]))
        else:
            on_event(event)

    def _write_log(self, text: str) -> None:
        if self.log is not None:
            with self.log.open("a", encoding="utf-8") as log:
                log.write(text if text.endswith("\n") else text + "\n")


def _event(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _diagnostic_text(diagnostic: dict[str, Any]) -> str:
    address = f" ({diagnostic['address']})" if diagnostic.get("address") else ""
    return f"{diagnostic['summary']}{address}: {diagnostic.get('detail', '')}".rstrip(": ")
