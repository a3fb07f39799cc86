"""`python -m emulation.rig.watcher --state-dir DIR`: brings edits of the code to a running stack.

The emulator reloads the functions itself. Changed commands are registered, and the workers are
replaced: each ends its jobs first. While a file has a syntax error, everything goes on as it was.
"""

import argparse
import subprocess
import sys
import tokenize
from collections.abc import Iterable
from pathlib import Path

import boto3
import watchfiles
from botocore.exceptions import BotoCoreError, ClientError

from emulation.rig.emulator_client import client_options
from emulation.rig.state import StackState, StateFolder
from toolchain.layout import Layout

NOT_OF_WORKERS = ("functions", "fleet")
"""Packages that no worker imports (.importlinter)."""
_LOOK_MILLISECONDS = 1000
_REASON = "The code has changed"


def syntax_errors(files: Iterable[Path]) -> list[str]:
    """What is wrong with Python files, a text each."""
    found = []
    for file in files:
        try:
            with tokenize.open(file) as source:
                compile(source.read(), str(file), "exec")
        except (SyntaxError, ValueError) as error:
            line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            found.append(f"{file}{line}: {error}")
    return found


def concerns_workers(package: Path, changed: Iterable[Path]) -> bool:
    """Whether a worker may import one of the changed files of the package."""
    return any(path.relative_to(package).parts[0] not in NOT_OF_WORKERS for path in changed)


def replace_workers(state: StackState) -> int:
    """Ask ECS to stop every worker, each after its jobs; the service starts others.

    Returns:
        The number of workers that end.
    """
    ecs = boto3.client("ecs", **client_options(state))
    cluster = state.ecs_cluster_name
    running = ecs.list_tasks(cluster=cluster, serviceName=state.ecs_service_name)["taskArns"]
    for task in running:
        ecs.stop_task(cluster=cluster, task=task, reason=_REASON)
    return len(running)


class Watcher:
    """Acts on the edits of one stack's code."""

    def __init__(self, layout: Layout, folder: StateFolder, state: StackState) -> None:
        self._package = layout.root / "src" / "discord_diffusion"
        self._folder = folder
        self._state = state

    def run(self) -> None:
        """Act on every edit until the process is ended."""
        looks = watchfiles.watch(
            self._package,
            watch_filter=_is_code,
            step=50,
            rust_timeout=_LOOK_MILLISECONDS,
            yield_on_timeout=True,
        )
        for changes in looks:
            # The first look is over, so whatever is edited from now on is seen.
            self._folder.watching.touch()
            if changes:
                self.act_on({Path(path) for _, path in changes})

    def act_on(self, changed: set[Path]) -> None:
        """Register changed commands and replace the workers, if the files can be read."""
        python = sorted(path for path in changed if path.suffix == ".py" and path.exists())
        if wrong := syntax_errors(python):
            _say("Nothing is reloaded: " + "; ".join(wrong))
            return
        self._register()
        if concerns_workers(self._package, changed):
            try:
                _say(f"{replace_workers(self._state)} workers are replaced")
            except (BotoCoreError, ClientError) as error:
                _say(f"The workers go on as they were: {error}")

    def _register(self) -> None:
        # In a process of its own, which imports the code of now.
        words = ["-m", "emulation", "register", "--state-dir", str(self._folder.path)]
        subprocess.run([sys.executable, *words], check=False)


def _is_code(_change: watchfiles.Change, path: str) -> bool:
    return path.endswith((".py", ".json"))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    """Watch the checkout for the stack in the folder that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m emulation.rig.watcher")
    parser.add_argument("--state-dir", type=Path, required=True)
    folder = StateFolder(parser.parse_args().state_dir)
    state = folder.load()
    if state is None:
        raise SystemExit(f"no stack in {folder.path}")
    Watcher(Layout.of_this_checkout(), folder, state).run()


if __name__ == "__main__":
    main()
