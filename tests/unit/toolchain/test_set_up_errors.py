"""What keeps the set-up from going on is told in a sentence."""

import errno
import sys

import pytest

from toolchain import __main__ as program
from toolchain import setup
from toolchain.errors import SetupError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/x/y"),
            "No space left on device: '/x/y'\nMend that, then run it again.",
        ),
        (SetupError("Terraform is missing. Install it: ..."), "Terraform is missing. Install it"),
    ],
)
def test_the_set_up_says_why_it_stopped_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(setup, "project_plan", fails)
    monkeypatch.setattr(sys, "argv", ["toolchain"])
    assert program.main() == 1
    assert f"Set-up stopped: {error}" in (told := capsys.readouterr().err)
    assert said in told
