"""docs/commands.md and docs/messages.md are what the data generates."""

from infra.command_and_message_pages import commands, messages
from toolchain.layout import Layout

DOCS = Layout.of_this_checkout().root / "docs"


def test_the_page_on_commands_is_up_to_date() -> None:
    assert (DOCS / "commands.md").read_text().endswith(commands() + "\n")


def test_the_page_on_messages_is_up_to_date() -> None:
    assert (DOCS / "messages.md").read_text().endswith(messages() + "\n")
