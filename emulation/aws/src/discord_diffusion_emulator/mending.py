"""Corrections of LocalStack's own behaviour, each with the reason for it."""

from collections import defaultdict
from collections.abc import ValuesView
from typing import Any

from localstack.services.lambda_.invocation.assignment import AssignmentService
from localstack.utils.patch import patch


class _Environments(dict[str, Any]):
    """A function version's environments, that can be looked through while another thread adds one.

    LocalStack walks through `values()` while other invocations start environments, which fails
    with "dictionary changed size during iteration" when several arrive at once.
    """

    def values(self) -> ValuesView[Any]:
        return dict(self).values()


def apply() -> None:
    """Apply all corrections. Called once, before anything is served."""

    @patch(AssignmentService.__init__)  # type: ignore[untyped-decorator]  # LocalStack is untyped
    def _init(original: Any, service: Any) -> None:
        original(service)
        service.environments = defaultdict(_Environments)
