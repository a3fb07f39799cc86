"""What `make local-status` says of a live stack."""

import io
from dataclasses import replace

from rich.console import Console

from emulation.rig import report
from emulation.rig.live.connection import Connection
from emulation.rig.state import LiveServer, StackState

LIVE = LiveServer("11", "22", "[Home]", "ab" * 32)


def printed(found: Connection) -> str:
    console = Console(file=io.StringIO(), width=300)
    report.connection(console, LIVE, found)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_the_server_and_the_time_of_the_connection_are_said() -> None:
    first = Connection(connected_since="2026-01-02T03:04:05+00:00", answered=7, unanswered=1)
    text = printed(first)
    assert "[Home], connected since 2026-01-02T03:04:05+00:00; 7 interactions answered" in text
    assert "reconnects" not in text
    again = printed(replace(first, reconnects=2, last_reconnect="2026-01-02T04:00:00+00:00"))
    assert "2 reconnects, the last at 2026-01-02T04:00:00+00:00" in again


def test_why_the_connector_gave_up_is_said() -> None:
    text = printed(Connection(problem="Discord does not know the token. Bot > Reset Token"))
    assert "not connected" in text
    assert "Bot > Reset Token" in text


def test_the_addresses_name_the_server_instead_of_the_channel_page() -> None:
    console = Console(file=io.StringIO(), width=300)
    state = StackState.on_ports("host", 4566, 8700)
    report.addresses(console, replace(state, live=LIVE))
    text = str(console.file.getvalue())  # type: ignore[attr-defined]
    assert "the server [Home]" in text
    assert "http://127.0.0.1:8700/operations" in text
    assert "stand-in" not in text
