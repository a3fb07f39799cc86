"""Interpreters are found or downloaded; CUDA's gigabytes are installed only on request."""

import subprocess
import sys
from pathlib import Path

import pytest

from toolchain import environments
from toolchain.errors import CommandFailedError, SetupError
from toolchain.layout import Layout

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_an_interpreter_of_another_version_is_refused() -> None:
    assert environments._runs(Path(sys.executable), THIS)
    assert not environments._runs(Path(sys.executable), "2.7")


def test_a_shim_that_does_not_run_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"python{THIS}"
    script(tmp_path / "shims" / name, "echo 'pyenv: command not found' >&2; exit 127")
    real = tmp_path / "pyenv" / "versions" / f"{THIS}.9" / "bin" / name
    real.parent.mkdir(parents=True)
    real.symlink_to(sys.executable)
    monkeypatch.delenv("PYTHON_EMULATOR", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert environments.find_python(THIS) == real


def test_the_interpreter_named_by_the_person_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "my-python"
    named.symlink_to(sys.executable)
    monkeypatch.setenv("PYTHON_EMULATOR", str(named))
    assert environments.find_python(THIS) == named


def test_when_none_is_found_or_fetched_the_error_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "find_python", lambda _version: None)
    uv = script(tmp_path / "uv", "echo 'no network' >&2; exit 1")
    with pytest.raises(SetupError, match="PYTHON_EMULATOR"):
        environments.find_or_fetch_python(uv, tmp_path / "fetched")


class Machine:
    """A checkout whose uv cannot reach PyTorch's index, and finds a CPU wheel only if `wheel`."""

    def __init__(self, folder: Path, *, wheel: bool) -> None:
        self.layout = Layout(folder)
        self.log = folder / "calls"
        self.log.touch()
        requirements = folder / "requirements"
        requirements.mkdir()
        (requirements / "torch.txt").write_text("# A comment.\ntorch==2.13.0\n")
        has_wheel = "exit 0" if wheel else "exit 1"
        self.uv = script(
            environments.uv_of(self.layout),
            f'echo "$*" >> "{self.log}"\n'
            f'case "$*" in *torch-backend*) exit 1;; *"+cpu") {has_wheel};; esac',
        )

    def install(self, build: str) -> str:
        """Install torch; return the arguments of the last call of uv."""
        environments.install_torch(self.layout, build)
        return self.log.read_text().splitlines()[-1]


@pytest.fixture(autouse=True)
def _on_linux_with_a_wheel_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments.platform, "system", lambda: "Linux")
    monkeypatch.setenv("PIP_FIND_LINKS", "/wheels /more")


def test_a_local_cpu_wheel_is_installed_where_pytorchs_index_is_out_of_reach(
    tmp_path: Path,
) -> None:
    installed = Machine(tmp_path, wheel=True).install("cpu")
    assert installed.endswith("--find-links /wheels --find-links /more torch==2.13.0+cpu")


def test_a_cuda_build_is_installed_only_if_it_was_asked_for(tmp_path: Path) -> None:
    machine = Machine(tmp_path, wheel=False)
    with pytest.raises(SetupError, match="TORCH=cuda"):
        machine.install("cpu")
    calls = machine.log.read_text().splitlines()
    assert all("--torch-backend cpu" in call or call.endswith("+cpu") for call in calls)
    assert machine.install("cuda").endswith(f"--require-hashes -r {tmp_path}/docker/torch.lock")


def test_where_pip_is_configured_in_a_file_its_folders_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS")
    machine = Machine(tmp_path, wheel=True)
    script(
        machine.uv.with_name("python"),
        'test "$*" = "-m pip config get global.find-links" && echo /configured',
    )
    assert machine.install("cpu").endswith("--find-links /configured torch==2.13.0+cpu")


def test_an_unknown_build_is_refused_by_name() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "toolchain", "--torch", "rocm"],
        cwd=Layout.of_this_checkout().root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "invalid choice: 'rocm'" in ended.stderr


def test_a_failed_program_is_shown_with_the_end_of_its_output(tmp_path: Path) -> None:
    machine = Machine(tmp_path, wheel=True)
    machine.uv.write_text("#!/bin/sh\necho no space left >&2; exit 3\n")
    with pytest.raises(CommandFailedError, match="ended with 3:\nno space left"):
        machine.install("cuda")
