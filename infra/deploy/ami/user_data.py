"""What the builder does when it starts: pull the worker's image, and stop.

The ECS agent starts after the user data has ended, and so never does here: nothing of a cluster is
kept in the AMI. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_container_instance.html
"""

import json
import shlex

MARK = "discord-diffusion-ami"
FAILED, PULLED = f"{MARK}: failed", f"{MARK}: pulled"
PULL_SECONDS = 2400

# The login is the role's, by AWS's credential helper, and is kept nowhere: the AMI has no secret.
# https://github.com/awslabs/amazon-ecr-credential-helper
_SCRIPT = """#!/bin/bash
# Pulls the worker's image and stops the instance: `make ami` waits for that.
exec > >(tee /dev/console) 2>&1
finish() {{
  echo "{mark}: $1"
  rm -rf /root/.docker /root/.ecr /var/lib/ecs/data/*
  sync
  sleep 5
  shutdown -h now
  exit
}}
trap 'finish failed' ERR
set -Eeuo pipefail
export HOME=/root AWS_ECR_DISABLE_CACHE=true
image={image}
timeout 300 bash -c 'until docker info >/dev/null 2>&1; do sleep 2; done'
{login}timeout {pull_seconds} docker pull --quiet "$image"
docker image inspect --format '{mark}: {{{{.Id}}}}, {{{{.Size}}}} bytes' "$image"
finish pulled
"""
_LOGIN = """command -v docker-credential-ecr-login >/dev/null ||
  dnf install -y -q amazon-ecr-credential-helper
install -d -m 0700 /root/.docker
echo {config} >/root/.docker/config.json
"""


def user_data(image: str) -> str:
    """The script for an image of ECR, or of a registry that asks for no login."""
    registry = image.split("/", 1)[0]
    login = ""
    if ".dkr.ecr." in registry:
        config = json.dumps({"credHelpers": {registry: "ecr-login"}})
        login = _LOGIN.format(config=shlex.quote(config))
    return _SCRIPT.format(
        mark=MARK, image=shlex.quote(image), login=login, pull_seconds=PULL_SECONDS
    )


def failure(console: str) -> str | None:
    """What the builder's console says of a failure, its last lines; None if it says of none."""
    if FAILED not in console:
        return None
    lines = [line.strip() for line in console.splitlines() if line.strip()]
    return "\n".join(lines[-15:])
