"""The emulator's interpreter is one that really answers."""

import sys
from pathlib import Path

import pytest

from toolchain import pythons, terraform
from toolchain.errors import SetupError

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_an_interpreter_of_another_version_is_refused() -> None:
    assert pythons.answers(Path(sys.executable), THIS)
    assert not pythons.answers(Path(sys.executable), "2.7")


def test_a_shim_that_answers_nothing_is_passed_over(
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
    assert pythons.find(THIS) == real


def test_the_interpreter_named_by_the_person_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "my-python"
    named.symlink_to(sys.executable)
    monkeypatch.setenv("PYTHON_EMULATOR", str(named))
    assert pythons.find(THIS) == named


def test_when_none_is_found_or_fetched_the_error_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pythons, "find", lambda _version: None)
    uv = script(tmp_path / "uv", "echo 'no network' >&2; exit 1")
    with pytest.raises(SetupError, match="PYTHON_EMULATOR"):
        pythons.find_or_fetch(uv, tmp_path / "fetched")


@pytest.mark.parametrize(
    ("version", "accepted"), [("1.9.8", False), ("1.10.0", True), ("2.0.1", True)]
)
def test_terraform_must_be_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, accepted: bool
) -> None:
    program = script(tmp_path / "bin" / "terraform", f"echo 'Terraform v{version}'")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert terraform.find(tmp_path) == (program if accepted else None)


def test_a_terraform_configuration_file_that_is_gone_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "gone"))
    assert "TF_CLI_CONFIG_FILE" not in terraform.environment()
    (tmp_path / "there").touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "there"))
    assert "TF_CLI_CONFIG_FILE" in terraform.environment()


def test_a_provider_mirror_is_found_by_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = tmp_path / "deep" / "down" / "plugins"
    (mirror / terraform.PROVIDER / terraform.platform_name()).mkdir(parents=True)
    monkeypatch.setattr(terraform, "_mirror_roots", lambda: iter([tmp_path]))
    assert terraform.find_provider_mirror() == mirror
