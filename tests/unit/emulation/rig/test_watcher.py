"""What the watcher makes of edits."""

from pathlib import Path

import pytest

from emulation.rig.watcher import concerns_workers, syntax_errors
from toolchain.layout import Layout

PACKAGE = Layout.of_this_checkout().root / "src" / "discord_diffusion"


def test_files_with_syntax_errors_are_named_with_line_and_reason(tmp_path: Path) -> None:
    good, bad, odd = (tmp_path / name for name in ("good.py", "bad.py", "odd.py"))
    good.write_text("x = 1\n")
    bad.write_text("x = 1\ny = (\n")
    odd.write_bytes(b"# coding: no-such-coding\n")
    assert syntax_errors([good]) == []
    [first, second] = syntax_errors([good, bad, odd])
    assert first.startswith(f"{bad}:2: '(' was never closed")
    assert second.startswith(f"{odd}")


@pytest.mark.parametrize(
    ("file", "concerned"),
    [
        ("worker/draw.py", True),
        ("texts/locales/de.json", True),
        ("logs.py", True),
        ("functions/interactions/handler.py", False),
        ("fleet/guard.py", False),
    ],
)
def test_workers_are_replaced_only_by_edits_of_what_they_may_import(
    file: str, concerned: bool
) -> None:
    assert concerns_workers(PACKAGE, [PACKAGE / file]) is concerned
    assert concerns_workers(PACKAGE, [PACKAGE / file, PACKAGE / "worker" / "lease.py"])
