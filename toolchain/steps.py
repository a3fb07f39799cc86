"""Steps of a set-up, each done again only when what it is made from has changed."""

import fcntl
import hashlib
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
        action: does it; raises ToolchainError.
        inputs: everything the result depends on; a change runs the step again.
        result: a file or folder that must exist for the step to count as done.
        needs: titles of the steps that must be done before; these are listed before it.
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
    """Let one set-up of a checkout run at a time; another one waits and finds its work done."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "setup.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Plan:
    """Runs the steps that are due, side by side where they do not need each other."""

    def __init__(self, steps: Iterable[Step], stamps: Path) -> None:
        self._steps = tuple(steps)
        self._stamps = stamps

    def due(self) -> list[Step]:
        """The steps whose inputs changed, whose result is missing, or that need such a step."""
        due: dict[str, Step] = {}
        for step in self._steps:
            again = any(need in due for need in step.needs)
            if again or not step.result.exists() or not self._is_stamped(step):
                due[step.title] = step
        return list(due.values())

    def run(self, display: Display) -> int:
        """Do what is due and return how many steps that was. The first error is raised."""
        due = self.due()
        running: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(max_workers=max(1, len(due))) as pool:
            for step in due:
                needs = [running[title] for title in step.needs if title in running]
                running[step.title] = pool.submit(self._run_after, needs, step, display)
        for future in running.values():
            future.result()
        return len(due)

    def _run_after(self, needs: list[Future[None]], step: Step, display: Display) -> None:
        for need in needs:
            need.result()  # a need that failed ends this step with the same error
        stamp = self._stamp(step)
        stamp.unlink(missing_ok=True)
        display.run(step.title, step.action)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(_inputs_digest(step))

    def _is_stamped(self, step: Step) -> bool:
        stamp = self._stamp(step)
        return stamp.exists() and stamp.read_text() == _inputs_digest(step)

    def _stamp(self, step: Step) -> Path:
        return self._stamps / step.title.replace(" ", "-")


def _inputs_digest(step: Step) -> str:
    return hashlib.sha256("\0".join(step.inputs).encode()).hexdigest()
