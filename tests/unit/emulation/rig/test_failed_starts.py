"""What a start or an update began before it failed is ended, or known to whoever ends the stack."""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from emulation.rig import deployment
from emulation.rig.errors import DeadlineError, StartError
from emulation.rig.host import health, parts, processes, stack, update
from emulation.rig.options import StackOptions
from emulation.rig.state import ProcessRecord, StackState, StateFolder
from toolchain.display import Display
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
OPTIONS = StackOptions(aws_port=0, discord_port=0, watch=True)
SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
spawn = processes.spawn


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "stack")


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[ProcessRecord]]:
    """The processes that were started: each only sleeps."""
    records: list[ProcessRecord] = []

    def spawn_one_that_sleeps(name: str, _argv: Any, *_: Any, **__: Any) -> ProcessRecord:
        records.append(spawn(name, SLEEPS, {}, tmp_path / f"{name}.log", cwd=tmp_path))
        return records[-1]

    monkeypatch.setattr(processes, "spawn", spawn_one_that_sleeps)
    yield records
    processes.terminate(tuple(records))


def is_late(*_: Any) -> None:
    raise DeadlineError("not within 120 s: it is ready")


@pytest.mark.parametrize("name", ["start_watcher", "start_connector"])
def test_a_process_that_does_not_get_ready_is_ended(
    folder: StateFolder,
    started: list[ProcessRecord],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
) -> None:
    monkeypatch.setattr(parts, "_wait_until_ready", is_late)
    monkeypatch.setattr(parts.signing_key, "kept", lambda _: tmp_path / "key")
    with pytest.raises(DeadlineError):
        getattr(parts.Parts(LAYOUT, folder, OPTIONS), name)()
    assert [processes.find(one) for one in started] == [None]


def test_a_start_that_fails_late_ends_what_it_started_before(
    folder: StateFolder, started: list[ProcessRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack.module, "start", lambda _parts, state, _display: state)
    monkeypatch.setattr(stack.module, "try_to_save_snapshot", lambda *_: None)
    monkeypatch.setattr(deployment, "register", lambda *_: None)
    monkeypatch.setattr(health, "wait_for_tasks", lambda *_: None)
    monkeypatch.setattr(stack, "FleetAgentClient", Agent)
    monkeypatch.setattr(parts, "_wait_until_ready", is_late)
    with pytest.raises(DeadlineError):
        stack.start(LAYOUT, folder, OPTIONS, Display(io.StringIO()))
    assert [one.name for one in started] == ["telemetry", "watcher"]
    assert [processes.find(one) for one in started] == [None, None]


@dataclass
class Agent:
    """In the place of the client of the fleet agent, which does not run."""

    endpoint: str

    def change(self, *_: Any, **__: Any) -> None:
        """Change nothing."""


def test_a_watcher_is_known_though_the_commands_are_refused_then(
    folder: StateFolder, started: list[ProcessRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> str:
        raise StartError("The commands could not be registered")

    before = replace(OPTIONS, watch=False).as_json()
    running = replace(StackState.on_ports("host", 4566, 8700), options=before)
    monkeypatch.setattr(update, "_applied", lambda *words: words[4])
    monkeypatch.setattr(parts, "_wait_until_ready", lambda *_: None)
    monkeypatch.setattr(deployment, "commands_digest", refused)
    with pytest.raises(StartError):
        update.update(LAYOUT, folder, OPTIONS, Display(io.StringIO()), running)
    known = folder.load()
    assert known is not None
    assert list(known.processes) == started
    assert known.options["watch"] is True
