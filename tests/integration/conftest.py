"""Fixtures of all integration tests."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _provider(shared_terraform_provider: None) -> None:
    """Every test here may run Terraform."""
