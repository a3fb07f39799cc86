"""Where the tests run, and on which emulator.

TARGET=host (processes), docker (containers) or aws (a deployment). RIG_EMULATOR=localemu takes
LocalEmu for AWS, on target `host` alone: `make test-integration EMULATOR=localemu`.
"""

import os

from toolchain.layout import LOCALEMU, LOCALSTACK

HOST, DOCKER, AWS = "host", "docker", "aws"
TARGET = os.environ.get("TARGET") or HOST
assert TARGET in (HOST, DOCKER, AWS), f"TARGET={TARGET}: host, docker and aws are allowed"
EMULATOR = os.environ.get("RIG_EMULATOR") or LOCALSTACK
assert EMULATOR in ((LOCALSTACK, LOCALEMU) if TARGET == HOST else (LOCALSTACK,)), (
    f"EMULATOR={EMULATOR} with TARGET={TARGET}: localstack, and localemu on host, are allowed"
)
