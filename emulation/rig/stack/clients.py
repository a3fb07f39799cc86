"""AWS clients that talk to the emulator of a stack."""

from typing import TypedDict

from emulation.rig.stack.parts import EMULATOR_CREDENTIALS
from emulation.rig.stack.state import StackState


class ClientOptions(TypedDict):
    """Keyword arguments of `boto3.client`."""

    endpoint_url: str
    region_name: str
    aws_access_key_id: str
    aws_secret_access_key: str


def client_options(state: StackState) -> ClientOptions:
    """What every client needs to reach the emulator and nothing else."""
    return {
        "endpoint_url": state.aws_endpoint,
        "region_name": state.region,
        "aws_access_key_id": EMULATOR_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": EMULATOR_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    }
