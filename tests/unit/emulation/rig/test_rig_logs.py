"""Logs of several parts, printed together."""

import io
import json
from pathlib import Path

from rich.console import Console

from emulation.rig.logs import FileLog, show


def test_lines_of_several_logs_are_shown_by_time_each_with_the_name_of_its_log(
    tmp_path: Path,
) -> None:
    lines = {
        "worker-1": [(3, "third"), (5, "fifth")],
        "worker-2": [(2, "second"), (4, "fourth")],
    }
    for name, said in lines.items():
        texts = [json.dumps({"time": f"2026-01-02T03:04:0{at}.000Z", "is": t}) for at, t in said]
        (tmp_path / f"{name}.log").write_text("\n".join([*texts, "without a time", ""]))
    printed = io.StringIO()
    console = Console(file=printed, width=200)
    logs = {name: FileLog(tmp_path / f"{name}.log") for name in lines}
    show(console, logs, 5, follow=False)
    assert [line.split(" | ")[0] for line in printed.getvalue().splitlines()] == [
        *("worker-1", "worker-2", "worker-2", "worker-1", "worker-1"),
    ]
    assert [line.split('"')[-2] for line in printed.getvalue().splitlines() if '"' in line] == [
        *("third", "fourth", "fifth"),
    ]
