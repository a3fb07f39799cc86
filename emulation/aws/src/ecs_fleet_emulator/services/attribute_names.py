"""The names of attributes in moto's items, each kept once.

The items of a table have the same few names, which moto keeps with each of them anew: a fifth of
the memory that an item takes.
"""

import sys
from typing import Any

from moto.dynamodb.models.dynamo_type import LimitedSizeDict


def apply() -> None:
    """Replace moto's method."""
    original = LimitedSizeDict.__setitem__

    def set_attribute(attributes: Any, name: str, value: Any) -> None:
        original(attributes, sys.intern(name), value)

    LimitedSizeDict.__setitem__ = set_attribute
