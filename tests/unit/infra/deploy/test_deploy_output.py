"""What the deploy step writes: what stops a person comes first, and a plan is whole."""

from io import StringIO

from rich.console import Console

from infra.capacity.estimate import estimate
from infra.deploy.finding import bad, good, warning
from infra.deploy.output import Output
from infra.deploy.plan import Change, Plan


def written() -> tuple[Output, StringIO]:
    text = StringIO()
    return Output(Console(file=text, width=120, soft_wrap=True)), text


def test_no_good_mark_stands_above_a_bad_one() -> None:
    output, text = written()
    with output.looking("Look at the account"):
        pass
    output.findings([good("a", "there"), warning("b", "old", "renew it"), bad("c", "no", "get it")])
    marks = [line[1] for line in text.getvalue().splitlines() if line[:3].strip() in {*"✓!✗"}]
    assert marks == ["✗", "!", "✓"]


def test_a_plan_is_written_whole() -> None:
    output, text = written()
    changes = [Change(f"module.m.aws_thing.t{n}", "aws_thing", ("create",)) for n in range(150)]
    output.plan(Plan((*changes, Change("aws_sqs_queue.q", "aws_sqs_queue", ("delete",)))))
    lines = text.getvalue().splitlines()
    assert next(line for line in lines if "aws_" in line).endswith("aws_sqs_queue.q")
    assert sum("aws_thing.t" in line for line in lines) == 150


def test_a_month_at_most_is_shown_with_what_ends_it() -> None:
    output, text = written()
    output.estimate(estimate("g4dn.xlarge", "us-east-1", 100, 4), "g4dn.xlarge", 4)
    assert "at most in a month (300 hours of instances, on demand)" in text.getvalue()
    assert "safeguards" in text.getvalue()
