"""The display shows the running steps, their progress and their duration."""

import io
import re

import pytest

from toolchain.display import Display


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_without_a_terminal_each_step_is_two_plain_lines() -> None:
    stream = io.StringIO()
    with Display(stream) as display:
        assert display.run("first", lambda: 7) == 7
        display.run("second", lambda: display.detail("second", "3 of 4 resources"))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "  … first"
    assert re.fullmatch(r"  ✓ first +\d+\.\d s", lines[1])
    assert re.fullmatch(r"  ✓ second \(3 of 4 resources\) +\d+\.\d s", lines[3])


def test_a_failed_step_is_marked_and_its_error_raised() -> None:
    stream = io.StringIO()

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), Display(stream) as display:
        display.run("broken", fail)
    assert "✗ broken" in stream.getvalue()


def test_on_a_terminal_the_live_line_is_cleared_before_a_finished_one() -> None:
    stream = Terminal()
    with Display(stream) as display:
        display.run("step", lambda: None)
    assert "\r\x1b[2K  ✓ step" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[2K")
