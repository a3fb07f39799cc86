"""Snapshots are found by all that went into them, and used only if they are whole and one's own."""

import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from emulation.rig.errors import SnapshotError
from emulation.rig.snapshots import Snapshot, SnapshotStore, key, key_after_update
from toolchain.layout import LOCALEMU, LOCALSTACK, Layout

HERE = {"emulator": "127.0.0.1:4566", "discord": "127.0.0.1:8700"}
ELSEWHERE = {"emulator": "127.0.0.1:40001", "discord": "127.0.0.1:40002"}
VARIABLES = {"emulator_endpoint": "http://127.0.0.1:4566", "fleet": {"minimum_tasks": 1}}
SNAPSHOT = Snapshot(
    emulator=b"\x80pickled",
    terraform='{"invoke_url": "http://127.0.0.1:4566/v1", "other": "127.0.0.1:45660"}',
    outputs={"url": "http://127.0.0.1:8700/api"},
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A checkout with one file of each kind that the state of a stack depends on."""
    for name in (
        "infra/main.tf",
        "infra/modules/queue/main.tf",
        "infra/modules/fleet/instance_store.sh",
        "infra/state_machines/wake.asl.json",
        "emulation/aws/uv.lock",
        "emulation/aws/src/plugin/region.py",
        "build/lambda.zip",
        ".cache/emulator/pyvenv.cfg",
        ".cache/localemu/pyvenv.cfg",
        ".cache/bin/terraform",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
    return Layout(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "infra/main.tf",
        "infra/new.tf",
        "infra/modules/queue/main.tf",
        "infra/modules/fleet/instance_store.sh",
        "infra/state_machines/wake.asl.json",
        "emulation/aws/uv.lock",
        "emulation/aws/src/plugin/region.py",
        "build/lambda.zip",
        ".cache/emulator/pyvenv.cfg",
        ".cache/bin/terraform",
    ],
)
def test_a_change_of_any_input_changes_the_key(layout: Layout, name: str) -> None:
    before = key(layout, LOCALSTACK, VARIABLES, HERE)
    (layout.root / name).write_text("2")
    assert key(layout, LOCALSTACK, VARIABLES, HERE) != before


def test_an_emulator_is_not_restored_from_a_snapshot_of_the_other(layout: Layout) -> None:
    assert key(layout, LOCALEMU, VARIABLES, HERE) != key(layout, LOCALSTACK, VARIABLES, HERE)


def test_every_file_that_the_module_reads_is_an_input() -> None:
    infra = Layout.of_this_checkout().infra
    read = [
        (path.parent / re.sub(r"\$\{[^}]*\}", "*", name)).resolve()
        for path in (*infra.glob("*.tf"), *infra.glob("modules/**/*.tf"))
        for name in re.findall(r'"\$\{path\.(?:module|root)\}/([^"]+)"', path.read_text())
        if "lambda_package" not in name  # an input of its own
    ]
    assert len(read) > 2
    folders = (infra / "modules", infra / "state_machines")
    assert [path for path in read if not any(map(path.is_relative_to, folders))] == []


def test_a_change_of_a_variable_changes_the_key(layout: Layout) -> None:
    changed = VARIABLES | {"fleet": {"minimum_tasks": 0}}
    assert key(layout, LOCALSTACK, changed, HERE) != key(layout, LOCALSTACK, VARIABLES, HERE)


def test_the_key_of_an_updated_stack_is_about_the_emulator_that_was_started(
    layout: Layout,
) -> None:
    started = key(layout, LOCALSTACK, VARIABLES, HERE)
    (layout.root / "build/lambda.zip").write_text("2")
    deployed = key(layout, LOCALSTACK, VARIABLES, HERE)
    (layout.root / "emulation/aws/src/plugin/region.py").write_text("2")
    assert key_after_update(started, key(layout, LOCALSTACK, VARIABLES, HERE)) == deployed


def test_neither_ports_nor_files_that_terraform_does_not_read_change_the_key(
    layout: Layout,
) -> None:
    before = key(layout, LOCALSTACK, VARIABLES, HERE)
    (layout.infra / "deploy.py").write_text("code")
    moved = VARIABLES | {"emulator_endpoint": "http://127.0.0.1:40001"}
    assert key(layout, LOCALSTACK, moved, ELSEWHERE) == before


def test_a_snapshot_is_loaded_with_the_addresses_of_the_start_that_loads_it(
    tmp_path: Path,
) -> None:
    store = SnapshotStore(tmp_path / "snapshots")
    path = store.save("a", SNAPSHOT, HERE)
    loaded = store.load("a", ELSEWHERE)
    assert loaded == Snapshot(
        emulator=b"\x80pickled",
        terraform='{"invoke_url": "http://127.0.0.1:40001/v1", "other": "127.0.0.1:45660"}',
        outputs={"url": "http://127.0.0.1:40002/api"},
    )
    assert store.load("b", HERE) is None
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(path.parent.iterdir()) == [path], "no draft is left"


def test_the_snapshots_that_were_not_used_for_longest_are_deleted(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path, kept=2)
    store.save("a", SNAPSHOT, HERE)
    store.save("b", SNAPSHOT, HERE)
    assert store.load("a", HERE)
    store.save("c", SNAPSHOT, HERE)
    assert {path.stem for path in tmp_path.iterdir()} == {"a", "c"}


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _leave_a_part_out(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        about = archive.read("about")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("about", about)


def _rename(path: Path) -> None:
    other = SnapshotStore(path.parent).save("other", SNAPSHOT, HERE)
    other.replace(path)


def _share(path: Path) -> None:
    path.chmod(0o644)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_truncate, "damaged"),
        (_empty, "damaged"),
        (_leave_a_part_out, "damaged"),
        (_rename, "of another version"),
        (_share, "by others"),
    ],
)
def test_a_snapshot_that_can_not_be_used_is_refused_with_one_sentence(
    tmp_path: Path, change: Callable[[Path], None], reason: str
) -> None:
    store = SnapshotStore(tmp_path)
    change(store.save("a", SNAPSHOT, HERE))
    with pytest.raises(SnapshotError) as caught:
        store.load("a", HERE)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bit", range(8))
def test_a_changed_bit_anywhere_is_harmless_or_noticed(tmp_path: Path, bit: int) -> None:
    store = SnapshotStore(tmp_path)
    path = store.save("a", SNAPSHOT, HERE)
    content = path.read_bytes()
    saved = store.load("a", HERE)
    noticed = 0
    for place in range(bit, len(content), 8):
        changed = bytearray(content)
        changed[place] ^= 1 << bit
        path.write_bytes(changed)
        try:
            assert store.load("a", HERE) == saved
        except SnapshotError:
            noticed += 1
    assert noticed > len(content) / 16


def test_files_that_another_start_deletes_meanwhile_do_not_fail_a_save(tmp_path: Path) -> None:
    for name in ("gone.zip", "gone.new"):
        (tmp_path / name).symlink_to("nothing")
    assert SnapshotStore(tmp_path).save("a", SNAPSHOT, HERE).exists()


def test_a_draft_of_a_start_that_was_killed_is_deleted(tmp_path: Path) -> None:
    draft, other = tmp_path / "x.new", tmp_path / "y.new"
    for path in (draft, other):
        path.touch()
    os.utime(draft, (0, 0))
    path = SnapshotStore(tmp_path).save("a", SNAPSHOT, HERE)
    assert set(tmp_path.iterdir()) == {path, other}, "the other one may be being written"
