"""The number of processes of a function: as many as this machine runs well, where AWS has more.

AWS starts an environment for each invocation that finds none idle. Here their starts would share
a few processors, and a burst on a cold stack would be answered after Discord has stopped waiting.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localstack.services.lambda_.invocation.assignment import AssignmentService
from localstack.utils.patch import patch

MOST_PROCESSES = max(4, 2 * (os.cpu_count() or 1))
"""Of one version of a function; further invocations wait for one of them."""


def bound_processes() -> None:
    """Let invocations of a version wait while as many others are under way as it has processes."""
    places: dict[str, threading.Semaphore] = defaultdict(
        lambda: threading.Semaphore(MOST_PROCESSES)
    )

    @patch(AssignmentService.get_environment)  # type: ignore[untyped-decorator]  # LocalStack is untyped
    @contextmanager
    def _get_environment(
        original: Any, self: Any, version_manager_id: str, *arguments: Any, **named: Any
    ) -> Iterator[Any]:
        with (
            places[version_manager_id],
            original(self, version_manager_id, *arguments, **named) as environment,
        ):
            yield environment
