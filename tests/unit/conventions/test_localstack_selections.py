"""The comparison of LocalStack's own tests with what is known of them."""

from pathlib import Path

import pytest

from tests.conformance.localstack import results

REPORT = """<testsuites><testsuite>
<testcase name="test_good"/>
<testcase name="test_bad"><failure message="x">trace</failure></testcase>
<testcase name="test_broken"><error message="x">trace</error></testcase>
<testcase name="test_left_out"><skipped message="x"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def found(tmp_path: Path) -> results.Results:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    return results.read(report)


def selection(*known: str) -> results.Selection:
    return results.Selection("one", ("tests",), dict.fromkeys(known, "why"))


def test_failures_and_errors_are_failures(found: results.Results) -> None:
    assert found.failed == {"test_bad", "test_broken"}
    assert (found.passed, found.skipped) == ({"test_good"}, {"test_left_out"})
    assert found.unexpected(selection("test_bad", "test_broken")) == []


def test_a_new_failure_and_one_that_is_gone_are_named(found: results.Results) -> None:
    new, gone = found.unexpected(selection("test_bad", "test_good"))
    assert "not known: test_broken" in new
    assert "remove it" in gone
    assert "test_good" in gone


def test_a_run_without_tests_is_no_success() -> None:
    nothing = results.Results(frozenset(), frozenset(), frozenset())
    assert nothing.unexpected(selection()) == ["no test has passed"]


def test_every_known_failure_has_a_reason() -> None:
    for one in results.selections().values():
        assert one.arguments
        assert all(one.failures.values())
