"""An instance's user data under a real systemd: the agent starts, whatever becomes of the disk."""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.infra.instance_boot import Booted, Instance, disk, parts, why_not
from tests.infra.terraform_module import LAYOUT

FLEET = LAYOUT.infra / "modules" / "fleet"
ACTIVE = {"containerd": "active", "docker": "active", "ecs": "active"}
REASON = why_not()
pytestmark = pytest.mark.skipif(bool(REASON), reason=f"no instance can be booted here: {REASON}")

STOPS_DOCKER = "\nsystemctl stop docker.service\nsystemctl start docker.service\n"


@pytest.fixture(scope="module")
def scripts(terraform: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The parts of the user data, as Terraform renders it."""
    arguments = (
        f'"{FLEET}/user_data.mime.tftpl", {{ agent_settings = {{ ECS_CLUSTER = "bot" }}, '
        f'instance_store = file("{FLEET}/instance_store.sh"), warm_up = null }}'
    )
    ended = subprocess.run(
        [str(terraform), f"-chdir={tmp_path_factory.mktemp('console')}", "console"],
        input=f"base64encode(templatefile({arguments}))",
        capture_output=True,
        text=True,
        check=True,
    )
    return parts(base64.b64decode(json.loads(ended.stdout)).decode())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Attaches an instance store that is blank, and perhaps cannot be written."""
    with ExitStack() as attached:
        yield lambda **options: attached.enter_context(disk(tmp_path / "disk", **options))


def on_root_volume(booted: Booted) -> bool:
    """Whether both engines opened their data on the root volume."""
    return all(device.endswith("/root-volume]") for device in booted.data.values())


@pytest.mark.parametrize("needs", ["Wants", "Requires", "BindsTo"])
@pytest.mark.parametrize("network", ["", "After=cloud-init.service"], ids=["before", "after"])
def test_images_are_stored_on_the_instance_store_and_the_agent_starts(
    tmp_path: Path, scripts: dict[str, str], store: Callable[..., str], needs: str, network: str
) -> None:
    """containerd starts before or after the boothook, and Docker's unit needs it more or less."""
    drop_ins = (("docker.service", f"{needs}=containerd.service"), ("network.target", network))
    device = store()
    booted = Instance(tmp_path, scripts, device, drop_ins).boot()
    assert booted.states == ACTIVE
    assert booted.data == {name: f"{device}[/{name}]" for name in ("docker", "containerd")}
    assert booted.agent_settings == "ECS_CLUSTER=bot"
    assert booted.layers == 1


def test_an_instance_without_instance_store_keeps_the_root_volume(
    tmp_path: Path, scripts: dict[str, str]
) -> None:
    booted = Instance(tmp_path, scripts).boot()
    assert booted.states == ACTIVE
    assert on_root_volume(booted)


def test_a_store_that_cannot_be_formatted_leaves_the_root_volume_in_use(
    tmp_path: Path, scripts: dict[str, str], store: Callable[..., str]
) -> None:
    booted = Instance(tmp_path, scripts, store(writable=False)).boot()
    assert booted.states == ACTIVE
    assert on_root_volume(booted)


@pytest.mark.parametrize(
    "image",
    ["docker/overlay2/0123", "containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1"],
)
def test_an_engine_that_holds_images_keeps_them(
    tmp_path: Path, scripts: dict[str, str], store: Callable[..., str], image: str
) -> None:
    instance = Instance(tmp_path, scripts, store())
    (instance.root_volume / image).mkdir(parents=True)
    booted = instance.boot()
    assert booted.states == ACTIVE
    assert on_root_volume(booted)


def test_an_instance_that_is_restarted_finds_its_images_on_the_store(
    tmp_path: Path, scripts: dict[str, str], store: Callable[..., str]
) -> None:
    instance = Instance(tmp_path, scripts, store())
    assert [instance.boot().layers, instance.boot().layers] == [1, 2]


def test_an_agent_does_not_start_after_a_script_of_the_final_stage_has_stopped_docker(
    tmp_path: Path, scripts: dict[str, str]
) -> None:
    """The stop cancels the start of the agent, which waits for the final stage: as on AWS."""
    late = {**scripts, "x-shellscript": scripts["x-shellscript"] + STOPS_DOCKER}
    booted = Instance(tmp_path, late).boot()
    assert booted.states == {**ACTIVE, "ecs": "inactive"}
