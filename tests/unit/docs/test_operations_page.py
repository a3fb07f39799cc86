"""Every command of the pages about operating is one that a test types."""

import re
from pathlib import Path

import pytest

from tests.rehearsals import words_of
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
PAGES = (
    *("deploy.md", "first-deployment.md", "operations.md"),
    *("discord-portal.md", "tutorials/own-a-bot.md"),
)
STORY = ROOT / "tests" / "integration" / "test_deploy_rehearsal.py"
ACCOUNT = STORY.with_name("test_deploy_rights.py")
FENCED = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
BEGIN = 'eval "$(make -s rehearsal)"'
# What a person sets or copies is not a command of ours.
_SETTING = re.compile(r"^(export|cp) ")


def commands(page: str) -> list[str]:
    """The commands of a page's blocks, without their comments."""
    blocks = FENCED.findall((ROOT / "docs" / page).read_text())
    lines = [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if not _SETTING.match(line)]


def typed() -> set[str]:
    """The commands that the tests of a deployment type, word by word."""
    story = STORY.read_text()
    found = set(re.findall(r"""["'](make [a-z-]+(?: ARGS="[^"]*")?)["']""", story))
    assert found
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_typed_by_a_test(page: str) -> None:
    found = commands(page)
    assert found
    known = typed() | {BEGIN} if BEGIN in ACCOUNT.read_text() else typed()
    assert [command for command in found if command not in known] == []


@pytest.mark.parametrize("command", sorted(typed()))
def test_what_is_typed_is_what_make_runs(command: str) -> None:
    assert words_of(command)


def test_every_alarm_is_on_the_page() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    text = (ROOT / "infra" / "modules" / "observability" / "alarms.tf").read_text()
    names = re.findall(r"^ {4,6}([a-z0-9-]+) = \{$", text, re.MULTILINE)
    names += re.findall(r'alarm_name +=[^"]*"\$\{var.prefix\}-([a-z-]+)"', text)
    assert len(names) >= 6
    assert [name for name in names if f"bot-prod-{name}`" not in page] == []


def test_every_widget_of_the_dashboard_is_explained() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    text = (ROOT / "infra" / "modules" / "observability" / "dashboard.tf").read_text()
    titles = re.findall(r'title += "([^"]+)"', text)
    assert len(titles) > 10
    assert [title for title in titles if f"| {title} |" not in page] == []


def test_every_section_that_is_needed_is_there() -> None:
    page = Path(ROOT / "docs" / "operations.md").read_text()
    sections = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert {
        "First deployment",
        "Two environments",
        "Upgrade",
        "Rollback",
        "Rotate the bot token",
        "Change the model",
        "Raise limits",
        "Read the dashboard",
        "Alarms, and what to do",
        "What it costs",
        "Remove a deployment",
    } <= set(sections)
