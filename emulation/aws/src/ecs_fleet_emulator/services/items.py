"""moto's items, built and copied in one pass over their attributes.

moto measures the whole item each time that it adds an attribute, so that an item of twenty
attributes is measured twenty times when it is written, and again when it is copied. It keeps the
names of attributes with each item anew: a fifth of the memory that an item takes.
"""

import sys
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.utilities import bytesize

_CERTAINLY_ALLOWED = 300_000
"""Bytes: for larger items moto's own way decides, whose limit is that of DynamoDB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items
"""


def apply() -> None:
    """Replace moto's methods."""
    set_one = LimitedSizeDict.__setitem__

    def set_attribute(attributes: Any, name: str, value: Any) -> None:
        set_one(attributes, sys.intern(name), value)

    def make(item: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
        item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
        values = {sys.intern(name): DynamoType(value) for name, value in attrs.items()}
        size = sum(bytesize(name) + value.size() for name, value in values.items())
        if size < _CERTAINLY_ALLOWED:
            dict.update(item.attrs, values)
            return
        for name, value in values.items():
            item.attrs[name] = value

    LimitedSizeDict.__setitem__ = set_attribute
    Item.__init__ = make


def copied(item: Any) -> Any:
    """A deep copy of an item; None for None."""
    if item is None:
        return None
    copy = Item.__new__(Item)
    copy.hash_key, copy.range_key, copy.attrs = item.hash_key, item.range_key, LimitedSizeDict()
    dict.update(copy.attrs, {name: _copied(value) for name, value in item.attrs.items()})
    return copy


def _copied(value: Any) -> Any:
    if isinstance(value, DynamoType):
        copy = DynamoType.__new__(DynamoType)
        copy.type, copy.value = value.type, _copied(value.value)
        return copy
    if isinstance(value, list):
        return [_copied(one) for one in value]
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    return value
