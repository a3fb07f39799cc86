"""The pages on commands and messages say what the data says."""

from infra.documents import channel_documents
from toolchain.layout import Layout

DOCS = Layout.of_this_checkout().root / "docs"


def test_the_page_on_commands_is_up_to_date() -> None:
    assert (DOCS / "commands.md").read_text().endswith(channel_documents.commands() + "\n")


def test_the_page_on_messages_is_up_to_date() -> None:
    assert (DOCS / "messages.md").read_text().endswith(channel_documents.messages() + "\n")
