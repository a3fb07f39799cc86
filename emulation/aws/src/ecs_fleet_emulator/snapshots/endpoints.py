"""The HTTP endpoint of snapshots on the gateway, beside AWS's APIs.

GET /_emulator/snapshot?emulator=127.0.0.1:4566&...    the state, pickled; addresses by name

An emulator is restored while it starts: `restore_at_start`.
"""

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localstack.http import Request, Response

from ecs_fleet_emulator.clock.moved_clock import CLOCK
from ecs_fleet_emulator.errors import SnapshotError

if TYPE_CHECKING:
    from ecs_fleet_emulator.fleet.agent import FleetAgent

LOG = logging.getLogger(__name__)

SNAPSHOT_PATH = "/_emulator/snapshot"
# The file that holds the state to be restored, and the addresses in it, as a JSON object.
SNAPSHOT = "EMULATOR_SNAPSHOT"
ADDRESSES = "EMULATOR_ADDRESSES"


class SnapshotEndpoints:
    """The endpoint of one emulator with its fleet agent."""

    def __init__(self, agent: "FleetAgent") -> None:
        self._agent = agent

    def add_to(self, router: Any) -> None:
        """Add the endpoint to the gateway's router."""
        router.add(SNAPSHOT_PATH, self._save, methods=["GET"])

    def _save(self, request: Request) -> Response:
        from . import snapshot  # imports services, which take long and may not be needed

        try:
            if CLOCK.moved:
                raise SnapshotError(
                    "time was moved, and a stack that starts from a snapshot has the real time:"
                    " start a fresh one, and save that"
                )
            pickled = snapshot.save(self._agent, request.args.to_dict())
        except SnapshotError as error:
            LOG.warning("%s", error, exc_info=True)
            content = json.dumps({"error": str(error)})
            return Response(content, 409, mimetype="application/json")
        return Response(pickled, mimetype="application/octet-stream")


def restore_at_start(agent: "FleetAgent") -> None:
    """Restore the snapshot that the environment names, if it does.

    The process ends if that fails: an emulator with half of a state answers wrongly.
    """
    name = os.environ.get(SNAPSHOT)
    if not name:
        return
    from . import snapshot

    addresses = json.loads(os.environ.get(ADDRESSES) or "{}")
    try:
        snapshot.restore(agent, Path(name).read_bytes(), addresses)
    except (OSError, SnapshotError):
        LOG.exception("the emulator ends, since it can't start from %s", name)
        logging.shutdown()
        os._exit(1)
