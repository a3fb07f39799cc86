"""`python -m emulation.rig.telemetry --state-dir DIR`: runs beside a stack until it is ended."""

import argparse
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from emulation.rig import function_logs
from emulation.rig.errors import RigError
from emulation.rig.fleet_agent import FleetAgent
from emulation.rig.stack.parts import TASK_LOGS
from emulation.rig.stack.state import StackState, StateFolder
from emulation.rig.stand_in_client import StandIn
from emulation.rig.telemetry.fleet_notes import words
from emulation.rig.telemetry.lines import GrowingLogs, parsed
from emulation.rig.telemetry.numbers import Numbers
from emulation.rig.telemetry.timeline import event_of

_PAUSE_SECONDS = 1.0


class Telemetry:
    """Looks at one stack and tells its stand-in."""

    def __init__(self, folder: StateFolder, state: StackState) -> None:
        self._stand_in = StandIn(state.discord_url)
        self._workers = GrowingLogs(folder.logs, TASK_LOGS)
        self._functions = function_logs.NewEvents(state, "interactions")
        self._numbers = Numbers(state)
        self._agent = FleetAgent(state.aws_endpoint)
        self._shown: dict[str, float] = {}
        self._noted = 0

    def look(self) -> None:
        """Tell what is new since the last look."""
        for line in self._lines():
            if event := event_of(parsed(line)):
                # Jobs that were sent past the stand-in are not known to it.
                with contextlib.suppress(RigError):
                    self._stand_in.add_to_timeline(event.interaction_id, event.name, event.at)
        for name, value in self._numbers.read():
            # A point when a number changes and the one before it: lines that are level in between.
            if self._shown.get(name) != value:
                self._shown[name] = value
                self._stand_in.add_to_series(name, value)
        for entry in self._agent.history(self._noted):
            self._stand_in.add_note(words(entry), entry["at"])
            self._noted = entry["number"]

    def _lines(self) -> Iterator[str]:
        yield from self._functions.read()
        yield from self._workers.new_lines()


def main() -> None:
    """Look at the stack of the folder named on the command line, again and again."""
    parser = argparse.ArgumentParser(prog="python -m emulation.rig.telemetry", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True)
    folder = StateFolder(parser.parse_args().state_dir)
    state = folder.load()
    if state is None:
        raise SystemExit(f"no stack in {folder.path}")
    telemetry = Telemetry(folder, state)
    while True:
        # The stand-in or the emulator may be going down, or busy: the next look tells more.
        with contextlib.suppress(RigError):
            telemetry.look()
        time.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    main()
