"""What tutorials and troubleshooting quote is what the programs say."""

import re

from discord_diffusion.texts.catalogue import FALLBACK, texts
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
FOLDERS = ("emulation", "infra", "tests", "toolchain")
SYMPTOM = re.compile(r"^\| (?:a line with )?[`\"]([^`\"]+)[`\"]", re.MULTILINE)


def spoken() -> str:
    """All texts of programs: of the sources without the ends of literals, and those of the bot."""
    sources = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    text = "\n".join(path.read_text() for path in sources)
    joined = re.sub(r'"\n\s*f?"', "", text)
    said = [re.sub(r"\{[^{}\n]*\}", "3.13", joined), (ROOT / "Makefile").read_text()]
    return "\n".join([*said, *texts(FALLBACK).values()])


def test_every_symptom_that_is_quoted_is_said_by_a_program() -> None:
    found = SYMPTOM.findall((ROOT / "docs" / "troubleshooting.md").read_text())
    assert len(found) > 12
    said = spoken()
    quoted = [part.strip() for one in found for part in re.split(r"\.\.\.|\d\.\d+", one)]
    commands = ("make ", "AccessDenied")
    assert [one for one in quoted if one not in said and not one.startswith(commands)] == []


def test_the_sentence_that_the_tutorial_changes_is_the_one_that_the_bot_says() -> None:
    page = " ".join((ROOT / "docs" / "tutorials" / "change-the-bot.md").read_text().split())
    assert f"*{texts(FALLBACK)['queue.none']}*" in page
    assert "`queue.none`" in page
