"""A plugin of pytest: all tests of a process share one process of Terraform's AWS provider."""

from collections.abc import Iterator

import pytest

from tests.targets import DOCKER, TARGET
from toolchain.layout import Layout
from toolchain.shared_provider import shared_provider


@pytest.fixture(scope="session")
def shared_terraform_provider() -> Iterator[None]:
    """Hand the provider to every run of Terraform; in containers there is none to share.

    A test that runs two of them at once takes the variable away.
    """
    if TARGET == DOCKER:
        yield
        return
    with (
        shared_provider(Layout.of_this_checkout()) as variables,
        pytest.MonkeyPatch.context() as env,
    ):
        for name, value in variables.items():
            env.setenv(name, value)
        yield
