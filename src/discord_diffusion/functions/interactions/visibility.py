"""Which records a user may be shown: a component's custom_id and a file's name prove nothing."""

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.jobs.record import JobRecord
from discord_diffusion.jobs.refusal import Refusal


def visible_record(interaction: Interaction, jobs: JobStore, job_id: str) -> JobRecord:
    """The record of a job, if the interaction's user can see the job's answer in this channel.

    Raises:
        Refusal: the table does not answer, or there is no such record.
    """
    try:
        record = jobs.get(job_id)
    except StoreError:
        raise Refusal("store") from None
    if not record or not _is_visible(interaction, record):
        raise Refusal("job_gone")
    return record


def _is_visible(interaction: Interaction, record: JobRecord) -> bool:
    """A private answer is visible to its author, one in a direct message in its own channel."""
    if record.private and record.user_id != interaction.user_id:
        return False
    if record.guild_id is None and record.channel_id != interaction.channel_id:
        return False
    return record.guild_id == interaction.guild_id
