"""Fixtures of the tests that need an engine. `make test-docker` builds the images first."""

import pytest
from engine_facts import IMAGES, Image


@pytest.fixture(scope="session", params=IMAGES, ids=str)
def image(request: pytest.FixtureRequest) -> Image:
    """One of our images; tests run with each of them."""
    return Image(IMAGES[request.param])


@pytest.fixture(scope="session")
def worker_image() -> Image:
    """The worker's image."""
    return Image(IMAGES["worker"])


@pytest.fixture(autouse=True)
def _no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's .env chooses profiles for their own stack, not for the tests'."""
    monkeypatch.setenv("COMPOSE_PROFILES", "")
