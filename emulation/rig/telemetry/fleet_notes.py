"""The fleet's changes in words, for the operations page."""

from typing import Any

_SHORT = 8
_MEMBERSHIP = {
    "ACTIVE": "has joined the cluster",
    "DRAINING": "is draining",
    "off": "has left the cluster",
}


def words(entry: dict[str, Any]) -> str:
    """An entry of the fleet agent's history as a sentence."""
    name, state = str(entry["name"]), str(entry["state"])
    match entry["what"]:
        case "service":
            return f"Desired count is {state}"
        case "group":
            return f"Desired capacity is {state}"
        case "instance":
            return f"Instance {name}: {state}"
        case "container_instance":
            return f"Instance {name} {_MEMBERSHIP.get(state, state)}"
        case "interruption":
            return f"Instance {name}: Spot {state}"
        case "protection":
            return f"Task {name[:_SHORT]} is {'' if state == 'on' else 'no longer '}protected"
        case _:
            where = f" on {entry['instance']}" if state == "PENDING" else ""
            why = f": {entry['reason']}" if entry.get("reason") else ""
            return f"Task {name[:_SHORT]} is {state}{where}{why}"
