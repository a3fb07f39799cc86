"""The generated page docs/reference/emulated-requests.md: what of each request is acted out."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
from botocore.model import OperationModel

from .autoscaling_members import AUTOSCALING
from .ecs_members import ECS
from .request_members import Table, allowed_values, paths

TABLES: Mapping[str, tuple[str, Table]] = {
    "Amazon ECS": ("ecs", ECS),
    "Amazon EC2 Auto Scaling": ("autoscaling", AUTOSCALING),
}
_HEAD = """<!-- Written by `make pages`. -->
# Requests of the emulated fleet

What the emulator does with the members of ECS's and Auto Scaling's requests. *Acted out*: it does
what AWS does. *Shown*: kept and shown as AWS does, of no effect here; what is an image's, a
network's or a limit's takes effect where containers are Docker's. **All other members and
operations are refused by name**, with status 501, also those that AWS adds. What is empty, zero or
false asks for nothing, and is never refused.
"""


def page() -> str:
    """The page's Markdown."""
    session: Any = botocore.session.get_session()
    lines = [_HEAD]
    for title, (service, table) in TABLES.items():
        lines += [f"## {title}\n", "| operation | acted out | shown |", "|---|---|---|"]
        model = session.get_service_model(service)
        for name in model.operation_names:
            lines += _row(table, model.operation_model(name))
        lines.append("")
    return "\n".join(lines)


def _row(table: Table, operation: OperationModel) -> Iterator[str]:
    shape = operation.input_shape
    if shape is None or shape.name not in table:
        return
    found = paths(table, operation)
    values = allowed_values(table, operation)
    acted, shown = (
        ", ".join(
            f"`{path}`{_only(values, path)}"
            for path in found
            if found[path] == kind and not any(one.startswith(f"{path}.") for one in found)
        )
        for kind in ("acted out", "shown")
    )
    yield f"| {operation.name} | {acted} | {shown} |"


def _only(values: Mapping[str, tuple[object, ...]], path: str) -> str:
    return f" ({', '.join(map(str, values[path]))})" if path in values else ""


if __name__ == "__main__":
    sys.stdout.write(page())
