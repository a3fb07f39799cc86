"""The environment that the rig's processes start with."""

import os
from collections.abc import MutableMapping

from emulation.stack.ports import LOOPBACK


def keep_loopback_off_proxies(environment: MutableMapping[str, str]) -> None:
    """Have HTTP clients reach this machine directly, whatever proxy the person needs elsewhere."""
    for name in ("NO_PROXY", "no_proxy"):
        known = environment.get(name, "")
        environment[name] = ",".join(filter(None, (known, LOOPBACK, "localhost")))


def base_environment() -> dict[str, str]:
    """What a process of ours inherits: nothing of the person's AWS account."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # Byte code is cached, whatever the shell says: a cold start is twice as slow without.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    keep_loopback_off_proxies(env)
    return env | {"PYTHONUNBUFFERED": "1", "AWS_EC2_METADATA_DISABLED": "true"}
