"""The table of what fails on an emulator names tests that there are, and expects them to fail."""

import ast
from types import SimpleNamespace
from typing import Any

import pytest

from tests import emulator_exceptions
from tests.emulator_exceptions import EXCEPTIONS, mark_exceptions
from toolchain.layout import LOCALEMU, LOCALSTACK, Layout

ROOT = Layout.of_this_checkout().root
NAMED = [(name, reason) for of_one in EXCEPTIONS.values() for name, reason in of_one.items()]


def test_each_exception_is_a_test_and_has_a_reason() -> None:
    for nodeid, reason in NAMED:
        module, _, test = nodeid.partition("::")
        tree = ast.parse((ROOT / module).read_text())
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert reason


def test_a_listed_test_is_expected_to_fail_on_its_emulator_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = {LOCALSTACK: {}, LOCALEMU: {"tests/test_a.py::test_b": "it has no b"}}
    monkeypatch.setattr(emulator_exceptions, "EXCEPTIONS", listed)
    marks: list[tuple[str, pytest.MarkDecorator]] = []

    def item(nodeid: str) -> Any:
        return SimpleNamespace(nodeid=nodeid, add_marker=lambda mark: marks.append((nodeid, mark)))

    items = [item(f"tests/test_a.py::test_{name}") for name in ("b", "b[1]", "bc")]
    mark_exceptions(items, LOCALSTACK)
    assert marks == []
    mark_exceptions(items, LOCALEMU)
    assert [nodeid for nodeid, _ in marks] == [one.nodeid for one in items[:2]]
    assert all(
        mark.name == "xfail" and mark.kwargs == {"reason": "localemu: it has no b", "strict": True}
        for _, mark in marks
    )
