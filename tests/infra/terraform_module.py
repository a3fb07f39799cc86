"""Runs Terraform, and reads the events of `terraform test`."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain import terraform as terraform_program
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()


@dataclass(frozen=True)
class Resource:
    """One resource of a state: its address, type and values."""

    address: str
    type: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Module:
    """The root module in a folder of its own."""

    terraform: Path
    folder: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command of Terraform, which may fail."""
        env = terraform_program.environment(self.folder / ".terraform")
        # No mocked run may reach a real account.
        env = {name: value for name, value in env.items() if not name.startswith("AWS_")}
        return subprocess.run(
            [str(self.terraform), f"-chdir={self.folder}", *words],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@dataclass(frozen=True)
class Suite:
    """The events that `terraform test` printed."""

    events: list[dict[str, Any]]

    @classmethod
    def of(cls, module: Module, *files: str, verbose: bool = False) -> "Suite":
        """Run `terraform test` on test files to its end."""
        options = ["-verbose"] if verbose else []
        ended = module.run("test", "-json", *options, *(f"-filter={file}" for file in files))
        assert ended.stdout, ended.stderr
        return cls([_event(line) for line in ended.stdout.splitlines()])

    @property
    def results(self) -> dict[str, str]:
        """The status of each run, by `file: run`."""
        runs = (event["test_run"] for event in self.events if event["type"] == "test_run")
        return {f"{run['path']}: {run['run']}": run["status"] for run in runs if run.get("status")}

    @property
    def problems(self) -> str:
        """Every error, as Terraform words it."""
        found = (event["diagnostic"] for event in self.events if event["type"] == "diagnostic")
        return "\n".join(
            f"{problem['summary']}: {problem.get('detail', '')}"
            for problem in found
            if problem["severity"] == "error"
        )

    def state_after(self, run: str) -> list[Resource]:
        """The resources after a run that applied them; the suite must be `-verbose`."""
        return list(_resources(self._state(run)["root_module"]))

    def outputs_after(self, run: str) -> dict[str, Any]:
        """The outputs after a run that applied; the suite must be `-verbose`."""
        return {name: output["value"] for name, output in self._state(run)["outputs"].items()}

    def _state(self, run: str) -> dict[str, Any]:
        states: list[dict[str, Any]] = [
            event["test_state"]
            for event in self.events
            if event["type"] == "test_state" and event["@testrun"] == run
        ]
        assert len(states) == 1, f"no state after {run}: {self.problems}"
        return states[0]


def _event(line: str) -> dict[str, Any]:
    """An event without the schemas of the whole provider, 14 MB that no test reads."""
    before, has_schemas, schemas = line.partition(',"provider_schemas":')
    _, end, kind = schemas.rpartition('},"type":')
    event: dict[str, Any] = json.loads(before + end + kind if has_schemas else line)
    return event


def _resources(module: dict[str, Any]) -> Iterator[Resource]:
    for found in module.get("resources", []):
        if found["mode"] == "managed":
            yield Resource(found["address"], found["type"], found["values"])
    for child in module.get("child_modules", []):
        yield from _resources(child)
