"""LocalStack's names lead to LocalEmu's modules where LocalEmu alone is installed."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ecs_fleet_emulator import localemu_compat

FILES = {
    "__init__.py": "",
    "config.py": "LOCALEMU_HOST = 'host'",
    "services/__init__.py": "",
    "services/plain.py": "LOADED = []\nLOADED.append(__name__)",
    "services/user.py": "from localemu.services import plain",
    "services/stepfunctions/__init__.py": "",
    "services/stepfunctions/backend/__init__.py": "",
    "services/stepfunctions/backend/models.py": "sfn_stores = object()",
}


@pytest.fixture
def compat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module where a package `localemu` can be imported, and `localstack` cannot."""
    for name, source in FILES.items():
        path = tmp_path / "localemu" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    for name in ("EC2_VM_MANAGER", "DOCKER_HOST", "IAM_ENFORCEMENT"):
        monkeypatch.setenv(name, "the caller's")
    before = set(sys.modules)
    yield importlib.reload(localemu_compat)
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("localemu", "localstack"):
            del sys.modules[name]
    monkeypatch.undo()
    importlib.reload(localemu_compat)


def test_a_module_is_loaded_once_under_both_names(compat: ModuleType) -> None:
    compat.install()
    user = importlib.import_module("localstack.services.user")
    plain = importlib.import_module("localstack.services.plain")
    assert user.plain is plain is sys.modules["localemu.services.plain"]
    assert plain.LOADED == ["localemu.services.plain"]
    assert plain.__spec__.name == "localemu.services.plain"


def test_what_localemu_calls_otherwise_has_localstacks_name_too(compat: ModuleType) -> None:
    compat.install()
    # An attribute of the package, as `from localstack import config` reads it.
    assert importlib.import_module("localstack").config.LOCALSTACK_HOST == "host"
    name = "localstack.services.stepfunctions.backend.store"
    store = importlib.import_module(name)
    assert store is sys.modules[compat.module_name(name)]
    assert store.__name__ == "localemu.services.stepfunctions.backend.models"


def test_what_neither_has_cannot_be_imported(compat: ModuleType) -> None:
    compat.install()
    with pytest.raises(ModuleNotFoundError, match=r"localemu\.services\.missing"):
        importlib.import_module("localstack.services.missing")


def test_the_package_changes_nothing_where_it_is_only_imported(compat: ModuleType) -> None:
    importlib.import_module("ecs_fleet_emulator.launch")
    assert os.environ["DOCKER_HOST"] == "the caller's"
    with pytest.raises(ModuleNotFoundError, match="localstack"):
        importlib.import_module("localstack.config")
    compat.install()
    installed = list(sys.meta_path)
    compat.install()
    assert sys.meta_path == installed


def test_localemu_reaches_no_docker_and_enforces_no_policies(compat: ModuleType) -> None:
    compat.install()
    assert os.environ["EC2_VM_MANAGER"] == "none"
    assert os.environ["DOCKER_HOST"] == "unix:///dev/null"
    assert os.environ["IAM_ENFORCEMENT"] == ""


def test_with_localstack_nothing_is_changed(compat: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "localstack").mkdir()
    (tmp_path / "localstack" / "__init__.py").touch()
    importlib.invalidate_caches()
    with_localstack = importlib.reload(compat)
    finders = list(sys.meta_path)
    with_localstack.install()
    assert sys.meta_path == finders
    assert os.environ["DOCKER_HOST"] == "the caller's"
    assert with_localstack.module_name("localstack.config") == "localstack.config"
