"""The failure policy: a table of rules, of which the first match counts."""

import inspect
from pathlib import Path

import pytest

from discord_diffusion.aws.errors import ReceiptLostError
from discord_diffusion.discord import errors as discord_errors
from discord_diffusion.jobs.units import UNUSABLE_SOURCE
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.texts.answers import unit_count
from discord_diffusion.texts.catalogue import LANGUAGES, texts
from discord_diffusion.worker import errors
from discord_diffusion.worker.failures import RULES, STOPPED, Outcome, rule_for

ROOT = Path(__file__).parents[3]
NOT_OF_A_JOB = {errors.WorkerError, errors.ModelLoadError, errors.DeviceLostError}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (InvalidJobError("x"), Outcome.POISON),
        (errors.JobExpiredError("x"), Outcome.FAILED),
        (errors.GenerationError("x"), Outcome.RETRY),
        (errors.OutOfMemoryError("x"), Outcome.RETRY),
        (errors.BlankPictureError("x"), Outcome.FAILED),
        (errors.UnsupportedJobError("x"), Outcome.FAILED),
        (errors.OptionRefusedError("x"), Outcome.REFUSED),
        (errors.SourceRefusedError("x"), Outcome.REFUSED),
        (errors.SourceGoneError("x"), Outcome.REFUSED),
        (errors.SourceTooLargeError("x"), Outcome.REFUSED),
        (errors.SourceFormatError("x"), Outcome.REFUSED),
        (errors.SourceUnavailableError("x"), Outcome.RETRY),
        (errors.PicturesTooLargeError("x"), Outcome.FAILED),
        (errors.FailedBeforeError("x"), Outcome.FAILED),
        (errors.LeaseLostError("x"), Outcome.ABANDON),
        (errors.MessageDeletedError("x"), Outcome.GONE),
        (errors.StoppedByModeratorError("x"), Outcome.REFUSED),
        (ReceiptLostError("x"), Outcome.ABANDON),
        (discord_errors.InteractionGoneError(401, 50027, "x"), Outcome.GONE),
        (discord_errors.NotAnsweredYetError(404, 10015, "x"), Outcome.GONE),
        (discord_errors.RateLimitedError(429, None, "x", 1), Outcome.RETRY),
        (discord_errors.UnavailableError(500, None, "x"), Outcome.RETRY),
        (discord_errors.RequestRefusedError(400, 50035, "x"), Outcome.RETRY),
        (ZeroDivisionError(), Outcome.RETRY),
    ],
)
def test_every_failure_has_its_outcome(error: Exception, outcome: Outcome) -> None:
    assert rule_for(error).outcome is outcome


def test_every_error_of_the_worker_has_a_rule_of_its_own() -> None:
    named = {error for rule in RULES for error in rule.errors}
    own = {kind for _, kind in inspect.getmembers(errors, inspect.isclass)} - NOT_OF_A_JOB
    assert own <= named


def test_no_rule_is_hidden_by_an_earlier_rule() -> None:
    for index, rule in enumerate(RULES):
        earlier = tuple(error for before in RULES[:index] for error in before.errors)
        assert not any(issubclass(error, earlier) for error in rule.errors)


def test_every_failure_that_ends_as_a_dead_letter_has_a_text_for_the_user() -> None:
    silent = {Outcome.GONE, Outcome.ABANDON}
    assert all(bool(rule.text) is (rule.outcome not in silent) for rule in RULES)
    said_elsewhere = {STOPPED, "failed.held_back", "failed.no_capacity", "failed.not_begun"}
    said_elsewhere |= {"failed.stopped_waiting"}
    said_elsewhere |= {"failed.failed_starts", "failed.instance_hours"}
    failures = {key for key in texts("en") if key.startswith("failed.")}
    of_cancellations = {"done.cancelled"}
    assert {rule.text for rule in RULES} - {""} - of_cancellations == failures - said_elsewhere


def as_markdown() -> str:
    """The table as the documentation shows it."""
    lines = ["| when | errors | outcome | key of the text |", "|---|---|---|---|"]
    for rule in RULES:
        errors = ", ".join(f"`{error.__name__}`" for error in rule.errors)
        after = f", after {rule.delay_seconds} s" if rule.delay_seconds else ""
        text = f"`{rule.text}`" if rule.text else ""
        lines.append(f"| {rule.when} | {errors} | {rule.outcome.value}{after} | {text} |")
    return "\n".join(lines)


def test_the_documentation_contains_the_failure_table() -> None:
    assert as_markdown() in (ROOT / "docs/worker.md").read_text()


def test_what_an_unusable_source_costs_is_said_in_every_language() -> None:
    charging = {rule.text for rule in RULES if rule.charged_units}
    assert {rule.charged_units for rule in RULES} == {0, UNUSABLE_SOURCE}
    for language in LANGUAGES:
        amount = unit_count(UNUSABLE_SOURCE, language)
        saying = {key for key, text in texts(language).items()
                  if key.startswith("failed.") and amount in text}  # fmt: skip
        assert saying == charging, language
