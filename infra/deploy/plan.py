"""A Terraform plan: the resources that it creates, changes and removes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

IRREPLACEABLE = (
    "aws_api_gateway_rest_api",
    "aws_dynamodb_table",
    "aws_sqs_queue",
)
"""Resource types whose removal loses waiting jobs, or the address that Discord knows."""

WORKER_TYPES = ("aws_ecs_task_definition", "aws_launch_template")
"""Resource types that decide whether a worker starts and draws."""

TAINTED = "tainted"
"""https://developer.hashicorp.com/terraform/internals/machine-readable-ui#planned-change"""

_ACTIONS = {
    "create": ("create",),
    "update": ("update",),
    "replace": ("delete", "create"),
    "delete": ("delete",),
    "remove": ("forget",),
}
"""What Terraform does to a resource, by the action of a planned change; others change none."""


@dataclass(frozen=True)
class Change:
    """One resource that a plan changes."""

    address: str
    type: str
    actions: tuple[str, ...]
    reason: str = ""
    """Terraform's reason for a replacement, as in `TAINTED`."""

    @property
    def removes(self) -> bool:
        """Whether the existing resource is removed, replaced or not."""
        return "delete" in self.actions


@dataclass(frozen=True)
class Plan:
    """All changes of a plan."""

    changes: tuple[Change, ...]

    @classmethod
    def from_events(cls, events: Iterable[Mapping[str, Any]]) -> "Plan":
        """Read the events that `terraform plan -json` prints."""
        planned = (event["change"] for event in events if event.get("type") == "planned_change")
        return cls(
            tuple(
                Change(
                    change["resource"]["addr"],
                    change["resource"]["resource_type"],
                    _ACTIONS[change["action"]],
                    change.get("reason", ""),
                )
                for change in planned
                if change["action"] in _ACTIONS
            )
        )

    def count(self, action: str) -> int:
        """The number of resources that an action affects; a replacement creates and deletes."""
        return sum(1 for change in self.changes if action in change.actions)

    @property
    def steps(self) -> int:
        """The number of actions; a replacement has two."""
        return sum(len(change.actions) for change in self.changes)

    @property
    def losses(self) -> tuple[Change, ...]:
        """Removals of irreplaceable resources.

        A tainted resource, which an interruption left half made, holds nothing yet: its replacement
        is no loss.
        """
        return tuple(
            change
            for change in self.changes
            if change.removes and change.type in IRREPLACEABLE and change.reason != TAINTED
        )

    @property
    def changes_worker(self) -> bool:
        """Whether workers start differently after it: another task, or another instance."""
        return any(
            change.type in WORKER_TYPES and set(change.actions) & {"create", "update"}
            for change in self.changes
        )

    def summary(self) -> str:
        """For example: 3 to make, 1 to change, 0 to remove."""
        created, changed, removed = map(self.count, ("create", "update", "delete"))
        return f"{created} to make, {changed} to change, {removed} to remove"
