"""What the tests that need an engine share. `make test-docker` builds the images first."""

import pytest
from engine_facts import IMAGES, Image


@pytest.fixture(scope="session", params=IMAGES, ids=str)
def image(request: pytest.FixtureRequest) -> Image:
    """Each of our images."""
    return Image(IMAGES[request.param])


@pytest.fixture(scope="session")
def worker_image() -> Image:
    """The worker's."""
    return Image(IMAGES["worker"])


@pytest.fixture(autouse=True)
def _no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's .env chooses profiles for their own stack, not for the tests'."""
    monkeypatch.setenv("COMPOSE_PROFILES", "")
