"""Terraform's step adjustments are those of infra.capacity.step_scaling, for every fleet size."""

import json
from pathlib import Path

import pytest

from infra.capacity.step_scaling import (
    MAXIMUM_TASKS,
    StepAdjustment,
    scale_in_steps,
    scale_out_steps,
)
from tests.infra.terraform_module import LAYOUT, Module

Steps = dict[str, dict[str, object]]

# One instance of the module for each maximum, and nothing to be applied.
EVERY_FLEET = f"""
module "steps" {{
  source   = "{LAYOUT.infra / "modules" / "step_adjustments"}"
  for_each = toset([for maximum in range(0, {MAXIMUM_TASKS + 1}) : tostring(maximum)])
  maximum  = tonumber(each.key)
}}

output "steps" {{
  value = module.steps
}}
"""


@pytest.fixture(scope="module")
def steps(terraform: Path, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """The module's outputs for every maximum."""
    folder = tmp_path_factory.mktemp("steps")
    (folder / "main.tf").write_text(EVERY_FLEET)
    module = Module(terraform, folder)
    for command in (["init", "-no-color"], ["apply", "-auto-approve", "-no-color"]):
        ended = module.run(*command)
        assert ended.returncode == 0, ended.stderr
    outputs = json.loads(module.run("output", "-json").stdout)
    answered: Steps = outputs["steps"]["value"]
    return answered


def blocks(steps: tuple[StepAdjustment, ...]) -> list[dict[str, float | int | None]]:
    """The steps as Terraform's `step_adjustment` blocks."""
    return [
        {
            "metric_interval_lower_bound": step.lower_bound,
            "metric_interval_upper_bound": step.upper_bound,
            "scaling_adjustment": step.change,
        }
        for step in steps
    ]


@pytest.mark.parametrize("maximum", range(MAXIMUM_TASKS + 1))
def test_terraform_computes_the_same_steps_for_a_fleet(steps: Steps, maximum: int) -> None:
    # A paused fleet keeps policies that have nothing to do.
    size = max(1, maximum)
    assert steps[str(maximum)] == {
        "scale_out": blocks(scale_out_steps(size)),
        "scale_in": blocks(scale_in_steps(size)),
    }
