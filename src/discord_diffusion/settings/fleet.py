"""Settings of the fleet that several functions share: its size, pace and start."""

from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.state import FleetSettings
from discord_diffusion.settings.reader import Reader
from discord_diffusion.settings.tariff import read_usual_cost

SECONDS_PER_JOB = "SECONDS_PER_JOB"
"""Time in which a task draws `JOBS_AT_ONCE` usual jobs, until the workers have measured it."""
JOBS_AT_ONCE = "JOBS_AT_ONCE"
"""Jobs that a task draws together."""
TARGET_WAIT_SECONDS = "TARGET_WAIT_SECONDS"
"""Time in which running tasks are to finish a backlog."""
MINIMUM_TASKS = "MINIMUM_TASKS"
"""Tasks that run even while there is no job."""
MAXIMUM_TASKS = "MAXIMUM_TASKS"
"""Most tasks that may run; 0 pauses the deployment."""
BOOT_INSTANCE_SECONDS = "BOOT_INSTANCE_SECONDS"
"""From the wake-up of the fleet to an instance in the cluster."""
BOOT_PULL_SECONDS = "BOOT_PULL_SECONDS"
"""From the instance to the worker's image on it."""
BOOT_LOAD_SECONDS = "BOOT_LOAD_SECONDS"
"""From the image to a worker that receives jobs."""

_TASKS = (0, 5000)
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""
_BOOT_SECONDS = (0.0, 3600.0)


def read_fleet(read: Reader) -> FleetSettings:
    """Read the environment; the reader collects the problems."""
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
            units_per_job=read_usual_cost(read),
        ),
        boot_seconds=read.number(BOOT_INSTANCE_SECONDS, 120.0, _BOOT_SECONDS)
        + read.number(BOOT_PULL_SECONDS, 150.0, _BOOT_SECONDS)
        + read.number(BOOT_LOAD_SECONDS, 45.0, _BOOT_SECONDS),
    )
