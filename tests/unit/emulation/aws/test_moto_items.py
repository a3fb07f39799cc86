"""moto's items as the emulator builds and copies them."""

from copy import deepcopy
from typing import Any

import pytest
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

from ecs_fleet_emulator.services import items

ATTRIBUTES: dict[str, Any] = {
    "text": {"S": "a"},
    "set": {"SS": ["a", "b"]},
    "list": {"L": [{"N": "1"}, {"M": {"inner": {"BOOL": True}}}]},
    "map": {"M": {"inner": {"L": [{"S": "x"}]}}},
}


@pytest.fixture(autouse=True)
def moto_s_own_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LimitedSizeDict, "__setitem__", LimitedSizeDict.__setitem__)
    monkeypatch.setattr(Item, "__init__", Item.__init__)


def item(attributes: dict[str, Any]) -> Item:
    return Item(DynamoType({"S": "id"}), None, deepcopy(attributes))


def created(number: int) -> Item:
    """An item whose attribute has a name of its own, as a request's has."""
    return item({"".join(["crea", "ted"]): {"N": str(number)}})


def test_items_and_their_copies_share_names() -> None:
    (one,), (other,) = created(1).attrs, created(2).attrs
    assert one is not other
    items.apply()
    found = [created(1), created(2), items.copied(created(3))]
    found[1].attrs["".join(["crea", "ted"])] = DynamoType({"N": "2"})
    assert len({id(name) for one in found for name in one.attrs}) == 1
    assert [one.attrs["created"].value for one in found] == ["1", "2", "3"]


def test_an_item_is_that_of_moto_and_a_copy_of_it_is_another() -> None:
    expected = item(ATTRIBUTES)
    items.apply()
    original = item(ATTRIBUTES)
    copy = items.copied(original)
    assert original == expected == copy
    original.attrs["set"].value.append("c")
    original.attrs["list"].value[1].value["inner"].value = False
    original.attrs["map"].value["inner"].value.append(DynamoType({"S": "y"}))
    assert copy == expected != original


@pytest.mark.parametrize("kilobytes", [200, 390, 420])
@pytest.mark.parametrize("letter", ["x", "\N{SNOWMAN}"])
@pytest.mark.parametrize("in_name", [False, True])
def test_the_same_items_are_too_large(kilobytes: int, letter: str, *, in_name: bool) -> None:
    text = letter * (10_000 // len(letter.encode()))
    attributes = {
        f"a{number}{text if in_name else ''}": {"S": "y" if in_name else text}
        for number in range(kilobytes // 10)
    }

    def is_allowed() -> bool:
        try:
            item(attributes)
        except ItemSizeTooLarge:
            return False
        return True

    expected = is_allowed()
    assert expected == (kilobytes < 400)
    items.apply()
    assert is_allowed() == expected
