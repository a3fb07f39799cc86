"""What several functions are told of the fleet: its size, its speed, how long it takes to start."""

from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.state import BootPhases, FleetSettings, Phase
from discord_diffusion.settings.reader import Reader

SECONDS_PER_JOB = "SECONDS_PER_JOB"
"""What a task takes for as many jobs as it draws together, until the workers have measured it."""
JOBS_AT_ONCE = "JOBS_AT_ONCE"
"""Jobs that a task draws together."""
TARGET_WAIT_SECONDS = "TARGET_WAIT_SECONDS"
"""Time in which a backlog is to be finished by the tasks that run."""
MINIMUM_TASKS = "MINIMUM_TASKS"
"""Tasks that run even while there is nothing to do."""
MAXIMUM_TASKS = "MAXIMUM_TASKS"
"""Tasks that may run at most; 0 is a paused deployment."""
BOOT_INSTANCE_SECONDS = "BOOT_INSTANCE_SECONDS"
"""From the wake-up of the fleet to an instance in the cluster."""
BOOT_PULL_SECONDS = "BOOT_PULL_SECONDS"
"""From there to the worker's image on it."""
BOOT_LOAD_SECONDS = "BOOT_LOAD_SECONDS"
"""From there to a worker that receives."""

_TASKS = (0, 5000)
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""
_PHASE = (0.0, 3600.0)


def read_fleet(read: Reader) -> FleetSettings:
    """What the environment says of the fleet; problems are kept by the reader."""
    minimum = read.integer(MINIMUM_TASKS, 0, _TASKS)
    maximum = read.integer(MAXIMUM_TASKS, 1, _TASKS)
    if minimum > maximum:
        read.problems.append(f"{MINIMUM_TASKS}={minimum}: {MAXIMUM_TASKS} is {maximum}")
    return FleetSettings(
        target=ScalingTarget(
            seconds_per_job=read.number(SECONDS_PER_JOB, 10.0, (0.01, 900.0)),
            jobs_at_once=read.integer(JOBS_AT_ONCE, 1, (1, 64)),
            target_wait_seconds=read.number(TARGET_WAIT_SECONDS, 60.0, (0.0, 900.0)),
            minimum=min(minimum, maximum),
            maximum=maximum,
        ),
        boot=BootPhases(
            tuple(
                Phase(name, read.number(variable, default, _PHASE), variable)
                for name, variable, default in (
                    ("instance", BOOT_INSTANCE_SECONDS, 120.0),
                    ("image", BOOT_PULL_SECONDS, 150.0),
                    ("worker", BOOT_LOAD_SECONDS, 45.0),
                )
            )
        ),
    )
