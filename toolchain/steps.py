"""Steps of a set-up, each repeated only when its inputs have changed."""

from __future__ import annotations

import fcntl
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolchain.display import Display


@dataclass(frozen=True)
class Step:
    """One thing to set up.

    Attributes:
        title: its name on the screen and in `needs`.
        action: the function that does it; raises ToolchainError.
        inputs: everything the result depends on; a change runs the step again.
        result: a file or folder that must exist for the step to count as done.
        needs: titles of the steps that must be done before; a plan lists those before it.
    """

    title: str
    action: Callable[[], None]
    inputs: tuple[str, ...]
    result: Path
    needs: tuple[str, ...] = ()


def files_digest(*paths: Path) -> str:
    """One hash over the contents of files, and of every source file below folders."""
    digest = hashlib.sha256()
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inside:
            is_byte_code = "__pycache__" in file.parts or file.suffix == ".pyc"
            if file.is_file() and not is_byte_code:
                name = file.relative_to(path) if file != path else file.name
                digest.update(f"{name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


@contextmanager
def one_at_a_time(cache: Path) -> Iterator[None]:
    """Let one set-up of a checkout run at a time; a second one waits for the first."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "setup.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("Waiting for another set-up of this checkout ...\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Plan:
    """Runs those steps that are not up to date, side by side where none needs the other."""

    def __init__(self, steps: Iterable[Step], stamps: Path) -> None:
        self._steps = tuple(steps)
        self._stamps = stamps

    def outdated(self) -> list[Step]:
        """The steps whose inputs changed, whose result is missing, or that need such a step."""
        outdated: dict[str, Step] = {}
        for step in self._steps:
            stamp = self._stamp(step)
            done = stamp.exists() and stamp.read_text() == _inputs_digest(step)
            if not done or not step.result.exists() or any(need in outdated for need in step.needs):
                outdated[step.title] = step
        return list(outdated.values())

    def run(self, display: Display) -> int:
        """Run the outdated steps and return their number. The first error is raised."""
        outdated = self.outdated()
        running: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(max_workers=max(1, len(outdated))) as pool:
            for step in outdated:
                needs = [running[title] for title in step.needs if title in running]
                running[step.title] = pool.submit(self._run_after, needs, step, display)
        for future in running.values():
            future.result()
        return len(outdated)

    def _run_after(self, needs: list[Future[None]], step: Step, display: Display) -> None:
        for need in needs:
            need.result()  # a need that failed ends this step with the same error
        stamp = self._stamp(step)
        stamp.unlink(missing_ok=True)
        display.run(step.title, step.action)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(_inputs_digest(step))

    def _stamp(self, step: Step) -> Path:
        return self._stamps / step.title.replace(" ", "-")


def _inputs_digest(step: Step) -> str:
    return hashlib.sha256("\0".join(step.inputs).encode()).hexdigest()
