"""LocalEmu in LocalStack's place: all that differs for this plug-in between the two.

LocalEmu is a fork of LocalStack that is still developed, on PyPI as `localemu`. Its
packages, classes and variables have other names. Where it is installed, and LocalStack is not, the
names of LocalStack lead to LocalEmu's, so that the rest of this plug-in knows LocalStack alone.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_STACK, _EMU = "localstack", "localemu"
IS_LOCALEMU = find_spec(_STACK) is None and find_spec(_EMU) is not None

_MODULES = {
    "localstack.services.stepfunctions.backend.store": (
        "localemu.services.stepfunctions.backend.models"
    ),
}
"""LocalEmu's modules that are called otherwise below the package, too."""
_NAMES = {
    "localstack.aws.app": {"LocalstackAwsGateway": "LocalemuAwsGateway"},
    "localstack.aws.handlers": {"serve_localstack_resources": "serve_localemu_resources"},
    "localstack.config": {"LOCALSTACK_HOST": "LOCALEMU_HOST"},
    "localstack.services.cloudwatch.models": {"LocalStackMetricAlarm": "LocalEmuMetricAlarm"},
}
"""LocalEmu's names in modules of LocalStack."""
_OWN_ENVIRONMENT = {
    # LocalEmu would start instances, networks and firewall rules in this machine's Docker, and
    # remove containers that it takes for its own. The plug-in's instances are records.
    "EC2_VM_MANAGER": "none",
    "DOCKER_HOST": "unix:///dev/null",
    # Policies are enforced by this plug-in (iam/).
    "IAM_ENFORCEMENT": "",
}


def module_name(name: str) -> str:
    """The name under which a module of LocalStack, or its counterpart, is loaded."""
    if not IS_LOCALEMU:
        return name
    return _MODULES.get(name) or _EMU + name.removeprefix(_STACK)


class _LocalEmuFinder(MetaPathFinder, Loader):
    """Imports LocalEmu's modules, once each, under the names of LocalStack's."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002  # the base's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname.split(".")[0] == _STACK else None

    def exec_module(self, module: ModuleType) -> None:
        found = import_module(module_name(module.__name__))
        for name, own in _NAMES.get(module.__name__, {}).items():
            setattr(found, name, getattr(found, own))
        # The import system answers with what stands here afterwards.
        # https://docs.python.org/3/reference/import.html#loading
        sys.modules[module.__name__] = found
        if module.__name__ == _STACK:
            # `from localstack import config` is an import of `localemu.config` to Python.
            import_module("localstack.config")


def install() -> None:
    """Let imports of LocalStack find LocalEmu where that is what is installed.

    For the emulator's own process alone: what else imports this package keeps its environment.
    """
    if IS_LOCALEMU and not any(isinstance(one, _LocalEmuFinder) for one in sys.meta_path):
        os.environ.update(_OWN_ENVIRONMENT)
        sys.meta_path.insert(0, _LocalEmuFinder())


def apply_patches() -> None:
    """Correct what fails in LocalEmu alone, and add the addresses that LocalStack has."""
    from localemu.http import Resource
    from localemu.services.internal import HealthResource, InfoResource, get_internal_apis
    from localemu.services.lambda_ import provider
    from localemu.services.plugins import SERVICE_PLUGINS

    resources = get_internal_apis()
    resources.add(Resource("/_localstack/health", HealthResource(SERVICE_PLUGINS)))
    resources.add(Resource("/_localstack/info", InfoResource()))

    # Event source mappings of FIFO queues are refused with status 500: the limits of batches have
    # an entry `sqs-fifo`, which is then looked up as the name of a service.
    provider.load_service = _without_fifo(provider.load_service)
    # A thread activates restored functions, which have to be active when the gateway listens.
    provider.start_worker_thread = _run_now


def _without_fifo(load_service: Any) -> Any:
    return lambda service, *given: load_service(service.removesuffix("-fifo"), *given)


def _run_now(function: Any, *_args: object, **_named: object) -> None:
    function()


def keep_alarm_tags(store: Any, arn: str, tags: list[dict[str, str]]) -> None:
    """Keep the tags with which an alarm is created, in CloudWatch's store."""
    if IS_LOCALEMU:
        store.tags.update_tags(arn, {tag["Key"]: tag["Value"] for tag in tags})
    else:
        store.TAGS.tag_resource(arn, tags)
