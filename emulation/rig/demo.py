"""The demonstration: a stack, one signed interaction, pictures."""

from pathlib import Path

from emulation.rig.stack.state import StackState
from emulation.rig.stand_in_client import Answer, StandIn
from toolchain.display import Display

PROMPT = "a red circle on a blue background"
TITLE = f"/imagine prompt:{PROMPT}"


def send(state: StackState, display: Display, out: Path, timeout_seconds: float) -> list[Path]:
    """Send the demonstration's `/imagine` and save its pictures.

    Raises:
        AnswerError: the user would have seen an error.
    """
    stand_in = StandIn(state.discord_url)

    def ask() -> Answer:
        interaction = stand_in.send("imagine", {"prompt": PROMPT, "seed": 42})
        return stand_in.wait_for_pictures(interaction, timeout_seconds)

    return display.run(TITLE, ask).save(out)
