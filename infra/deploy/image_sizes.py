"""The sizes of an image's layers, and the budgets of the worker image's parts.

`python -m infra.deploy.image_sizes IMAGE...` prints the layers of images, the oldest first. It ends
with status 1 if a part of a worker image exceeds its budget: a larger image delays the start of
every GPU instance.
"""

import sys
from dataclasses import dataclass

from toolchain.commands import run
from toolchain.errors import CommandFailedError

_MEGABYTE = 1_000_000
_CUDA = "COPY /cuda "
_SHOWN_CHARACTERS = 84
_WORKER = "/worker"


@dataclass(frozen=True)
class Budget:
    """The most megabytes that the layers of one part may have, without and with CUDA.

    `instructions` are words of the Dockerfile's instructions that make these layers. The measured
    sizes are in docs/docker.md; a budget leaves about an eighth for newer releases.
    """

    part: str
    instructions: tuple[str, ...]
    cpu: float
    cuda: float


WORKER_BUDGETS = (
    # With a C compiler where TORCH_COMPILE=yes, which was not measured.
    Budget("user and system", ("useradd ",), 250, 250),
    # With triton where TORCH_COMPILE=yes.
    Budget("CUDA's libraries and torch", (_CUDA, "COPY /packages /opt/torch"), 800, 5500),
    Budget("other packages", ("COPY /packages /opt/packages",), 450, 450),
    Budget("bill of materials", ("sbom.py",), 2, 2),
    # All that an instance pulls after a change of the code.
    Budget("code", ("COPY src/", "compileall "), 5, 5),
)
"""The model has no budget: the person who deploys chooses it."""


@dataclass(frozen=True)
class Part:
    """One part of an image, and how many megabytes its budget allows."""

    budget: Budget
    megabytes: float
    allowed: float

    @property
    def over_budget(self) -> bool:
        """Whether the part is larger than its budget."""
        return self.megabytes > self.allowed


def layers(image: str) -> list[tuple[int, str]]:
    """Size in bytes and instruction of each layer that is not empty, the oldest first.

    Raises:
        CommandFailedError: Docker has no such image, or there is no Docker.
    """
    columns = "{{.Size}}\t{{.CreatedBy}}"
    words = ["docker", "history", "--no-trunc", "--human=false", "--format", columns, image]
    rows = [line.split("\t", 1) for line in run([*words], timeout=60).splitlines()]
    return [(int(size), _instruction(made_by)) for size, made_by in reversed(rows) if int(size)]


def _instruction(made_by: str) -> str:
    """The instruction as in the Dockerfile; `base` for the layer of an imported image."""
    instruction = made_by.split(" # buildkit")[0].replace("/bin/sh -c ", "")
    return " ".join(instruction.split()) or "base"


def parts(found: list[tuple[int, str]]) -> list[Part]:
    """The parts of a worker image, from its layers.

    The budgets with CUDA apply if the image contains CUDA's libraries.
    """
    cuda = _megabytes(found, (_CUDA,)) > 1
    return [
        Part(budget, _megabytes(found, budget.instructions), budget.cuda if cuda else budget.cpu)
        for budget in WORKER_BUDGETS
    ]


def _megabytes(found: list[tuple[int, str]], words: tuple[str, ...]) -> float:
    sizes = (size for size, instruction in found if any(word in instruction for word in words))
    return sum(sizes) / _MEGABYTE


def report(found: list[Part]) -> list[str]:
    """A line for each part, with a mark where it exceeds its budget."""
    return [
        f"  {part.megabytes:8.1f} MB of {part.allowed:5.0f}  {part.budget.part}"
        + ("  OVER BUDGET" if part.over_budget else "")
        for part in found
    ]


def main() -> int:
    """Print the layers of the images that the command line names; return the exit status."""
    over_budget = False
    for image in sys.argv[1:]:
        try:
            found = layers(image)
        except CommandFailedError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        total = sum(size for size, _ in found)
        sys.stdout.write(f"{image}  {total / _MEGABYTE:.0f} MB\n")
        for size, instruction in found:
            sys.stdout.write(f"  {size / _MEGABYTE:8.1f} MB  {instruction[:_SHOWN_CHARACTERS]}\n")
        if _WORKER in image:
            worker = parts(found)
            sys.stdout.write("\n".join([f"{image}, by its budgets", *report(worker), ""]))
            over_budget |= any(part.over_budget for part in worker)
    return int(over_budget)


if __name__ == "__main__":
    sys.exit(main())
