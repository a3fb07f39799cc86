"""A bot whose handler raises ends, and says why: its library would only log it and go on."""

import functools
import os
import traceback
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def ends_with_it(
    handler: Callable[Parameters, Awaitable[Result]],
) -> Callable[Parameters, Awaitable[Result]]:
    """A handler that prints what it raises and ends the process with status 1."""

    @functools.wraps(handler)
    async def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return await handler(*args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever it is, the test shows it
            traceback.print_exc()
            os._exit(1)

    return run
