"""A start restores a snapshot; without a usable one it says so and applies the module."""

import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from emulation.rig import deployment
from emulation.rig.errors import DeadlineError, RestartNeededError, StartError
from emulation.rig.host import module, update
from emulation.rig.options import StackOptions
from emulation.rig.snapshots import Snapshot, SnapshotStore, addresses
from emulation.rig.state import StackState, StateFolder
from emulation.rig.terraform import Terraform
from toolchain.display import Display
from toolchain.layout import Layout

OUTPUTS = dict.fromkeys(
    (*deployment._OUTPUTS, "discord_interactions_endpoint_url"), "http://127.0.0.1:4566/x"
)
STATE = StackState.on_ports("host", 4566, 8700)


@dataclass
class Servers:
    """In the place of `Parts`: servers that are not started."""

    layout: Layout
    folder: StateFolder
    options: StackOptions = field(default_factory=StackOptions)
    fails: Exception | None = None
    """How they fail with a snapshot, if they do."""
    started_with: list[bytes | None] = field(default_factory=list)

    def start_servers(
        self, state: StackState, _display: Display, snapshot: Path | None = None
    ) -> StackState:
        self.started_with.append(snapshot.read_bytes() if snapshot else None)
        if snapshot:
            assert snapshot.stat().st_mode & 0o077 == 0, "nobody else can read it"
        if snapshot and self.fails:
            raise self.fails
        return state


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Servers:
    monkeypatch.setattr(module, "name_of", lambda *_: "name")
    monkeypatch.setattr(Terraform, "apply", lambda *_: OUTPUTS | {"queue_url": "applied"})
    return Servers(Layout.of_this_checkout(), StateFolder(tmp_path / "stack"))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SnapshotStore:
    store = SnapshotStore(tmp_path / "snapshots")
    monkeypatch.setattr(module, "_store", lambda _: store)
    store.save("name", Snapshot(b"state", '{"serial": 1}', OUTPUTS), addresses(STATE))
    return store


def start(servers: Any) -> StackState:
    return module.start(servers, STATE, Display(io.StringIO()))


def test_a_snapshot_is_restored(servers: Servers, store: SnapshotStore) -> None:
    state = start(servers)
    assert servers.started_with == [b"state"]
    assert (state.restored, state.queue_url) == (True, OUTPUTS["queue_url"])
    assert module.of(servers.layout, servers.folder).read_state() == '{"serial": 1}'
    left = [path.name for path in servers.folder.path.iterdir()]
    assert left == ["terraform"], "the emulator's copy is gone"


def test_a_fresh_start_applies(servers: Servers, store: SnapshotStore) -> None:
    servers.options = StackOptions(fresh=True)
    state = start(servers)
    assert servers.started_with == [None]
    assert (state.restored, state.queue_url) == (False, "applied")


@pytest.mark.parametrize(
    "fails",
    [None, StartError("emulator ended while starting.\nTraceback ..."), DeadlineError("late")],
)
def test_without_a_usable_snapshot_one_sentence_says_so_and_the_module_is_applied(
    servers: Servers,
    store: SnapshotStore,
    capsys: pytest.CaptureFixture[str],
    fails: Exception | None,
) -> None:
    if fails is None:
        (store._folder / "name.zip").write_bytes(b"PK")
    servers.fails = fails
    state = start(servers)
    assert servers.started_with[-1] is None
    assert (state.restored, state.queue_url) == (False, "applied")
    [line] = capsys.readouterr().err.splitlines()
    assert "It is ignored, and the module applied." in line


def test_new_handlers_are_deployed_with_the_variables_that_name_the_snapshot(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "name_of", lambda *_: "newplugin-newhandlers")
    running = replace(
        STATE,
        options=servers.options.as_json(),
        snapshot="plugin-handlers",
        commands_sha256=deployment.commands_digest(),
    )
    variables = deployment.variables(servers.layout, servers.options, running)
    updated = update.update(
        servers.layout, servers.folder, servers.options, Display(io.StringIO()), running
    )
    assert updated.snapshot == "plugin-newhandlers"
    terraform = module.of(servers.layout, servers.folder)
    [written] = terraform.folder.glob("*.json")
    assert json.loads(written.read_text()) == variables


def test_an_option_that_needs_a_restart_is_refused_in_words_and_changes_nothing(
    servers: Servers,
) -> None:
    options = replace(servers.options, enforces_iam=True)
    running = replace(STATE, options=servers.options.as_json())
    with pytest.raises(RestartNeededError, match=r"IAM=enforce.*make local-down"):
        update.update(servers.layout, servers.folder, options, Display(io.StringIO()), running)
    assert not servers.folder.stack_file.exists()
