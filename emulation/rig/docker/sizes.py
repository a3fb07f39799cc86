"""`python -m emulation.rig.docker.sizes IMAGE...`: the size of each layer of images, oldest first.

The worker's image is held to its budgets too: the status is 1 where a part is larger.
"""

import sys

from emulation.rig.docker import budgets
from emulation.rig.docker.client import docker
from emulation.rig.errors import StartError

_MEGABYTE = 1_000_000
_SHOWN = 84
_WORKER = "/worker"


def layers(image: str) -> list[tuple[int, str]]:
    """Bytes and what made them, of each layer that is not empty, oldest first.

    Raises:
        StartError: there is no such image.
    """
    form = "{{.Size}}\t{{.CreatedBy}}"
    printed = docker("history", "--no-trunc", "--human=false", "--format", form, image)
    rows = [line.split("\t", 1) for line in printed.splitlines()]
    return [(int(size), _words(made_by)) for size, made_by in reversed(rows) if int(size)]


def _words(made_by: str) -> str:
    """The instruction as the Dockerfile has it, or `base` for an image that was imported."""
    instruction = made_by.split(" # buildkit")[0].replace("/bin/sh -c ", "")
    return " ".join(instruction.split()) or "base"


def main() -> int:
    """Print them; the exit status."""
    status = 0
    for image in sys.argv[1:]:
        try:
            found = layers(image)
        except StartError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        total = sum(size for size, _ in found)
        sys.stdout.write(f"{image}  {total / _MEGABYTE:.0f} MB\n")
        for size, made_by in found:
            sys.stdout.write(f"  {size / _MEGABYTE:8.1f} MB  {made_by[:_SHOWN]}\n")
        if _WORKER in image:
            parts = budgets.parts(found)
            sys.stdout.write("\n".join([f"{image}, by its budgets", *budgets.in_words(parts), ""]))
            status |= any(one.over for one in parts)
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
