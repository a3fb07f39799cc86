"""`python -m emulation.telemetry --state-dir DIR`: runs beside a stack until it is ended."""

import argparse
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from emulation import function_logs, report
from emulation.errors import RigError
from emulation.stack import health
from emulation.stack.parts import WORKER
from emulation.stack.state import StackState, StateFolder
from emulation.stand_in import StandIn
from emulation.telemetry.lines import GrowingLogs, parsed
from emulation.telemetry.timeline import event_of

_PAUSE_SECONDS = 1.0


class Telemetry:
    """Looks at one stack and tells its stand-in."""

    def __init__(self, folder: StateFolder, state: StackState) -> None:
        self._state = state
        self._folder = folder
        self._stand_in = StandIn(state.discord_url)
        self._workers = GrowingLogs(folder.logs, f"{WORKER}-*.log")
        self._functions = function_logs.NewEvents(state)
        self._shown: dict[str, float] = {}

    def look(self) -> None:
        """Tell what is new since the last look."""
        for line in self._lines():
            if event := event_of(parsed(line)):
                # Jobs that were sent past the stand-in are not known to it.
                with contextlib.suppress(RigError):
                    self._stand_in.add_to_timeline(event.interaction_id, event.name, event.at)
        for name, value in self._numbers():
            # A point when a number changes and the one before it: lines that are level in between.
            if self._shown.get(name) != value:
                self._shown[name] = value
                self._stand_in.add_to_series(name, value)

    def _lines(self) -> Iterator[str]:
        yield from self._functions.read()
        yield from self._workers.new_lines()

    def _numbers(self) -> Iterator[tuple[str, float]]:
        depths = report.queue_depths(self._state)
        for name, value in vars(depths).items():
            if value is not None:
                yield f"queue/{name}", float(value)
        running = self._folder.load() or self._state
        workers = [
            one for one in health.of_processes(running) if one.name.startswith(WORKER) and one.alive
        ]
        yield "tasks/running", float(len(workers))


def main() -> None:
    """Look at the stack of the folder named on the command line, again and again."""
    parser = argparse.ArgumentParser(prog="python -m emulation.telemetry", description=__doc__)
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
