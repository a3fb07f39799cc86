"""Text that a person types after `make` is a value, never code."""

import re
import subprocess
from pathlib import Path

import pytest

from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
ATTACKS = (
    "$(shell touch broken-out)",
    "`touch broken-out`",
    '"; touch broken-out; "',
    "'; touch broken-out; '",
    "$$(touch broken-out)",
    "a red circle; touch broken-out",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The Makefile, with a rig that only prints its arguments and variables."""
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    rig = tmp_path / ".venv" / "bin" / "python"
    rig.parent.mkdir(parents=True)
    rig.write_text('#!/bin/sh\necho "$@"\nprintf "%s|%s" "$RIG_PROMPT" "$RIG_OUT$RIG_NAME"\n')
    rig.chmod(0o755)
    (tmp_path / ".cache" / "stamps").mkdir(parents=True)
    (tmp_path / ".cache" / "stamps" / "project-packages").touch()
    return tmp_path


def make(folder: Path, *words: str) -> str:
    ended = subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_prompt_reaches_the_rig_unchanged(checkout: Path, attack: str) -> None:
    printed = make(checkout, "send", f"PROMPT={attack}", f"OUT={attack}")
    assert printed == f"-E -m emulation send\n{attack}|{attack}"
    printed = make(checkout, "local-logs", f"NAME={attack}")
    assert printed.endswith(f"|{attack}")
    assert not (checkout / "broken-out").exists()


def test_without_a_set_up_the_error_names_the_first_command(checkout: Path) -> None:
    (checkout / ".cache" / "stamps" / "project-packages").unlink()
    ended = subprocess.run(
        ["make", "send"], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert "make demo" in ended.stderr
    assert "nothing runs" in make(checkout, "local-down")


def test_help_lists_every_target_with_a_description_once_in_groups() -> None:
    printed = subprocess.run(
        ["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert "\033" not in printed, "no colours but in a terminal"
    groups = re.findall(r"^(\S.*)$", printed, re.MULTILINE)
    assert len(groups) == len(set(groups)) >= 5
    listed = re.findall(r"^  (\S+)", printed, re.MULTILINE)
    described = re.findall(r"^([a-z][a-z-]*):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(described)
    assert printed.index("demo ") < printed.index("deploy-aws ")
