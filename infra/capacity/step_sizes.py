"""`python -m infra.capacity.step_sizes`: writes the step sizes that Terraform cannot compute."""

import json
from pathlib import Path

from infra.capacity.step_adjustments import MAXIMUM_STEPS, scale_out_steps

MOST_TASKS = 200
FILE = Path(__file__).parents[1] / "modules" / "step_adjustments" / "sizes.json"


def sizes() -> dict[str, list[int]]:
    """By a fleet's maximum: how many tasks each step adds, or takes away."""
    maxima = range(MAXIMUM_STEPS + 1, MOST_TASKS + 1)
    return {str(maximum): [step.change for step in scale_out_steps(maximum)] for maximum in maxima}


def render() -> str:
    """The file: a line for each maximum."""
    lines = ",\n".join(
        f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in sizes().items()
    )
    return f"{{\n{lines}\n}}\n"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
