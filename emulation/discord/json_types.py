"""`Json`: a JSON object before anything has checked it."""

from typing import Any

Json = dict[str, Any]
