"""How many tasks a fleet should have, and how long a user will wait.

Pure arithmetic on numbers, from the standard library alone: Lambda functions import it, the
capacity model simulates with it, and Terraform gets its steps from it. Nothing here measures,
publishes or sleeps.

* `demand`: backlog -> tasks wanted, what is short, what is spare, and a fleet that does not flap;
* `steps`: the same as step adjustments, read as Application Auto Scaling reads them;
* `waiting`: place in the queue and state of the fleet -> seconds, and whether a token lasts.
"""

from discord_diffusion.scaling.demand import (
    Decision,
    Measurement,
    Observation,
    ScaleInHold,
    ScalingTarget,
    decide,
    desired_tasks,
    measure,
    needed_tasks,
)
from discord_diffusion.scaling.steps import (
    MAXIMUM_STEPS,
    SHORTFALL_THRESHOLD,
    SURPLUS_THRESHOLD,
    InvalidStepsError,
    StepAdjustment,
    adjustment_for,
    as_terraform,
    check_steps,
    scale_in_steps,
    scale_out_steps,
)
from discord_diffusion.scaling.waiting import (
    TOKEN_SECONDS,
    BootPhases,
    Phase,
    can_finish_before,
    expected_wait_seconds,
)

__all__ = [
    "MAXIMUM_STEPS",
    "SHORTFALL_THRESHOLD",
    "SURPLUS_THRESHOLD",
    "TOKEN_SECONDS",
    "BootPhases",
    "Decision",
    "InvalidStepsError",
    "Measurement",
    "Observation",
    "Phase",
    "ScaleInHold",
    "ScalingTarget",
    "StepAdjustment",
    "adjustment_for",
    "as_terraform",
    "can_finish_before",
    "check_steps",
    "decide",
    "desired_tasks",
    "expected_wait_seconds",
    "measure",
    "needed_tasks",
    "scale_in_steps",
    "scale_out_steps",
]
