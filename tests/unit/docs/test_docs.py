"""The documentation names only what exists."""

import re
import subprocess
from pathlib import Path

import pytest

from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
MAKE = re.compile(r"`make ([a-z][a-z-]*)|^\s*make ([a-z][a-z-]*)", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
VALUES = re.compile(r"\bmake [a-z][a-z-]*((?: [A-Z_]+=(?:\"[^\"]*\"|[^\s`]*))+)")
NAME = re.compile(r"(?:^| )([A-Z_]+)=")
PYTHON = re.compile(r"`(python3? -m (?:emulation|infra|tests|toolchain)\b[^`]*)`")
FOLDER = re.compile(r"`((?:src|infra|emulation|fixtures|tests|docs|requirements)/[\w./-]*)`")


def pages() -> list[Path]:
    """Every page that is part of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_make_command_is_a_target(page: Path) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    named = {one or other for one, other in MAKE.findall(page.read_text())}
    assert named <= targets


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_and_path_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    for link in LINK.findall(text):
        assert (page.parent / link).exists(), link
    for path in FOLDER.findall(text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_value_of_a_make_command_is_one_that_make_knows(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    [values] = re.findall(r"^VALUES := ((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    known = {*values.replace("\\", "").split(), *re.findall(r"\$\(([A-Z]+)\)", makefile)}
    given = {name for words in VALUES.findall(page.read_text()) for name in NAME.findall(words)}
    assert given <= known


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_command_of_ours_can_be_typed_as_it_stands(page: Path) -> None:
    """Another Python than the project's own has none of its packages."""
    if "decisions" not in page.parts:
        assert PYTHON.findall(page.read_text()) == []


def test_every_figure_is_filled_in() -> None:
    assert [name_of(page) for page in pages() if "MEASURE" in page.read_text()] == []


def test_every_target_is_explained_in_the_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    unexplained = re.findall(r"^([a-z][a-z-]*):(?!.*##)(?!.*:=)", makefile, re.MULTILINE)
    assert unexplained == ["installed"], "it is a check that others need, nothing to type"
