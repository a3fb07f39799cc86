"""Where this emulator keeps its state, and how loaded state takes its place.

LocalStack's stores, moto's backends and dictionaries of this plug-in are attributes of modules, so
that they are replaced without starting their services. The contents of S3's objects and the metrics
are elsewhere.
"""

import io
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from localstack import config
from localstack.services.plugins import SERVICE_PLUGINS, Service
from localstack.services.stores import AccountRegionBundle
from localstack.state import StateVisitor
from moto.core.base_backend import BackendDict

Container = dict[Any, Any]

_OWN = (
    "ecs_fleet_emulator.services.ce:_active",
    "ecs_fleet_emulator.services.service_quotas:_granted",
)
"""Containers of this plug-in, which are in neither LocalStack's stores nor moto's backends."""
_HOMES = (".models", ".store")
"""Endings of the modules that define a container; others import it."""


@dataclass(frozen=True)
class StoredObject:
    """An object of S3, `metadata` without its content."""

    account: str
    region: str
    bucket: str
    key: str
    version: str | None
    content: bytes


class _Containers(StateVisitor):  # type: ignore[misc]  # untyped base
    """Collects the stores and backends that services hand to it."""

    def __init__(self) -> None:
        self.found: list[Container] = []

    def visit(self, state_container: Any) -> None:
        if isinstance(state_container, AccountRegionBundle | BackendDict):
            self.found.append(state_container)


def services() -> list[str]:
    """The names of the services that have been used."""
    return [name for name in SERVICE_PLUGINS.list_available() if SERVICE_PLUGINS.is_running(name)]


def by_place() -> dict[str, Container]:
    """The containers of all services that have been used, by module and attribute."""
    visited = _Containers()
    for name in services():
        SERVICE_PLUGINS.get_service(name).accept_state_visitor(visited)
    wanted = {id(one): one for one in visited.found}
    places: dict[int, str] = {}
    for name in sorted(sys.modules, key=lambda name: (not name.endswith(_HOMES), len(name))):
        for attribute, value in list(vars(sys.modules[name]).items()):
            if id(value) in wanted:
                places.setdefault(id(value), f"{name}:{attribute}")
    found = {place: wanted[identity] for identity, place in places.items()}
    return found | {place: _at(place) for place in _OWN if place.split(":")[0] in sys.modules}


def _at(place: str) -> Container:
    module, attribute = place.split(":")
    found: Container = getattr(import_module(module), attribute)
    return found


def replace(place: str, loaded: Container) -> None:
    """Give the container at a place the content of a loaded one."""
    live = _at(place)
    if isinstance(live, AccountRegionBundle):
        # What its accounts and regions share.
        vars(live).update(vars(loaded))
    elif isinstance(live, BackendDict):
        for account in loaded:
            live[account]  # makes moto know the backend as one in use
    dict.clear(live)
    dict.update(live, loaded)


def _metrics() -> Path:
    """The database of LocalStack's CloudwatchDatabase."""
    return Path(config.dirs.data, "cloudwatch", "metrics.db")


def metrics() -> bytes | None:
    """CloudWatch's metrics, a database of SQLite; None if there are none."""
    if not _metrics().exists():
        return None
    with closing(sqlite3.connect(_metrics())) as connection:
        return connection.serialize()


def write_metrics(content: bytes) -> None:
    """Give CloudWatch, which does not run yet, the metrics."""
    _metrics().parent.mkdir(parents=True, exist_ok=True)
    _metrics().write_bytes(content)


def objects() -> list[StoredObject]:
    """All objects of S3 in all their versions, without uploads that have not been completed."""
    from localstack.services.s3.models import S3Object, s3_stores

    if not SERVICE_PLUGINS.is_running("s3"):
        return []
    storage = SERVICE_PLUGINS.get_service("s3")._provider._storage_backend
    found = []
    # Equal contents, as of the package of several functions, are pickled once.
    contents: dict[bytes, bytes] = {}
    for account, region, store in s3_stores.iter_stores():
        for bucket in list(store.buckets.values()):
            for one in bucket.objects.values():
                if isinstance(one, S3Object):
                    with storage.open(bucket.name, one) as file:
                        content = file.read()
                    content = contents.setdefault(content, content)
                    where = (account, region, bucket.name, one.key, one.version_id)
                    found.append(StoredObject(*where, content))
    return found


def write_objects(s3: Service, stored: list[StoredObject]) -> None:
    """Store the contents of objects, whose metadata are in S3's store."""
    from localstack.services.s3.models import s3_stores

    storage = s3._provider._storage_backend
    for one in stored:
        bucket = s3_stores[one.account][one.region].buckets[one.bucket]
        versions = {(found.key, found.version_id): found for found in bucket.objects.values()}
        metadata = versions[one.key, one.version]
        etag = metadata.etag
        storage.create_bucket(one.bucket)
        with storage.open(one.bucket, metadata, mode="w") as file:
            file.write(io.BytesIO(one.content))
        # Writing computes it anew, which differs for an object that was uploaded in parts.
        metadata.etag = etag
