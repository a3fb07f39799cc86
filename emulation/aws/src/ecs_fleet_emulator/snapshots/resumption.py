"""What a service does, beside its state, when it starts in a restored emulator.

LocalStack starts a service with its first request. Here the ways into the stack are there when the
gateway listens, and a thread starts all other services, first those that act by themselves; a
request that comes earlier waits for its own service only.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localstack.runtime import events
from localstack.services.plugins import SERVICE_PLUGINS, Service, ServiceContainer
from localstack.utils.patch import patch

from ecs_fleet_emulator.localemu_compat import module_name

from . import containers, pickling
from .pickling import Addresses

LOG = logging.getLogger(__name__)

_STATE_MACHINES = module_name("localstack.services.stepfunctions.backend.store")
LATE = {"stepfunctions": (f"{_STATE_MACHINES}:sfn_stores",)}
"""Containers, by service, of classes that take a second to import."""

_BEFORE_REQUESTS = ("apigateway", "s3", "lambda")
"""Services that add paths to the gateway, and the one that answers Discord within three seconds,
after the one that it reads its functions from."""
_FIRST = ("events", "cloudwatch", "sqs")


def at_start_of_services(late: Mapping[str, bytes], objects: bytes, addresses: Addresses) -> None:
    """Let each service load what is loaded late, and go on, when it starts."""
    left: dict[str, Callable[[Service], None]] = {
        "s3": lambda s3: containers.write_objects(s3, pickling.loads(objects, addresses)),
        "lambda": _resume_functions,
        "events": _resume_rules,
        "cloudwatch": _resume_alarms,
    }

    def load(pickled: bytes) -> None:
        for place, loaded in pickling.loads(pickled, addresses).items():
            containers.replace(place, loaded)

    @patch(ServiceContainer.start)  # type: ignore[untyped-decorator]  # LocalStack is untyped
    def _start(original: Any, container: Any) -> bool:
        """Start a service; others that ask for it wait for the lock that is held here."""
        name = container.service.name()
        if name in late:
            load(late[name])
        started: bool = original(container)
        if started and (resume := left.pop(name, None)):
            resume(container.service)
        return started


def start_services(names: Sequence[str]) -> None:
    """Start services before their first requests, which would wait for them."""
    for name in _BEFORE_REQUESTS:
        if name in names:
            SERVICE_PLUGINS.require(name)
    late = sorted(names, key=lambda name: name not in _FIRST)
    threading.Thread(target=_start_others, args=(late,), daemon=True).start()


def _start_others(names: Sequence[str]) -> None:
    # Not beside the start of the gateway, for which others wait.
    events.infra_ready.wait()
    for name in names:
        try:
            SERVICE_PLUGINS.require(name)
        except Exception:  # its first request will say the same
            LOG.exception("%s could not be started", name)


def _resume_functions(service: Service) -> None:
    """Activate all versions of functions, and poll for all event source mappings."""
    service.lifecycle_hook.on_after_state_load()


def _resume_rules(service: Service) -> None:
    """Let EventBridge's rules send events, those with a schedule at their times."""
    from localstack.services.events.event_bus import EventBusService
    from localstack.services.events.models import events_stores

    provider: Any = service._provider
    for account, region, store in events_stores.iter_stores():
        for bus in store.event_buses.values():
            bus_service = EventBusService(bus)
            provider._event_bus_services_store[bus_service.arn] = bus_service
            for rule in bus.rules.values():
                _resume_rule(provider, account, region, rule)


def _resume_rule(provider: Any, account: str, region: str, rule: Any) -> None:
    from localstack.services.events.rule import RuleService

    rule_service = RuleService(rule)
    provider._rule_services_store[rule_service.arn] = rule_service
    for target in rule.targets.values():
        provider.create_target_sender(target, rule_service.arn, rule.name, region, account)
    if rule_service.schedule_cron and rule.targets:
        job = provider._get_scheduled_rule_job_function(account, region, rule)
        rule_service.create_schedule_job(job)


def _resume_alarms(service: Service) -> None:
    """Evaluate all alarms again."""
    from localstack.services.cloudwatch.models import cloudwatch_stores

    scheduler = service._provider.alarm_scheduler
    for _, _, store in cloudwatch_stores.iter_stores():
        for arn in list(store.alarms):
            scheduler.schedule_metric_alarm(arn)
