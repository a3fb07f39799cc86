"""Terraform's steps are those of the scaling arithmetic, for every fleet that may be configured."""

import json
from pathlib import Path

import pytest

from infra.capacity.step_adjustments import as_terraform, scale_in_steps, scale_out_steps
from infra.capacity.step_sizes import FILE, MOST_TASKS, render
from tests.infra.terraform_module import LAYOUT, Module

Steps = dict[str, dict[str, object]]

# One instance of the module for each maximum, and nothing to be applied.
EVERY_FLEET = f"""
module "steps" {{
  source   = "{LAYOUT.infra / "modules" / "step_adjustments"}"
  for_each = toset([for maximum in range(0, {MOST_TASKS + 1}) : tostring(maximum)])
  maximum  = tonumber(each.key)
}}

output "steps" {{
  value = module.steps
}}
"""


@pytest.fixture(scope="module")
def steps(terraform: Path, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """What the module answers for every maximum."""
    folder = tmp_path_factory.mktemp("steps")
    (folder / "main.tf").write_text(EVERY_FLEET)
    module = Module(terraform, folder)
    for command in (["init", "-no-color"], ["apply", "-auto-approve", "-no-color"]):
        ended = module.run(*command)
        assert ended.returncode == 0, ended.stderr
    outputs = json.loads(module.run("output", "-json").stdout)
    answered: Steps = outputs["steps"]["value"]
    return answered


@pytest.mark.parametrize("maximum", range(MOST_TASKS + 1))
def test_the_steps_of_a_fleet(steps: Steps, maximum: int) -> None:
    # A paused fleet keeps policies that have nothing to do.
    size = max(1, maximum)
    assert steps[str(maximum)] == {
        "scale_out": as_terraform(scale_out_steps(size)),
        "scale_in": as_terraform(scale_in_steps(size)),
    }


def test_what_is_written_down_is_what_is_computed() -> None:
    assert FILE.read_text() == render(), "run `python -m infra.capacity.step_sizes`"
