"""`python -m emulation.rig.docker.doctor`: what this machine can do, and the target to use.

Standard library only. The exit status is 0 where at least one target can be used.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from emulation.rig.docker.checks import (
    DOCKER,
    GPU,
    HOST,
    Check,
    all_checks,
)
from toolchain.layout import Layout

COMMANDS = {
    HOST: "make local-up",
    DOCKER: "make local-up RUNTIME=docker",
    GPU: "make local-up RUNTIME=docker",
}
_REASONS = {
    HOST: "everything in processes: the quickest to start and to change",
    DOCKER: "everything in containers, from the images that AWS runs",
    GPU: "everything in containers, and workers on the GPU",
}


@dataclass(frozen=True)
class Examination:
    """All checks, and the target that they advise; None where nothing can be used."""

    checks: tuple[Check, ...]
    usable: tuple[str, ...]
    target: str | None

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)

    def as_text(self) -> str:
        """For people: a line a check, what mends each lack, the advice."""
        lines = [line for check in self.checks for line in _lines(check)]
        advice = [f"  {COMMANDS[one]:<30}{_REASONS[one]}" for one in self.usable]
        if not self.target:
            return "\n".join([*lines, "", "No target can be used yet.", ""])
        return "\n".join([*lines, "", f"Use: {COMMANDS[self.target]}", "Usable:", *advice, ""])


def examine(layout: Layout) -> Examination:
    """Look at this machine."""
    return advise(all_checks(layout))


def advise(checks: Sequence[Check]) -> Examination:
    """What the checks allow; the GPU comes first, for nothing else draws as people will see it."""
    lacking = {target for check in checks if not check.ok for target in check.needed}
    usable = [target for target in (HOST, DOCKER) if target not in lacking]
    if DOCKER in usable and GPU not in lacking:
        usable[usable.index(DOCKER)] = GPU
    best = GPU if GPU in usable else next(iter(usable), None)
    return Examination(tuple(checks), tuple(usable), best)


def _lines(check: Check) -> list[str]:
    mark = "✓" if check.ok else "✗"
    line = f"  {mark} {check.name:<26}{check.found}"
    if check.ok:
        return [line]
    return [line, f"{'':30}for {', '.join(check.needed)}: {check.mend}"]


def main() -> int:
    """Print the examination; the exit status."""
    found = examine(Layout.of_this_checkout())
    sys.stdout.write(found.as_text())
    return 0 if found.target else 1


if __name__ == "__main__":
    sys.exit(main())
