"""What becomes of each member of AWS's requests: acted out, shown, or refused by name; pure.

A table has an entry for each structure of a service's requests, by the name of its shape. A member
that no table names is refused, and so is an operation whose input has no entry: nothing is accepted
and ignored, whatever AWS adds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape


@dataclass(frozen=True)
class Members:
    """The members of a structure, as words of a text.

    `acted`: the emulator does what AWS does, members of members by their own entries. `shown`: kept
    and shown as AWS does, and of no effect here. `only`: values that are acted out; others are
    refused.
    """

    acted: str = ""
    shown: str = ""
    only: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    def kind(self, member: str) -> str:
        """`acted out`, `shown`, or `refused`."""
        if member in self.acted.split():
            return "acted out"
        return "shown" if member in self.shown.split() else "refused"


Table = Mapping[str, Members]


def refused(table: Table, operation: OperationModel, request: Mapping[str, Any]) -> str | None:
    """The first thing of a request that is refused, by its path; None if there is none.

    What is empty, zero or false asks for nothing, and is never refused.
    """
    shape = operation.input_shape
    if shape is None or shape.name not in table:
        return str(operation.name)
    found = next(_refused(table, shape, request, ""), None)
    return found and f"{found} of {operation.name}"


def _refused(table: Table, shape: Shape, given: Any, path: str) -> Iterator[str]:
    if isinstance(shape, ListShape):
        for item in given:
            yield from _refused(table, shape.member, item, path)
    elif isinstance(shape, StructureShape):
        members = table.get(shape.name, Members())
        for name, value in given.items():
            if not value or name not in shape.members:
                continue
            where = f"{path}.{name}".removeprefix(".")
            kind, allowed = members.kind(name), members.only.get(name)
            if kind == "refused":
                yield where
            elif allowed is not None:
                values = value if isinstance(value, list) else [value]
                yield from (f"{where} {one}" for one in values if one not in allowed)
            elif kind == "acted out":
                yield from _refused(table, shape.members[name], value, where)


def paths(table: Table, operation: OperationModel) -> dict[str, str]:
    """What becomes of each member of an operation's request, by its path.

    Below a member that is shown or refused as a whole there are no further paths.
    """
    return {path: members.kind(name) for path, name, members in _walk(table, operation)}


def allowed_values(table: Table, operation: OperationModel) -> dict[str, tuple[object, ...]]:
    """The values of the members of which not all are acted out, by their paths."""
    found = _walk(table, operation)
    return {path: members.only[name] for path, name, members in found if name in members.only}


def _walk(table: Table, operation: OperationModel) -> Iterator[tuple[str, str, Members]]:
    """Path, name and the entry of each member of a request."""
    shape = operation.input_shape
    if shape is not None and shape.name in table:
        yield from _below(table, shape, "", ())


def _below(
    table: Table, shape: Shape, path: str, above: tuple[str, ...]
) -> Iterator[tuple[str, str, Members]]:
    inner = _structure(shape)
    if inner is None or inner.name in above:
        return
    members = table.get(inner.name, Members())
    for name, member in inner.members.items():
        where = f"{path}.{name}".removeprefix(".")
        yield where, name, members
        if members.kind(name) == "acted out" and name not in members.only:
            yield from _below(table, member, where, (*above, inner.name))


def _structure(shape: Shape) -> StructureShape | None:
    """The structure that a member is, or a list of which it is."""
    while isinstance(shape, ListShape):
        shape = shape.member
    return shape if isinstance(shape, StructureShape) else None
