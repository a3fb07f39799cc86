"""The templates and experiments of an account and region."""

import threading
from collections.abc import Callable
from typing import Any

from ecs_fleet_emulator.errors import ExperimentError
from ecs_fleet_emulator.experiments.experiment import OVER, Experiment

MOST_KEPT = 100
"""Experiments; FIS keeps them for 120 days."""


class Store:
    """The templates and experiments by their identifiers, each one once for its client token.

    A caller that got no answer asks again with the same token, perhaps while its first request is
    still under way: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    """

    def __init__(self) -> None:
        self.templates: dict[str, dict[str, Any]] = {}
        self.experiments: dict[str, Experiment] = {}
        self._template_tokens: dict[str, str] = {}
        self._experiment_tokens: dict[str, str] = {}
        self._lock = threading.Lock()

    def add_template(self, token: str | None, template: dict[str, Any]) -> dict[str, Any]:
        """Keep a template; or the one that was kept for the token, if it still exists.

        Raises:
            ExperimentError: there is no token.
        """
        token = _given(token)
        with self._lock:
            kept = self.templates.get(self._template_tokens.get(token, ""))
            if kept is not None:
                return kept
            self.templates[template["id"]] = template
            self._template_tokens[token] = template["id"]
            self._template_tokens = _of_kept(self._template_tokens, self.templates)
        return template

    def add_experiment(
        self, token: str | None, make: Callable[[], Experiment]
    ) -> tuple[Experiment, bool]:
        """Keep a new experiment, and whether it is one: else that of the token. Forget the oldest.

        What `make` raises is raised; then nothing is kept.

        Raises:
            ExperimentError: there is no token.
        """
        token = _given(token)
        with self._lock:
            kept = self.experiments.get(self._experiment_tokens.get(token, ""))
            if kept is not None:
                return kept, False
            experiment = make()
            self.experiments[experiment.id] = experiment
            self._experiment_tokens[token] = experiment.id
            over = [name for name, one in self.experiments.items() if one.state in OVER]
            for old in over[:-MOST_KEPT]:
                del self.experiments[old]
            self._experiment_tokens = _of_kept(self._experiment_tokens, self.experiments)
        return experiment, True


def _given(token: str | None) -> str:
    """The token, which AWS's SDKs make and other clients have to send."""
    if not token:
        raise ExperimentError("clientToken is needed: a text that no other request has")
    return token


def _of_kept(tokens: dict[str, str], kept: dict[str, Any]) -> dict[str, str]:
    return {token: name for token, name in tokens.items() if name in kept}
