"""A plug-in of pytest: LocalStack's tests use the emulator that GATEWAY_LISTEN names.

Their conftest.py sets the port 4566, which is not free on every machine.
"""

import os

import pytest
from localstack import config as localstack_config


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Undo what tests/aws/conftest.py sets."""
    host, _, port = os.environ["GATEWAY_LISTEN"].rpartition(":")
    address = localstack_config.HostAndPort(host=host, port=int(port))
    localstack_config.GATEWAY_LISTEN = localstack_config.UniqueHostAndPortList([address])
