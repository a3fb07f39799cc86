"""Clients of AWS's SDK, all from one session, which reads their shared data once.

botocore makes them: boto3 would add resources, which are not used here, and 20 ms to the start of
every function (docs/decisions/0101).
"""

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

SERVICES = ("autoscaling", "cloudwatch", "dynamodb", "ecs", "sqs", "stepfunctions")
"""The services that the project uses."""
TWO_ATTEMPTS = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)
"""For functions that no user waits for."""


class _Loader(Loader):
    """Lists only the services in use; listing the folders of all services takes 14 ms."""

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
