"""What is fetched is verified, and gigabytes are never fetched unasked."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from toolchain import terraform, torch
from toolchain.errors import CommandFailedError, SetupError

NAME = f"terraform_{terraform.FETCHED_VERSION}_{terraform.platform_name()}.zip"


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        target.writestr("terraform", f"#!/bin/sh\necho Terraform v{terraform.FETCHED_VERSION}\n")
    return content.getvalue()


def publish(monkeypatch: pytest.MonkeyPatch, content: bytes, digest: str) -> None:
    """Have the release page answer these."""

    def download(address: str) -> bytes:
        return f"{digest}  {NAME}\n".encode() if address.endswith("SHA256SUMS") else content

    monkeypatch.setattr(terraform, "_download", download)
    monkeypatch.setenv("PATH", "/nowhere")


def test_terraform_is_fetched_into_the_cache_and_found_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = archive()
    publish(monkeypatch, content, hashlib.sha256(content).hexdigest())
    program = terraform.find_or_fetch(tmp_path)
    assert program == tmp_path / "bin" / "terraform"
    assert terraform.find(tmp_path) == program


def test_a_download_with_another_checksum_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, archive(), "0" * 64)
    with pytest.raises(SetupError, match="published checksum"):
        terraform.find_or_fetch(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_the_error_says_where_to_get_terraform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(_address: str) -> bytes:
        raise OSError("no route")

    monkeypatch.setattr(terraform, "_download", no_network)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SetupError, match="Install it: https"):
        terraform.find_or_fetch(tmp_path)


class Machine:
    """Programs that record how they were called; uv finds no index, pip resolves to `version`."""

    def __init__(self, folder: Path, version: str) -> None:
        self.log = folder / "calls"
        self.log.touch()
        report = json.dumps({"install": [{"metadata": {"version": version}}]})
        self.uv = self._script(folder / "uv", "exit 1")
        self.python = self._script(
            folder / "python", f"case \"$*\" in *dry-run*) echo '{report}';; esac"
        )

    def _script(self, path: Path, code: str) -> Path:
        path.write_text(f'#!/bin/sh\necho "{path.name} $*" >> {self.log}\n{code}\n')
        path.chmod(0o755)
        return path

    @property
    def installed(self) -> bool:
        """Whether pip was told to install for good."""
        return any(
            line.startswith("python -m pip install") and "dry-run" not in line
            for line in self.log.read_text().splitlines()
        )


@pytest.fixture(autouse=True)
def _on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.platform, "system", lambda: "Linux")


def test_a_local_cpu_wheel_is_taken_where_pytorchs_index_is_out_of_reach(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "2.13.0+cpu")
    torch.install(machine.python, machine.uv, "torch==2.13.0", "cpu")
    assert machine.installed


def test_a_cuda_build_is_refused_unless_it_was_asked_for(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "2.13.0")
    with pytest.raises(SetupError, match="TORCH=cuda"):
        torch.install(machine.python, machine.uv, "torch==2.13.0", "cpu")
    assert not machine.installed
    torch.install(machine.python, machine.uv, "torch==2.13.0", "cuda")
    assert machine.installed


def test_an_unknown_build_is_refused_by_name(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "2.13.0+cpu")
    with pytest.raises(SetupError, match="'rocm' is not a build"):
        torch.install(machine.python, machine.uv, "torch==2.13.0", "rocm")


def test_a_failed_program_is_shown_with_the_end_of_its_output(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "2.13.0+cpu")
    machine.python.write_text("#!/bin/sh\necho no space left >&2; exit 3\n")
    with pytest.raises(CommandFailedError, match="ended with 3:\nno space left"):
        torch.install(machine.python, machine.uv, "torch==2.13.0", "cuda")
