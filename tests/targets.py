"""Where the tests run: TARGET=host (processes), docker (containers) or aws (a deployment)."""

import os

HOST, DOCKER, AWS = "host", "docker", "aws"
TARGET = os.environ.get("TARGET") or HOST
assert TARGET in (HOST, DOCKER, AWS), f"TARGET={TARGET}: host, docker and aws are allowed"
