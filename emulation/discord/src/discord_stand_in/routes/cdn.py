"""The files behind attachment links, until the links expire.

Contract: https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discord_stand_in.routes.dependencies import BackendDep

router = APIRouter(tags=["cdn"])

_INLINE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@router.get("/attachments/{channel_id}/{attachment_id}/{filename}")
@router.get("/ephemeral-attachments/{channel_id}/{attachment_id}/{filename}")
async def get_file(
    request: Request, backend: BackendDep, channel_id: str, attachment_id: str, filename: str
) -> Response:
    """The bytes of an attachment; 404 unless the link was signed here and is still valid."""
    store = backend.attachments
    attachment = store.find(attachment_id)
    expires, issued, signature = (request.query_params.get(key, "") for key in ("ex", "is", "hm"))
    if (
        attachment is None
        or (attachment.channel_id, attachment.filename) != (channel_id, filename)
        or not store.is_valid(attachment, expires, issued, signature)
    ):
        return Response("This content is no longer available.", 404, media_type="text/plain")
    # Only pictures are shown inline: an HTML file could otherwise run scripts in the pages' origin.
    is_inline = attachment.content_type in _INLINE_TYPES
    headers = {
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": "inline" if is_inline else "attachment",
        "X-Content-Type-Options": "nosniff",
    }
    media_type = attachment.content_type if is_inline else "application/octet-stream"
    return Response(store.read(attachment.id), headers=headers, media_type=media_type)
