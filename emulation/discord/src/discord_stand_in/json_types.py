"""JSON objects: before anything has checked them, and as the control API reads its bodies."""

from typing import Any

from pydantic import BaseModel, ConfigDict

Json = dict[str, Any]


class StrictModel(BaseModel):
    """The root of the control API's bodies: unknown fields and infinite numbers are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
