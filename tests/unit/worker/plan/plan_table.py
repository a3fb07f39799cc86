"""The table of memory plans in docs/models.md; `make models` writes it."""

from pathlib import Path

from discord_diffusion.worker.plan import sources
from discord_diffusion.worker.plan.choice import choose, smallest_instance
from discord_diffusion.worker.plan.errors import DoesNotFitError
from discord_diffusion.worker.plan.machines import INSTANCES, Machine
from discord_diffusion.worker.plan.weights import Weights

PAGE = Path(__file__).parents[4] / "docs" / "models.md"
BEGIN, END = "<!-- plans -->\n", "<!-- /plans -->"
_TYPES = ("g4dn.xlarge", "g5.xlarge", "g6e.xlarge", "p5.4xlarge")


def render() -> str:
    """One row a known model, one column a type."""
    lines = [
        "| model | billions of parameters | " + " | ".join(_TYPES) + " | smallest |",
        "|---" * (len(_TYPES) + 3) + "|",
    ]
    for model in sources.KNOWN:
        weights = sources.find(model, network=False)
        smallest = smallest_instance(weights)
        cells = [
            model,
            f"{weights.parameters / 1e9:.1f}",
            *(_cell(weights, INSTANCES[name]) for name in _TYPES),
            smallest.name if smallest else "none",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def written() -> str:
    """The table in the page."""
    return PAGE.read_text().split(BEGIN)[1].split(END)[0]


def _cell(weights: Weights, machine: Machine) -> str:
    try:
        plan = choose(weights, machine)
    except DoesNotFitError:
        return "does not fit"
    eight_bits = "".join(
        f", {name} in 8 bits"
        for name, kind in (("text encoders", "text_encoder"), ("denoiser", "transformer"))
        if any(network.startswith(kind) for network in plan.quantized)
    )
    return f"{plan.precision}{eight_bits}{', one network at a time' if plan.offload else ''}"


if __name__ == "__main__":
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(before + BEGIN + render() + END + rest.split(END)[1])
