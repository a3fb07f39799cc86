"""The files of a live stack: the key, the state of the connection, and no token in any."""

import errno
import json
import os
from pathlib import Path

import pytest

from emulation.rig.live import signing_key
from emulation.rig.live.connection import Connection
from emulation.rig.options import LIVE, StackOptions
from emulation.rig.state import LiveServer, StackState, StateFolder
from fixtures.discord.signing import public_key, sign

TOKEN = "MTIz.not-a.token"


def test_the_signing_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = signing_key.kept(tmp_path)
    seed = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert signing_key.kept(tmp_path).read_text() == seed
    assert len(public_key(seed)) == 64
    assert signing_key.kept(tmp_path / "other").read_text() != seed


def test_a_signing_key_that_could_not_be_written_is_made_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _text: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space"):
            signing_key.kept(tmp_path)
    assert len(signing_key.kept(tmp_path).read_text()) == 64


def test_the_fixtures_key_which_everybody_knows_never_stands_for_an_empty_one() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        public_key("")
    with pytest.raises(ValueError, match="32 bytes"):
        sign(b"{}", seed="")


def test_a_connection_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "connection.json"
    assert Connection.load(path) == Connection()
    written = Connection(connected_since="2026-01-02T03:04:05+00:00", reconnects=2, answered=3)
    written.save(path)
    assert Connection.load(path) == written
    path.write_text("{")
    assert Connection.load(path) == Connection()


def test_the_server_is_kept_with_the_state_and_the_token_is_not(tmp_path: Path) -> None:
    options = StackOptions(discord=LIVE, guild="5", bot_token=TOKEN)
    live = LiveServer("1", "5", "Home", "ab" * 32)
    folder = StateFolder(tmp_path)
    folder.save(StackState("host", options=options.as_json(), live=live))
    kept = folder.load()
    assert kept is not None
    assert kept.live == live
    assert TOKEN not in folder.stack_file.read_text()
    assert TOKEN not in repr(options)


def test_a_stack_of_an_older_version_serves_the_stand_in(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.save(StackState("host"))
    content = json.loads(folder.stack_file.read_text())
    del content["live"]
    folder.stack_file.write_text(json.dumps(content))
    kept = folder.load()
    assert kept is not None
    assert kept.live is None
