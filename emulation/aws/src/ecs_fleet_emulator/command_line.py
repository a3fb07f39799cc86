"""`ecs-fleet-emulator`: an emulated AWS account until SIGTERM or SIGINT."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from ecs_fleet_emulator.errors import EmulatorError
from ecs_fleet_emulator.testing import Tasks, running


def _parse_arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ecs-fleet-emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=4566, help="0: a free one; %(default)s")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="how much faster than on AWS fleets go"
    )
    parser.add_argument(
        "--alarm-speed", type=float, default=1.0, help="the same for alarms, cooldowns, schedules"
    )
    parser.add_argument(
        "--fleet", type=json.loads, default={}, help="more settings of the fleet, as JSON"
    )
    parser.add_argument("--iam", choices=("enforce", "off"), default="off")
    parser.add_argument(
        "--folder", type=Path, help="for its log and what it writes; default: a temporary one"
    )
    parser.add_argument(
        "--tasks-folder", type=Path, default=Path(), help="that tasks run in; default: this one"
    )
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    """Serve; `words` are those of the command line."""
    arguments = _parse_arguments(words)
    fleet = {"speed": arguments.speed, "alarm_speed": arguments.alarm_speed} | arguments.fleet
    # Before the start: what comes meanwhile ends it as well.
    signal.signal(signal.SIGTERM, _end)
    try:
        with running(
            Tasks(folder=arguments.tasks_folder.absolute(), fleet=fleet),
            port=arguments.port,
            folder=arguments.folder,
            region=arguments.region,
            enforces_iam=arguments.iam == "enforce",
        ) as aws:
            sys.stdout.write(f"The emulator serves at {aws.endpoint}; it logs to {aws.log}\n")
            sys.stdout.flush()
            # Not signal.pause(): a signal that comes just before it would not end it.
            while True:
                time.sleep(1)
    except KeyboardInterrupt:
        return
    except EmulatorError as error:
        raise SystemExit(f"The emulator did not start: {error}") from None


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
