"""Items share the names of their attributes."""

import pytest
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

from ecs_fleet_emulator.services import attribute_names
from ecs_fleet_emulator.services.update_expressions import copied


def item(number: int) -> Item:
    """An item whose attribute has a name of its own, as a request's has."""
    name = "".join(["crea", "ted"])
    return Item(DynamoType({"S": "id"}), None, {name: {"N": str(number)}})


def test_items_and_their_copies_share_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LimitedSizeDict, "__setitem__", LimitedSizeDict.__setitem__)
    (one,), (other,) = item(1).attrs, item(2).attrs
    assert one is not other
    attribute_names.apply()
    items = [item(1), item(2), copied(item(3))]
    assert len({id(name) for found in items for name in found.attrs}) == 1
    assert [found.attrs["created"].value for found in items] == ["1", "2", "3"]
