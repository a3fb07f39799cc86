"""The Lambda `backlog`: measures queue and service, and publishes what the alarms act on.

Decided in docs/decisions/0301: two metrics, shortfall and surplus, by the second. The snapshot is
kept in the table, where users' waits are estimated from it. Spare and lost instances are
terminated.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from discord_diffusion import logs
from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.ecs import ContainerInstances, EcsService
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.metrics import Metrics
from discord_diffusion.aws.queue import QueueReader
from discord_diffusion.functions.backlog.fleet_watch import FleetWatch
from discord_diffusion.functions.backlog.instance_release import InstanceRelease
from discord_diffusion.functions.backlog.monitor import BacklogMonitor
from discord_diffusion.settings.functions import BacklogSettings

_SETTINGS = BacklogSettings.from_environ()
logs.configure(_SETTINGS.log)
_REGION = _SETTINGS.aws_region
_TABLE = Table(_SETTINGS.jobs_table, region=_REGION)
_FLEET = FleetStateStore(_TABLE)
_GROUP = InstanceGroup(_SETTINGS.auto_scaling_group, region=_REGION)
_CLUSTER = ContainerInstances(_SETTINGS.ecs_cluster, region=_REGION)
_SERVICE = EcsService(_SETTINGS.ecs_cluster, _SETTINGS.ecs_service, region=_REGION)
_MONITOR = BacklogMonitor(
    queue=QueueReader(_SETTINGS.queue_url, region=_REGION),
    service=_SERVICE,
    group=_GROUP,
    watch=FleetWatch(
        service=_SERVICE,
        group=_GROUP,
        cluster=_CLUSTER,
        fleet=_FLEET,
        release=InstanceRelease(_CLUSTER, _GROUP),
        limits=_SETTINGS.start_limits,
        cap=_SETTINGS.hour_cap,
    ),
    metrics=Metrics(_SETTINGS.metric_namespace, region=_REGION),
    fleet=_FLEET,
    jobs=JobStore(_TABLE),
    target=_SETTINGS.fleet.target,
)


def handler(event: object, _context: object) -> dict[str, Any]:
    """What the state machines call, with `{"backlog_at_least": n}` or an empty event."""
    backlog_at_least = event.get("backlog_at_least", 0) if isinstance(event, Mapping) else 0
    found = _MONITOR.measure(datetime.now(UTC), backlog_at_least=int(backlog_at_least))
    return {
        "idle": found.idle,
        "notify": found.notify,
        "wanted": found.snapshot.wanted,
        "desired": found.snapshot.desired,
        "running": found.snapshot.running,
    }
