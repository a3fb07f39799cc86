"""How large each part of the worker's image may be: what makes a GPU's start longer is noticed."""

from dataclasses import dataclass

_MEGABYTE = 1_000_000
_CUDA = "COPY /cuda "


@dataclass(frozen=True)
class Budget:
    """Layers that belong together, by words of their instructions, and MB at most.

    Measured sizes are in docs/docker.md; a budget leaves about an eighth for newer releases.
    """

    part: str
    instructions: tuple[str, ...]
    cpu: float
    cuda: float


WORKER = (
    # With a C compiler where TORCH_COMPILE=yes, which was not measured.
    Budget("user and system", ("useradd ",), 250, 250),
    # With triton where TORCH_COMPILE=yes.
    Budget("CUDA's libraries and torch", (_CUDA, "COPY /packages /opt/torch"), 800, 5500),
    Budget("other packages", ("COPY /packages /opt/packages",), 450, 450),
    Budget("bill of materials", ("sbom.py",), 2, 2),
    # All that a change of it pulls.
    Budget("code", ("COPY src/", "compileall "), 5, 5),
)
"""The model has none: it is as large as whoever deploys chose it."""


@dataclass(frozen=True)
class Part:
    """One part of an image as it is."""

    budget: Budget
    megabytes: float
    allowed: float

    @property
    def over(self) -> bool:
        """Whether it is larger than it may be."""
        return self.megabytes > self.allowed


def parts(layers: list[tuple[int, str]]) -> list[Part]:
    """The worker's image by its parts, from bytes and instruction of each layer.

    CUDA's budgets hold where the image has CUDA's libraries.
    """
    cuda = _megabytes(layers, (_CUDA,)) > 1
    return [
        Part(one, _megabytes(layers, one.instructions), one.cuda if cuda else one.cpu)
        for one in WORKER
    ]


def _megabytes(layers: list[tuple[int, str]], words: tuple[str, ...]) -> float:
    found = (size for size, made_by in layers if any(one in made_by for one in words))
    return sum(found) / _MEGABYTE


def in_words(found: list[Part]) -> list[str]:
    """A line for each part; those over their budget say so."""
    return [
        f"  {one.megabytes:8.1f} MB of {one.allowed:5.0f}  {one.budget.part}"
        + ("  OVER BUDGET" if one.over else "")
        for one in found
    ]
