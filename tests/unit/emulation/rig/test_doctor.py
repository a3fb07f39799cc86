"""The usable targets follow from the checks, and every lack has a remedy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from emulation.rig.docker import engine
from emulation.rig.doctor import (
    COMMANDS,
    DOCKER,
    GPU,
    HOST,
    Check,
    advise,
    all_checks,
    version,
)
from emulation.rig.remedies import MACOS, Machine
from toolchain import environments
from toolchain.layout import Layout

LACKS_ENGINE = Check("Docker engine", "does not answer", False, (DOCKER,), "start Docker")
LACKS_GPU = Check("NVIDIA driver", "none", False, (GPU,), "https://www.engine.com/drivers")
LACKS_PYTHON = Check("Python", "3.8", False, (HOST, DOCKER), "make PYTHON=...")
GOOD = Check("disk", "100 GiB free")


@pytest.mark.parametrize(
    ("checks", "usable", "target"),
    [
        ((GOOD,), (HOST, GPU), GPU),
        ((GOOD, LACKS_GPU), (HOST, DOCKER), HOST),
        ((GOOD, LACKS_GPU, LACKS_ENGINE), (HOST,), HOST),
        ((LACKS_PYTHON, LACKS_GPU), (), None),
    ],
)
def test_the_target_follows_from_what_the_machine_lacks(
    checks: tuple[Check, ...], usable: tuple[str, ...], target: str | None
) -> None:
    found = advise(checks)
    assert (found.usable, found.target) == (usable, target)


def test_a_lack_is_shown_with_its_remedy_and_the_targets_that_need_it() -> None:
    text = advise((GOOD, LACKS_ENGINE, LACKS_GPU)).as_text()
    assert "✓ disk" in text
    assert "✗ Docker engine" in text
    assert "for docker: start Docker" in text
    assert f"Use: {COMMANDS[HOST]}" in text


def test_without_a_usable_target_no_command_is_advised() -> None:
    assert "Use:" not in advise((LACKS_PYTHON, LACKS_GPU)).as_text()


def test_every_check_of_this_machine_that_fails_names_a_target_and_a_remedy() -> None:
    lacking = [check for check in all_checks(Layout.of_this_checkout()) if not check.ok]
    assert [check.name for check in lacking if not (check.needed and check.remedy)] == []


def _modules_of_the_doctor() -> list[Path]:
    """The project's modules that `make doctor` imports."""
    asked = "import sys, emulation.rig.doctor; print(*(m.__file__ for n, m in sys.modules.items()"
    asked += " if n.split('.')[0] in ('emulation', 'toolchain') and m.__file__), sep='\\n')"
    root = Layout.of_this_checkout().root
    words = [sys.executable, "-c", asked]
    printed = subprocess.run(words, cwd=root, check=True, capture_output=True, text=True).stdout
    return [Path(line) for line in printed.split()]


def test_every_module_of_the_doctor_can_be_read_by_python_3_8() -> None:
    modules = _modules_of_the_doctor()
    assert len(modules) > 10
    for path in modules:
        tree = ast.parse(path.read_text(), feature_version=(3, 8))
        annotated = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
        assert not annotated or "from __future__ import annotations" in path.read_text(), path


@pytest.mark.parametrize("version", ["3.8", "3.10"])
def test_an_old_python_is_told_which_one_to_use(version: str) -> None:
    old = environments.find_python(version)
    if old is None:
        pytest.skip(f"there is no Python {version} here")
    ended = subprocess.run(
        [str(old), "-m", "emulation.rig.doctor"],
        cwd=Layout.of_this_checkout().root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    assert ended.returncode == 1
    assert f"✗ Python {version}" in " ".join(ended.stdout.split())
    assert "make PYTHON=" in ended.stdout


def test_versions_are_compared_by_number() -> None:
    assert version("v2.26.1-4") == (2, 26)
    assert version("2.9.0") < (2, 20)
    assert version("dev") == ()


def test_gpus_are_read_from_the_drivers_list() -> None:
    listed = "0, NVIDIA GeForce RTX 4090, 24564, 580.65.06\n1, Tesla T4, 15360, 580.65.06\n"
    assert engine.parsed(listed) == [
        engine.Gpu("0", "NVIDIA GeForce RTX 4090", 24564, "580.65.06"),
        engine.Gpu("1", "Tesla T4", 15360, "580.65.06"),
    ]
    assert engine.parsed("No devices were found\n") == []


BARE = Machine("Linux", frozenset())
UBUNTU = Machine("Linux", frozenset(("apt-get", "systemctl", "ubuntu-drivers", "nvidia-ctk")))
FEDORA = Machine("Linux", frozenset(("dnf", "systemctl")))
MAC = Machine(MACOS, frozenset())


def test_the_remedy_for_a_silent_engine_starts_it_or_gives_the_user_access() -> None:
    assert UBUNTU.engine("Cannot connect to the Docker daemon") == "sudo systemctl start docker"
    assert "usermod -aG docker" in UBUNTU.engine("dial unix: connect: Permission denied")
    assert MAC.engine("Cannot connect") == "open -a Docker"
    assert "docker/engine.sh start" in BARE.engine("Cannot connect")


def test_the_remedy_for_a_missing_program_uses_the_systems_installer() -> None:
    assert UBUNTU.plugin("compose") == "sudo apt-get install docker-compose-plugin"
    assert FEDORA.plugin("buildx") == "sudo dnf install docker-buildx-plugin"
    assert MAC.plugin("compose") == MAC.docker()
    assert UBUNTU.driver().startswith("sudo ubuntu-drivers install")
    assert UBUNTU.toolkit().startswith("sudo nvidia-ctk runtime configure")
    assert FEDORA.toolkit().startswith("sudo dnf install nvidia-container-toolkit && ")


@pytest.mark.parametrize(
    ("vendor", "kind", "is_there"),
    [("0x10de", "0x030000", True), ("0x10de", "0x040300", False), ("0x1002", "0x030000", False)],
)
def test_a_gpu_without_a_driver_is_found_on_the_pci_bus(
    tmp_path: Path, vendor: str, kind: str, is_there: bool
) -> None:
    device = tmp_path / "0000:01:00.0"
    device.mkdir()
    (device / "vendor").write_text(f"{vendor}\n")
    (device / "class").write_text(f"{kind}\n")
    assert engine.is_built_in(tmp_path) is is_there
    assert not engine.is_built_in(tmp_path / "none")
