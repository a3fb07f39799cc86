"""Experiments on the operations page: what users want is done, and what runs is shown there."""

from dataclasses import asdict

from emulation.rig.errors import ControlError
from emulation.rig.experiments import NAMED, Experiments
from emulation.rig.stand_in_client import StandInClient

_SHOWN = 20


class ReportedExperiments:
    """Takes the wishes of the page's users, and reports the experiments of a stack.

    FIS is asked only where something has changed: a stack without experiments does not load it.
    """

    def __init__(self, stand_in: StandInClient, experiments: Experiments) -> None:
        self._stand_in, self._experiments = stand_in, experiments
        self.started = 0
        """What the fleet agent counts of started and ended experiments."""
        self._reported: int | None = None
        self._is_any_running = False

    def report(self) -> None:
        """Do what users want, and report what has changed."""
        error = ""
        wishes = self._stand_in.take_wishes()
        for wish in wishes:
            try:
                self._fulfil(wish)
            except ControlError as refused:
                error = str(refused)
        if wishes or self.started != self._reported or self._is_any_running:
            self._send(error)

    def _fulfil(self, wish: dict[str, str]) -> None:
        if wish["start"]:
            self._experiments.start_named(wish["start"])
        else:
            self._experiments.stop(wish["stop"])

    def _send(self, error: str) -> None:
        is_needed = self._reported is not None or self.started
        found = self._experiments.all()[:_SHOWN] if is_needed else []
        self._reported = self.started
        self._is_any_running = any(not one.is_over for one in found)
        report: dict[str, object] = {
            "known": [asdict(one) for one in NAMED],
            "experiments": [one.as_json() for one in found],
            "error": error,
        }
        self._stand_in.set_experiments(report)
