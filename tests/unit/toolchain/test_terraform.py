"""Terraform is fetched with its checksum verified, and initialised when what it needs changed."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from http.client import IncompleteRead
from pathlib import Path

import pytest

from toolchain import terraform
from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.setup import project_plan

PLATFORM = "linux_amd64"
NAME = f"terraform_{terraform.FETCHED_VERSION}_{PLATFORM}.zip"


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        target.writestr("terraform", f"#!/bin/sh\necho Terraform v{terraform.FETCHED_VERSION}\n")
    return content.getvalue()


def publish(monkeypatch: pytest.MonkeyPatch, content: bytes, digest: str | None = None) -> None:
    """Make the release page answer with an archive, and with sums that fit it; pin a digest."""
    own = hashlib.sha256(content).hexdigest()

    def download(address: str) -> bytes:
        return f"{own}  {NAME}\n".encode() if address.endswith("SHA256SUMS") else content

    monkeypatch.setattr(terraform, "_download", download)
    monkeypatch.setattr(terraform, "platform_name", lambda: PLATFORM)
    if digest:
        monkeypatch.setitem(terraform.SHA256, PLATFORM, digest)
    monkeypatch.setenv("PATH", "/nowhere")


def test_terraform_is_fetched_into_the_cache_and_found_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = archive()
    publish(monkeypatch, content, hashlib.sha256(content).hexdigest())
    program = terraform.find_or_fetch(tmp_path)
    assert program == tmp_path / "bin" / "terraform"
    assert terraform.find(tmp_path) == program


def test_the_set_up_runs_again_when_the_program_of_the_path_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Layout, "cache", tmp_path / "cache")
    layout = Layout.of_this_checkout()

    def result() -> Path:
        """The path without which the step is done again."""
        steps = {step.title: step for step in project_plan(layout, "cpu").outdated()}
        return steps["Terraform and its provider"].result

    installed = tmp_path / "terraform"
    installed.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert result() == layout.terraform_data / "providers"
    installed.unlink()
    fetched = layout.cache / "bin" / "terraform"
    assert result() == fetched
    fetched.parent.mkdir(parents=True)
    fetched.touch()
    assert result() == layout.terraform_data / "providers"


def test_an_archive_that_only_its_own_server_vouches_for_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, archive())
    with pytest.raises(SetupError, match="not installed"):
        terraform.find_or_fetch(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_terraform_is_not_fetched_for_a_platform_without_a_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, archive())
    monkeypatch.setattr(terraform, "platform_name", lambda: "plan9_386")
    with pytest.raises(SetupError, match="Install it: https"):
        terraform.find_or_fetch(tmp_path)


@pytest.mark.parametrize("error", [OSError("no route"), IncompleteRead(b"")])
def test_without_a_network_the_error_says_where_to_get_terraform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def no_network(_address: str) -> bytes:
        raise error

    monkeypatch.setattr(terraform, "_download", no_network)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SetupError, match="Install it: https"):
        terraform.find_or_fetch(tmp_path)


@pytest.mark.parametrize(
    ("version", "accepted"), [("1.9.8", False), ("1.10.0", True), ("2.0.1", True)]
)
def test_terraform_must_be_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, accepted: bool
) -> None:
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho 'Terraform v{version}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert terraform.find(tmp_path) == (program if accepted else None)


def test_a_missing_terraform_configuration_file_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "gone"))
    assert "TF_CLI_CONFIG_FILE" not in terraform.environment()
    (tmp_path / "there").touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "there"))
    assert "TF_CLI_CONFIG_FILE" in terraform.environment()


def test_a_provider_mirror_is_found_in_subfolders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = tmp_path / "deep" / "down" / "plugins"
    (mirror / terraform.PROVIDER / terraform.platform_name()).mkdir(parents=True)
    monkeypatch.setattr(terraform, "_mirror_roots", lambda: iter([tmp_path]))
    assert terraform.find_provider_mirror() == mirror


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    """A root module with a module of its own and a test."""
    (tmp_path / "modules" / "queue").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    (tmp_path / "providers.tf").write_text("terraform {}")
    (tmp_path / "tests" / "queue.tftest.hcl").write_text('run "one" {}')
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        lambda infra: (infra / "providers.tf").write_text("terraform { }"),
        lambda infra: (infra / "modules" / "fleet").mkdir(),
        lambda infra: (infra / "tests" / "queue.tftest.hcl").write_text('run "other" {}'),
    ],
    ids=["the provider", "a module", "a run of a test"],
)
def test_terraform_is_initialised_again_when_what_it_initialises_changes(
    infra: Path, change: Callable[[Path], object]
) -> None:
    before = terraform.inputs(infra)
    assert terraform.inputs(infra) == before
    change(infra)
    assert terraform.inputs(infra) != before
