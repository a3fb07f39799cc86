"""docs/commands.md and docs/messages.md are what the data generates."""

from pathlib import Path
from shutil import copy

from infra.command_and_message_pages import commands, messages, write
from toolchain.layout import Layout

DOCS = Layout.of_this_checkout().root / "docs"


def test_the_page_on_commands_is_up_to_date() -> None:
    assert (DOCS / "commands.md").read_text().endswith(commands() + "\n")


def test_the_page_on_messages_is_up_to_date() -> None:
    assert (DOCS / "messages.md").read_text().endswith(messages() + "\n")


def test_make_pages_writes_the_generated_parts_and_leaves_the_rest(tmp_path: Path) -> None:
    for name, row in (("commands", "| `seed` |"), ("messages", "| `refused.queue` |")):
        page = Path(copy(DOCS / f"{name}.md", tmp_path))
        page.write_text(page.read_text().replace(row, "| of yesterday |", 1))
    write(tmp_path)
    for name in ("commands.md", "messages.md"):
        assert (tmp_path / name).read_text() == (DOCS / name).read_text()
