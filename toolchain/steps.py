"""A step of the set-up, done again only when what it is made from has changed."""

import fcntl
import hashlib
import threading
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
        title: what a person reads while it runs.
        action: does it; raises SetupError.
        inputs: everything the result depends on; a change runs the step again.
        result: a file or folder that must exist for the step to count as done.
        needs: titles of the steps that must be done before.
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
            hidden = "__pycache__" in file.parts or file.suffix == ".pyc"
            if file.is_file() and not hidden:
                name = file.relative_to(path) if file != path else file.name
                digest.update(f"{name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


@contextmanager
def one_at_a_time(cache: Path) -> Iterator[None]:
    """Let one set-up of a checkout run at a time; another one waits and finds its work done."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "setup.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Plan:
    """Runs the steps that are due, side by side where they do not need each other."""

    def __init__(self, steps: Iterable[Step], stamps: Path) -> None:
        self._steps = {step.title: step for step in steps}
        self._stamps = stamps

    def due(self) -> list[Step]:
        """The steps whose inputs changed, whose result is missing, or that need such a step."""
        due: dict[str, Step] = {}
        for step in self._steps.values():
            again = any(need in due for need in step.needs)
            if again or not step.result.exists() or self._stamp(step) != self._key(step):
                due[step.title] = step
        return list(due.values())

    def run(self, display: Display) -> int:
        """Do what is due and return how many steps that was. The first error is raised."""
        due = self.due()
        ended = {step.title: threading.Event() for step in due}
        failed = threading.Event()
        with ThreadPoolExecutor(max_workers=max(1, len(due))) as pool:
            futures: list[Future[None]] = [
                pool.submit(self._run_one, step, ended, failed, display) for step in due
            ]
        for future in futures:
            future.result()
        return len(due)

    def _run_one(
        self,
        step: Step,
        ended: dict[str, threading.Event],
        failed: threading.Event,
        display: Display,
    ) -> None:
        try:
            for need in step.needs:
                if need in ended:
                    ended[need].wait()
            if failed.is_set():
                return
            self._path(step).unlink(missing_ok=True)
            display.run(step.title, step.action)
            self._stamps.mkdir(parents=True, exist_ok=True)
            self._path(step).write_text(self._key(step))
        except BaseException:
            failed.set()
            raise
        finally:
            ended[step.title].set()

    def _path(self, step: Step) -> Path:
        return self._stamps / step.title.replace(" ", "-")

    def _stamp(self, step: Step) -> str | None:
        path = self._path(step)
        return path.read_text() if path.exists() else None

    @staticmethod
    def _key(step: Step) -> str:
        return hashlib.sha256("\0".join(step.inputs).encode()).hexdigest()
