"""Fixtures of the stand-in's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.standin_in_process import StandIn, running


@pytest.fixture
def anyio_backend() -> str:
    """asyncio, which is what serves the stand-in."""
    return "asyncio"


@pytest.fixture
async def standin() -> AsyncIterator[StandIn]:
    """A stand-in without rate limits or probes."""
    async with running() as standin:
        yield standin
