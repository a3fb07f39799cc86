"""Has `waiting` confirm jobs a moment after their interaction, whatever becomes of this function.

The state machine `confirm` is started before the first write that can fail, so that it looks also
at what a function left behind that was ended, or whose calls were not answered:
docs/decisions/0504.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from discord_diffusion.aws.errors import ServiceError
from discord_diffusion.aws.state_machines import StateMachine
from discord_diffusion.jobs.job import ANSWERED_AFTER, snowflake_time
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.jobs.stop_order import StopOrder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConfirmationSchedule:
    """Starts the state machine; without one only the scaling loop has jobs confirmed."""

    machine: StateMachine | None

    def schedule(self, interaction_id: str, job_ids: Collection[str]) -> None:
        """Have jobs confirmed once the interaction that changes them is answered, or never will be.

        A failure is logged: the scaling loop has them confirmed later.
        """
        if not self.machine:
            return
        at = (snowflake_time(interaction_id) + ANSWERED_AFTER).isoformat(timespec="milliseconds")
        try:
            # Once: the calls that the answer needs come after it.
            self.machine.start(
                {"jobs": sorted(job_ids), "at": at.replace("+00:00", "Z")}, repeat=False
            )
        except ServiceError as error:
            extra = {"interaction": interaction_id, "reason": str(error)}
            log.warning("No confirmation is scheduled", extra=extra)

    def stop(self, order: StopOrder) -> None:
        """Have jobs stopped now, however many they are.

        Raises:
            Refusal: none are stopped.
        """
        at = snowflake_time(order.event_id).isoformat(timespec="milliseconds")
        given = {"jobs": [], "stop": order.to_json(), "at": at.replace("+00:00", "Z")}
        try:
            if not self.machine:
                raise Refusal("store")
            self.machine.start(given)
        except ServiceError as error:
            extra = {"interaction": order.event_id, "reason": str(error)}
            log.error("The jobs are not stopped", extra=extra)
            raise Refusal("store") from None
