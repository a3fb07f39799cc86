"""The tests that are known to fail on one of the emulators, each with its reason.

A test that is listed here and passes fails the run, so that the list stays true.
"""

from collections.abc import Iterable, Mapping

import pytest

from toolchain.layout import LOCALEMU, LOCALSTACK

EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    LOCALSTACK: {},
    LOCALEMU: {},
}
"""By emulator: a test's node id without its parameters, and why it fails."""


def mark_exceptions(items: Iterable[pytest.Item], emulator: str) -> None:
    """Expect those of the tests to fail that are known to on the emulator."""
    for item in items:
        if reason := EXCEPTIONS[emulator].get(item.nodeid.partition("[")[0]):
            item.add_marker(pytest.mark.xfail(reason=f"{emulator}: {reason}", strict=True))
