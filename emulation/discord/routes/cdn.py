"""The files behind attachment links, until the links expire.

Contract: https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from emulation.discord.backend import StandIn
from emulation.discord.routes.dependencies import StandInDep
from emulation.discord.state.attachments import Attachment

router = APIRouter(tags=["cdn"])

_GONE = "This content is no longer available."
_SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")


@router.get("/attachments/{channel_id}/{attachment_id}/{filename}")
@router.get("/ephemeral-attachments/{channel_id}/{attachment_id}/{filename}")
async def get_file(
    request: Request, standin: StandInDep, channel_id: str, attachment_id: str, filename: str
) -> Response:
    """The bytes of an attachment."""
    attachment = standin.attachments.get(attachment_id)
    if attachment is None or not _opens(request, standin, attachment, channel_id, filename):
        return Response(_GONE, 404, media_type="text/plain")
    # Only pictures are shown: anything else could be a page that runs as one of ours.
    is_shown = attachment.content_type in _SHOWN
    headers = {
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": "inline" if is_shown else "attachment",
        "X-Content-Type-Options": "nosniff",
    }
    media_type = attachment.content_type if is_shown else "application/octet-stream"
    return Response(standin.attachments.read(attachment.id), headers=headers, media_type=media_type)


def _opens(
    request: Request, standin: StandIn, attachment: Attachment, channel_id: str, filename: str
) -> bool:
    query = request.query_params
    return (attachment.channel_id, attachment.filename) == (
        channel_id,
        filename,
    ) and standin.attachments.is_valid(
        attachment, query.get("ex", ""), query.get("is", ""), query.get("hm", "")
    )
