"""A Terraform plan: what it would make, change and remove."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEEPS_SOMETHING = (
    "aws_api_gateway_rest_api",
    "aws_dynamodb_table",
    "aws_sqs_queue",
)
"""Types whose removal loses what users wait for, or the address that Discord knows."""

HALF_MADE = "replace_because_tainted"
"""https://developer.hashicorp.com/terraform/internals/json-format#change-representation"""


@dataclass(frozen=True)
class Change:
    """One resource that a plan touches."""

    address: str
    type: str
    actions: tuple[str, ...]
    reason: str = ""
    """Terraform's word for why it is replaced, if it is."""

    @property
    def removes(self) -> bool:
        """Whether what is there now goes, replaced or not."""
        return "delete" in self.actions


@dataclass(frozen=True)
class Plan:
    """All changes of a plan."""

    changes: tuple[Change, ...]

    @classmethod
    def from_json(cls, shown: Mapping[str, Any]) -> "Plan":
        """Read what `terraform show -json` says of a plan."""
        return cls(
            tuple(
                Change(
                    found["address"],
                    found["type"],
                    tuple(found["change"]["actions"]),
                    found.get("action_reason", ""),
                )
                for found in shown.get("resource_changes", ())
                if set(found["change"]["actions"]) - {"no-op", "read"}
            )
        )

    def count(self, action: str) -> int:
        """How many resources an action touches; a replacement creates and deletes."""
        return sum(1 for change in self.changes if action in change.actions)

    @property
    def steps(self) -> int:
        """How many resources are made, changed or removed, a replacement counting twice."""
        return sum(len(change.actions) for change in self.changes)

    @property
    def losses(self) -> tuple[Change, ...]:
        """What would be removed although it keeps something that can't be made again.

        What an interruption left half made keeps nothing yet, and is replaced without a word.
        """
        return tuple(
            change
            for change in self.changes
            if change.removes and change.type in KEEPS_SOMETHING and change.reason != HALF_MADE
        )

    def in_words(self) -> str:
        """For example: 3 to make, 1 to change, 0 to remove."""
        made, changed, removed = map(self.count, ("create", "update", "delete"))
        return f"{made} to make, {changed} to change, {removed} to remove"
