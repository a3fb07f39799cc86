"""Which job records a user may see: anybody can make up a custom_id or the name of a file."""

from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.jobs.record import JobRecord
from discord_diffusion.jobs.refusal import Refusal


def visible_record(interaction: Interaction, jobs: JobStore, job_id: str) -> JobRecord:
    """The record of a job, if the interaction's user can see the job's answer in this channel.

    Raises:
        Refusal: there is no record that the user may see.
        StoreError: the table does not answer.
    """
    record = jobs.get(job_id)
    if not record or not _is_visible(interaction, record):
        raise Refusal("job_gone")
    return record


def _is_visible(interaction: Interaction, record: JobRecord) -> bool:
    """Users see their own answers wherever they are: in their history.

    Of others a private answer is visible nowhere, another in its guild; outside a guild, and where
    the application is a guest, in its channel only.
    """
    if record.user_id == interaction.user_id:
        return True
    if record.private:
        return False
    if record.guild_id is None:
        return record.channel_id == interaction.channel_id
    return record.guild_id == interaction.guild_id
