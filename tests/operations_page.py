"""Commands of docs/operations.md, as arguments of the calls that they make."""

import json
import re
import shlex
from typing import Any

from toolchain.layout import Layout

_PAGE = Layout.of_this_checkout().root / "docs" / "operations.md"


def update_that_forgets_failed_starts(table: str) -> dict[str, Any]:
    """The arguments of DynamoDB's UpdateItem with which an operator lets the fleet try at once."""
    [command] = re.findall(r"`aws dynamodb update-item ([^`]+)`", _PAGE.read_text("utf-8"))
    words = shlex.split(command)
    options = dict(zip(words[::2], words[1::2], strict=True))
    return {
        "TableName": table,
        "Key": json.loads(options["--key"]),
        "UpdateExpression": options["--update-expression"],
        "ExpressionAttributeValues": json.loads(options["--expression-attribute-values"]),
    }
