"""Log lines for people: their times, and tracebacks with paths of the checkout."""

import json

from emulation.rig.log_lines import readable, time_of, traceback_of

TIME = "2026-01-02T03:04:05.678"
TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/tmp/functions/x1/code/discord_diffusion/functions/interactions/router.py", line 94,'
    " in answer\nKeyError: 'missing'\n"
)
SHOWN = TRACEBACK.replace("/tmp/functions/x1/code", "src").rstrip()
LINE = json.dumps({"time": f"{TIME}Z", "message": "Unexpected error", "traceback": TRACEBACK})


def test_a_line_says_when_it_was_written() -> None:
    assert time_of(LINE) == TIME
    assert time_of(f"{TIME}  INFO --- localstack: AWS sqs.SendMessage => 200") == TIME
    for line in ("START RequestId: 1", "", "[1, 2]", json.dumps({"time": "soon"})):
        assert time_of(line) == ""


def test_a_traceback_follows_its_line_with_paths_of_the_checkout() -> None:
    assert traceback_of(LINE) == SHOWN
    first, _, rest = readable(LINE).partition("\n")
    assert json.loads(first) == {"time": f"{TIME}Z", "message": "Unexpected error"}
    assert rest == SHOWN
    raised = json.dumps({"message": "The worker has ended", "exception": TRACEBACK})
    assert traceback_of(raised) == SHOWN


def test_the_runtimes_error_of_a_function_that_cannot_be_imported_is_shown_in_lines() -> None:
    line = (
        "[ERROR] Runtime.ImportModuleError: No module named 'x'\rTraceback (most recent call last):"
    )
    assert traceback_of(line).splitlines()[0].endswith("No module named 'x'")
    assert readable(line) == traceback_of(line)


def test_lines_without_a_traceback_stay_as_they_are() -> None:
    for line in ("START RequestId: 1", json.dumps({"message": "fine"}), "{", "[ERR] no"):
        assert traceback_of(line) == ""
        assert readable(line) == line
