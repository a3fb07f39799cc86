"""What makes the set-up of Terraform due again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from toolchain.plan import terraform_inputs


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
def test_it_is_due_when_what_it_initialises_changes(
    infra: Path, change: Callable[[Path], object]
) -> None:
    before = terraform_inputs(infra)
    assert terraform_inputs(infra) == before
    change(infra)
    assert terraform_inputs(infra) != before
