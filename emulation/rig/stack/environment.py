"""The environment that the rig's processes start with."""

import os
from collections.abc import MutableMapping

from emulation.rig.stack.ports import LOOPBACK


def keep_loopback_off_proxies(environment: MutableMapping[str, str]) -> None:
    """Have HTTP clients reach this machine directly, whatever proxy the person needs elsewhere."""
    for name in ("NO_PROXY", "no_proxy"):
        known = environment.get(name, "")
        environment[name] = ",".join(filter(None, (known, LOOPBACK, "localhost")))


_OF_THE_PERSON = (
    "HOME",
    "XDG_CACHE_HOME",
    "CUDA_VISIBLE_DEVICES",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    *(
        name
        for proxy in ("http_proxy", "https_proxy", "no_proxy")
        for name in (proxy, proxy.upper())
    ),
)
_HUB = "HF_"


def task_environment() -> dict[str, str]:
    """What a task inherits, beside what its task definition says: caches, proxies, the hub's."""
    env = base_environment()
    return {
        name: value
        for name, value in env.items()
        if name in _OF_THE_PERSON or name.startswith(_HUB)
    }


def base_environment() -> dict[str, str]:
    """What a process of ours inherits: nothing of the person's AWS account."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # Byte code is cached, whatever the shell says: a cold start is twice as slow without.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    keep_loopback_off_proxies(env)
    return env | {"PYTHONUNBUFFERED": "1", "AWS_EC2_METADATA_DISABLED": "true"}
