"""HTTP endpoints on the gateway, beside AWS's APIs.

GET  /_emulator/clock          {"moved_seconds": N, "now": Unix seconds}
POST /_emulator/clock/advance  {"seconds": N} lets so much time pass; the response comes when it has
"""

import json
import time
from typing import Any

from localstack.http import Request, Response

from ecs_fleet_emulator.errors import ClockError

from .advance import ADVANCER
from .moved_clock import CLOCK

PATH = "/_emulator/clock"


def add_to(router: Any) -> None:
    """Add both endpoints to the gateway's router."""
    router.add(PATH, _show, methods=["GET"])
    router.add(f"{PATH}/advance", _advance, methods=["POST"])


def _show(_request: Request) -> Response:
    return _json(_state())


def _advance(request: Request) -> Response:
    try:
        body = json.loads(request.get_data() or b"{}")
        seconds = body.get("seconds") if isinstance(body, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ClockError('the body has to be {"seconds": a number}')
        passed = ADVANCER.advance(seconds)
    except (ClockError, ValueError) as error:
        return _json({"error": str(error)}, 400)
    return _json(_state() | {"moments": dict(passed.moments)})


def _state() -> dict[str, Any]:
    return {"moved_seconds": CLOCK.moved, "now": time.time()}


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status, mimetype="application/json")
