"""`python -m tests.junit_summary FOLDER`: what the JUnit files of a folder say, as Markdown.

A workflow appends it to the page of its run (GITHUB_STEP_SUMMARY).
"""

import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

_SLOWEST = 5
_BAD = ("failure", "error")


def summary(folder: Path) -> str:
    """A line for each file, then each failed test with the first line of its reason."""
    lines = ["| run | tests | failed | skipped | seconds |", "|---|---|---|---|---|"]
    cases: list[ET.Element] = []
    for path in sorted(folder.glob("*.xml")):
        suites = list(ET.parse(path).getroot().iter("testsuite"))
        cases += [case for suite in suites for case in suite.iter("testcase")]
        counts = [
            sum(int(suite.get(name, 0)) for suite in suites)
            for name in ("tests", "failures", "errors", "skipped")
        ]
        seconds = sum(float(suite.get("time", 0)) for suite in suites)
        tests, failures, errors, skipped = counts
        lines.append(f"| {path.stem} | {tests} | {failures + errors} | {skipped} | {seconds:.0f} |")
    if not cases:
        return "No test has reported: the step before the tests failed.\n"
    return "\n".join([*lines, *_failed(cases), *_slowest(cases)]) + "\n"


def _failed(cases: list[ET.Element]) -> Iterator[str]:
    failed = [(case, child) for case in cases for child in case if child.tag in _BAD]
    if failed:
        yield from ("", "### Failed", "", "| test | why |", "|---|---|")
    for case, reason in failed:
        first, *_ = (reason.get("message") or reason.text or "").strip().splitlines() or [""]
        yield f"| {_name(case)} | {first.replace('|', chr(92) + '|')} |"


def _slowest(cases: list[ET.Element]) -> Iterator[str]:
    yield from ("", "### Slowest", "", "| test | seconds |", "|---|---|")
    for case in sorted(cases, key=_seconds, reverse=True)[:_SLOWEST]:
        yield f"| {_name(case)} | {_seconds(case):.1f} |"


def _name(case: ET.Element) -> str:
    return f"`{case.get('classname')}.{case.get('name')}`".replace("|", "\\|")


def _seconds(case: ET.Element) -> float:
    return float(case.get("time", 0))


if __name__ == "__main__":
    sys.stdout.write(summary(Path(sys.argv[1])))
