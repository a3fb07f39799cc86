"""Terraform's root module, applied to the emulator with progress."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulation.rig.errors import StartError
from toolchain import terraform as terraform_program
from toolchain.layout import Layout
from toolchain.shared_provider import shared_provider

_CHANGES = ("create", "update", "delete")
"""Actions on resources; `read` is of a data source."""

Outputs = dict[str, Any]
"""The root module's outputs by name."""


@dataclass
class ApplyProgress:
    """How far an apply is, by the events that Terraform prints with `-json`.

    https://developer.hashicorp.com/terraform/internals/machine-readable-ui
    """

    planned: int = 0
    done: int = 0
    waiting: dict[str, int] = field(default_factory=dict)
    """Seconds that resources have taken so far, by address, as soon as Terraform reports them."""

    def read(self, event: Mapping[str, Any]) -> None:
        """Take one event into account."""
        match event.get("type"):
            case "change_summary" if event["changes"].get("operation") == "plan":
                changes = event["changes"]
                self.planned = changes["add"] + changes["change"] + changes["remove"]
            case "apply_progress":
                hook = event["hook"]
                self.waiting[hook["resource"]["addr"]] = hook["elapsed_seconds"]
            case "apply_complete" | "apply_errored":
                hook = event["hook"]
                self.waiting.pop(hook["resource"]["addr"], None)
                self.done += event["type"] == "apply_complete" and hook["action"] in _CHANGES
            case _:
                pass

    def text(self) -> str:
        """The count of resources, and the one that has taken longest so far."""
        count = f"{self.done} of {self.planned} resources"
        if not self.waiting:
            return count
        address, seconds = max(self.waiting.items(), key=lambda item: item[1])
        more = f" and {len(self.waiting) - 1} more" if len(self.waiting) > 1 else ""
        return f"{count}; {seconds} s for {address.removeprefix('module.')}{more}"


@dataclass(frozen=True)
class Terraform:
    """The root module with its state in a folder of the stack's own."""

    layout: Layout
    folder: Path
    provider: Mapping[str, str] = field(default_factory=dict)
    """A provider that runs, as `shared_provider` returned it; without it each command starts one,
    unless the environment names one."""

    @property
    def _state(self) -> Path:
        return self.folder / "terraform.tfstate"

    @property
    def _variables(self) -> Path:
        return self.folder / "variables.tfvars.json"

    def write_variables(self, variables: dict[str, Any]) -> None:
        """Save the variables for this and every later run on the stack."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._variables.write_text(json.dumps(variables, indent=2) + "\n")

    def apply(self, progress: Callable[[str], object]) -> Outputs:
        """Apply, and call `progress` with the text of `ApplyProgress` whenever it changes.

        Raises:
            StartError: Terraform reported errors; the text holds them.
        """
        state, reported = ApplyProgress(), ""
        errors: list[str] = []
        for event in self._events("apply", "-auto-approve"):
            state.read(event)
            if event.get("type") == "diagnostic" and event["diagnostic"]["severity"] == "error":
                found = event["diagnostic"]
                errors.append(f"{found['summary']} {found.get('detail', '')}".strip())
            if (text := state.text()) != reported:
                progress(text)
                reported = text
        if errors:
            raise StartError("Terraform could not apply:\n" + "\n".join(errors))
        return self.outputs()

    def outputs(self) -> Outputs:
        """The outputs of the last apply."""
        printed = self.run("output", "-json", f"-state={self._state}")
        return {name: item["value"] for name, item in json.loads(printed).items()}

    def read_state(self) -> str:
        """Terraform's state of what was applied."""
        return self._state.read_text()

    def write_state(self, state: str) -> None:
        """Go on from the state of an earlier apply."""
        self._state.write_text(state)

    def is_up_to_date(self) -> bool:
        """Whether a plan made now is empty."""
        words = self._words("plan", "-detailed-exitcode", *self._inputs())
        with self._environment() as env:
            ended = subprocess.run(words, env=env, capture_output=True, check=False)
        if ended.returncode not in (0, 2):
            raise StartError(f"Terraform could not plan:\n{ended.stderr.decode()}")
        return ended.returncode == 0

    def destroy(self) -> None:
        """Remove every resource from the emulator."""
        self.run("destroy", "-auto-approve", *self._inputs())

    def run(self, *words: str) -> str:
        """Run one Terraform command to its end and return its standard output."""
        with self._environment(needs_provider=words[0] != "output") as env:
            ended = subprocess.run(
                self._words(*words),
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        if ended.returncode != 0:
            raise StartError(f"terraform {words[0]} failed:\n{ended.stderr or ended.stdout}")
        return ended.stdout

    def _events(self, *words: str) -> Iterator[dict[str, Any]]:
        with (
            self._environment() as env,
            subprocess.Popen(
                self._words(*words, "-json", *self._inputs()),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            assert process.stdout is not None  # noqa: S101 - PIPE above
            plain: list[str] = []
            try:
                for line in process.stdout:
                    try:
                        yield json.loads(line)
                    except ValueError:
                        plain.append(line)
            finally:
                if process.poll() is None:  # an interrupt, which may have reached us alone
                    process.terminate()
                    process.wait()
        if process.returncode != 0 and plain:
            raise StartError(f"terraform {words[0]} failed:\n{''.join(plain)}")

    def _inputs(self) -> tuple[str, ...]:
        return (f"-state={self._state}", f"-var-file={self._variables}")

    def _words(self, *words: str) -> list[str]:
        program = terraform_program.find(self.layout.cache)
        if program is None:
            raise StartError("Terraform is not set up: run `make setup`")
        no_color = [] if "-json" in words else ["-no-color"]
        return [str(program), f"-chdir={self.layout.infra}", words[0], *no_color, *words[1:]]

    @contextmanager
    def _environment(self, *, needs_provider: bool = True) -> Iterator[dict[str, str]]:
        env = terraform_program.environment(self.layout.terraform_data)
        # The person's own AWS settings must not reach a run against the emulator.
        env = {name: value for name, value in env.items() if not name.startswith("AWS_")}
        starts_one = needs_provider and not self.provider
        provider: AbstractContextManager[Mapping[str, str]] = (
            shared_provider(self.layout) if starts_one else nullcontext(self.provider)
        )
        with provider as variables:
            yield env | dict(variables)
