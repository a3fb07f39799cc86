"""The command line of the deploy step."""

import pytest
from typer.testing import CliRunner

from infra.deploy import cli
from infra.deploy.choices import Choices
from infra.deploy.errors import InputError


class Looked(Exception):  # noqa: N818 - the end of a test's way, no error
    """A command got as far as to look at a deployment."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> BaseException | None:
    """Type a command; returns what it raised."""

    def look(choices: Choices) -> None:
        raise Looked(choices)

    monkeypatch.setattr(cli, "_inspection", look)
    return CliRunner().invoke(cli.app, words).exception


@pytest.mark.parametrize("command", ["diagnose", "collect"])
def test_options_before_the_name_of_a_command_are_refused_and_not_ignored(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    raised = run(monkeypatch, "deploy", "--environment", "staging", command)
    assert isinstance(raised, InputError)
    assert str(raised) == f"--environment: options belong behind `{command}`, not before it."


@pytest.mark.parametrize("words", [["deploy"], []])
def test_options_behind_it_are_taken(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setenv("DEPLOY_GUILD", "1")
    raised = run(monkeypatch, *words, "diagnose", "--environment", "staging")
    assert isinstance(raised, Looked)
    assert raised.choices.environment == "staging"
