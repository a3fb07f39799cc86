"""Clients of AWS's SDK, all from one session: what they share is read once.

From botocore itself: boto3 would add its resources, which nobody uses here, and 20 ms to the start
of every function (docs/decisions/0101).
"""

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session


def client(service: str, *, region: str | None, config: Config) -> Any:
    """A client of a service; the caller gives it its type."""
    return _session().create_client(service, region_name=region, config=config)


@cache
def _session() -> Session:
    return Session()
