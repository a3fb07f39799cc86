"""Which records a user may be shown: a button's custom_id and a file's name prove nothing."""

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.functions.interactions.stores import Jobs
from discord_diffusion.jobs.record import JobRecord
from discord_diffusion.jobs.refusal import Refusal


def record_for(interaction: Interaction, jobs: Jobs, job_id: str) -> JobRecord:
    """The record of a job that whoever interacts can see from here.

    Raises:
        Refusal: the table does not answer, or there is none that they can see.
    """
    try:
        record = jobs.get(job_id)
    except StoreError:
        raise Refusal("store") from None
    if not record or not _seen(interaction, record):
        raise Refusal("job_gone")
    return record


def _seen(interaction: Interaction, record: JobRecord) -> bool:
    """Only the author sees a private answer; of direct messages each channel is a place."""
    if record.private and record.user_id != interaction.user_id:
        return False
    if record.guild_id is None and record.channel_id != interaction.channel_id:
        return False
    return record.guild_id == interaction.guild_id
