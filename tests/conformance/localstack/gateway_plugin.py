"""A plug-in of pytest: LocalStack's tests use the emulator that GATEWAY_LISTEN names.

Their conftest.py sets the port 4566, which is not free on every machine, and they change settings
of LocalStack in their own process; here the emulator is told, too.
"""

import json
import os
import urllib.request
from typing import Any

import pytest
from localstack import config as localstack_config

_setattr = pytest.MonkeyPatch.setattr
_undo = pytest.MonkeyPatch.undo


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Undo what tests/aws/conftest.py sets."""
    host, _, port = os.environ["GATEWAY_LISTEN"].rpartition(":")
    address = localstack_config.HostAndPort(host=host, port=int(port))
    localstack_config.GATEWAY_LISTEN = localstack_config.UniqueHostAndPortList([address])
    pytest.MonkeyPatch.setattr = _changed
    pytest.MonkeyPatch.undo = _restored


def _changed(self: Any, target: Any, name: Any, *values: Any, **given: Any) -> None:
    """As pytest; a setting of LocalStack is changed in the emulator, too."""
    if target is localstack_config:
        kept = self.__dict__.setdefault("settings", {})
        kept.setdefault(name, getattr(localstack_config, name))
        _tell(name, values[0])
    _setattr(self, target, name, *values, **given)


def _restored(self: Any) -> None:
    """As pytest; settings of the emulator are what they were, too."""
    for name, value in self.__dict__.pop("settings", {}).items():
        _tell(name, value)
    _undo(self)


def _tell(name: str, value: Any) -> None:
    """https://docs.localstack.cloud/references/configuration/ (ENABLE_CONFIG_UPDATES)"""
    request = urllib.request.Request(
        f"http://{os.environ['GATEWAY_LISTEN']}/_localstack/config",
        json.dumps({"variable": name, "value": value}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30):
        pass
