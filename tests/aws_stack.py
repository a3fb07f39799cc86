"""TARGET=aws: a deployment that runs already, described by its outputs.

    terraform output -json >outputs.json
    AWS_STACK_OUTPUTS=outputs.json DISCORD_URL=https://stand-in.example TARGET=aws pytest ...

The deployment has the fixture application's public key, and its `discord_api_url` is that of the
stand-in at DISCORD_URL, which AWS can reach. Credentials, region and, for an emulator, the endpoint
are the SDK's own (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL). It causes costs: opt-in.
"""

import json
import os
from pathlib import Path

import boto3
import pytest

from emulation.rig.deployment import with_outputs
from emulation.rig.state import StackState


def state() -> StackState:
    """The deployment; the tests are skipped where none is named."""
    outputs, discord = os.environ.get("AWS_STACK_OUTPUTS"), os.environ.get("DISCORD_URL")
    if not outputs or not discord:
        pytest.skip("TARGET=aws needs AWS_STACK_OUTPUTS and DISCORD_URL")
    session = boto3.Session()
    known = StackState(
        target="aws",
        ready=True,
        aws_endpoint=os.environ.get("AWS_ENDPOINT_URL", ""),
        region=session.region_name or "us-east-1",
        discord_url=discord,
        discord_api_url=f"{discord}/api/v10",
    )
    answered = json.loads(Path(outputs).read_text())
    return with_outputs(known, {name: one["value"] for name, one in answered.items()})
