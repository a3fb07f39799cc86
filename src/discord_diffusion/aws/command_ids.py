"""The table's item `commands`: the ids that Discord gave the slash commands.

No function has the bot token that Discord asks for to tell them, so whatever registers the commands
writes down what Discord answered (`infra/deploy/command_ids.py`). `/help` alone reads it.
"""

import logging
from collections.abc import Mapping

from discord_diffusion.aws.dynamodb import Table, from_item
from discord_diffusion.aws.errors import StoreError

log = logging.getLogger(__name__)

COMMANDS = "commands"
"""The id of the item; its attribute `ids` is a map."""


class CommandIds:
    """That item."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def by_command(self) -> Mapping[str, str]:
        """The ids by the commands' names; none where they are not known, or can't be read now."""
        try:
            item = self._table.get_item(COMMANDS)
        except StoreError as error:
            log.warning("The ids of the commands could not be read", extra={"reason": str(error)})
            return {}
        ids: Mapping[str, str] = from_item(item)["ids"] if item else {}
        return ids
