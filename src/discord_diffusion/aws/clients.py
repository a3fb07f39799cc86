"""Clients of AWS's SDK, all from one session: what they share is read once.

They come from botocore: boto3 would add its resources, which are not used here, and 20 ms to the
start of every function (docs/decisions/0101).
"""

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

SERVICES = ("autoscaling", "cloudwatch", "dynamodb", "ecs", "sqs", "stepfunctions")
"""Those that are used here."""
TWO_ATTEMPTS = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)
"""For the calls of functions for which no user waits."""


class _Loader(Loader):
    """Does not look through the folders of all services for one of ours: 14 ms of a start."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002
        return list(SERVICES)


def client(service: str, *, region: str | None, config: Config = TWO_ATTEMPTS) -> Any:
    """A client of one of `SERVICES`; the caller gives it its type."""
    return _session().create_client(service, region_name=region, config=config)


@cache
def _session() -> Session:
    session = Session()
    session.register_component("data_loader", _Loader())
    return session
