"""What the stand-in's tests share."""

from collections.abc import AsyncIterator

import pytest

from tests.standin_rig import Rig, running


@pytest.fixture
def anyio_backend() -> str:
    """asyncio, which is what serves the stand-in."""
    return "asyncio"


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A stand-in without rate limits or probes."""
    async with running() as one:
        yield one
