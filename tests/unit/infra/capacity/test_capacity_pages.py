"""The computed parts of docs/capacity.md, its plots, and the commands that make them."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.capacity.pages import CAPACITY_PARTS, PARTS, UnknownPartError, render

ROOT = Path(__file__).parents[4]
DOCUMENT = ROOT / "docs" / "capacity.md"
PICTURES = ROOT / "docs" / "pictures"


def capacity(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.capacity", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_the_figures_on_the_page_are_those_that_the_model_computes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert render(text) == text


def test_the_page_shows_every_part_of_the_model() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in CAPACITY_PARTS if f"<!-- computed: {name} -->" not in text] == []


def test_an_edited_figure_is_computed_again() -> None:
    text = "before\n<!-- computed: summary -->\nnonsense\n<!-- end -->\nafter"
    assert render(text) == (
        f"before\n<!-- computed: summary -->\n{PARTS['summary']()}\n<!-- end -->\nafter"
    )


def test_a_part_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(UnknownPartError, match="'wishes'"):
        render("<!-- computed: wishes -->\n<!-- end -->")


def test_the_plots_are_there_and_small() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for name in ("capacity-throughput", "capacity-day", "capacity-waits"):
        assert f"pictures/{name}.svg" in text
        assert 0 < (PICTURES / f"{name}.svg").stat().st_size <= 150 * 1024


def test_plots_are_drawn_and_small(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need the extra `capacity`")
    from infra.capacity.plots import draw_all

    for path in draw_all(tmp_path, "svg"):
        assert 0 < path.stat().st_size <= 150 * 1024


def test_the_command_checks_a_page_and_computes_it_again(tmp_path: Path) -> None:
    document = tmp_path / "capacity.md"
    document.write_text("<!-- computed: example-rate -->\nold\n<!-- end -->\n")
    stale = capacity("pages", "--check", str(document))
    assert stale.returncode == 1
    assert "make capacity" in stale.stderr
    assert capacity("pages", str(document)).returncode == 0
    assert capacity("pages", "--check", str(document)).returncode == 0
    assert "6,800" in document.read_text()


def test_the_command_prints_parts_and_refuses_others() -> None:
    shown = capacity("show", "example-rate")
    assert "$ per 1,000 jobs" in shown.stdout
    wrong = capacity("show", "wishes")
    assert wrong.returncode == 2
    assert "example-rate" in wrong.stderr


def test_the_model_needs_no_plotting_library() -> None:
    script = (
        "import sys; import infra.capacity.pages; "
        "print(any(m.startswith(('matplotlib', 'numpy')) for m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
