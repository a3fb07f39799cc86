"""Programs that are debugged: which there are, their ports, and the clock that rests with them."""

import json
import time

import pytest

from emulation.rig.errors import RigError
from emulation.rig.host import debugging
from emulation.rig.host.debugger import RestingClock
from toolchain.layout import Layout

LAUNCH = Layout.of_this_checkout().root / ".vscode" / "launch.json"


def clock_at(monkeypatch: pytest.MonkeyPatch, moments: list[float]) -> RestingClock:
    """A clock on a machine whose own clock shows these moments, one after the other."""
    shown = iter(moments)
    monkeypatch.setattr(time, "monotonic", lambda: next(shown))
    return RestingClock()


def test_the_clock_goes_with_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = clock_at(monkeypatch, [10.0, 10.0, 10.9, 11.8])
    assert [clock(), clock(), clock()] == [10.0, 10.9, 11.8]


def test_the_clock_rests_while_a_debugger_holds_all_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = clock_at(monkeypatch, [10.0, 10.5, 610.5, 611.0, 711.0])
    assert [clock(), clock(), clock(), clock()] == [10.5, 10.5, 11.0, 11.0]


def test_an_unknown_program_is_refused_with_those_that_there_are() -> None:
    debugging.check(("interactions", "worker"))
    with pytest.raises(RigError, match=r"DEBUG=chat is not known. There are: interactions, worker"):
        debugging.check(("worker", "chat"))


def test_without_debugpy_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    debugging.check(())
    with pytest.raises(RigError, match=r"DEBUG needs debugpy .* make setup"):
        debugging.check(("worker",))


def test_the_launch_file_has_a_configuration_for_each_program_on_its_port() -> None:
    content = json.loads(LAUNCH.read_text())
    found = {
        one["name"].partition(" ")[0]: (one["connect"]["port"], "pathMappings" in one)
        for one in content["configurations"]
    }
    functions = set(debugging.PORTS) - {debugging.WORKER}
    assert found == {name: (port, name in functions) for name, port in debugging.PORTS.items()}


def test_every_function_can_be_debugged() -> None:
    folder = Layout.of_this_checkout().root / "src" / "discord_diffusion" / "functions"
    functions = {handler.parent.name for handler in folder.glob("*/handler.py")}
    assert functions | {debugging.WORKER} == set(debugging.PORTS)


def test_what_is_debugged_is_shown_with_where_and_when_to_attach() -> None:
    assert debugging.addresses({}) == {}
    assert debugging.addresses({"debug": ["worker", "backlog"]}) == {
        "worker": "127.0.0.1:5679 (attach before you send a job)",
        "backlog": "127.0.0.1:5680 (waits at its next event)",
    }
