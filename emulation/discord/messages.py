"""Makes, edits and deletes messages from bodies that were checked."""

import re
from dataclasses import dataclass, replace
from typing import Any

from emulation.discord.backend import StandIn
from emulation.discord.errors import EMPTY_MESSAGE, TOO_LARGE, DiscordError
from emulation.discord.json_types import Json
from emulation.discord.request_body import Upload
from emulation.discord.state.attachments import Attachment, picture_size
from emulation.discord.state.messages import LOADING, SUPPRESS_EMBEDS, Message
from emulation.discord.validation.fields import fault
from emulation.discord.validation.mentions import mentioned_users, pings
from emulation.discord.validation.messages import ATTACHMENTS

_UNSAFE = re.compile(r"[^\w.\-]+")
_FILENAME = 255


@dataclass(frozen=True)
class Draft:
    """A checked body and the files that came with it."""

    fields: Json
    files: dict[int, Upload]
    attachment_bytes: int
    """How large each file may be."""


def compose(standin: StandIn, message: Message, draft: Draft) -> Message:
    """Fill a new message from a draft and keep it.

    Raises EMPTY_MESSAGE (50006), TOO_LARGE (40005) or FieldError.
    """
    _check_sizes(draft)
    fields = draft.fields
    message.content = (fields.get("content") or "").strip()
    message.embeds = fields.get("embeds") or []
    message.components = fields.get("components") or []
    message.tts = fields.get("tts") or False
    message.nonce = fields.get("nonce")
    listed = fields.get("attachments") or []
    message.attachments = _arranged(standin, message, draft, listed, unlisted=True)
    _require_content(message)
    _mention(standin, message, fields.get("allowed_mentions"))
    standin.messages.add(message)
    standin.message_changed("created", message)
    return message


def revise(standin: StandIn, message: Message, draft: Draft) -> Message:
    """Edit a message: fields that are absent stay, `attachments` lists all that remain.

    Raises EMPTY_MESSAGE (50006), TOO_LARGE (40005) or FieldError; the message is then unchanged.
    """
    _check_sizes(draft)
    fields = draft.fields
    after = replace(message, history=message.history)
    if "content" in fields:
        after.content = (fields["content"] or "").strip()
    if "embeds" in fields:
        after.embeds = fields["embeds"] or []
    if "components" in fields:
        after.components = fields["components"] or []
    if fields.get("flags") is not None:
        kept = message.flags & ~SUPPRESS_EMBEDS
        after.flags = kept | (fields["flags"] & SUPPRESS_EMBEDS)
    if "attachments" in fields:
        listed = fields["attachments"] or []
        after.attachments = _arranged(standin, message, draft, listed, unlisted=False)
    elif draft.files:
        kept_as_is = [{"id": one.id} for one in message.attachments]
        after.attachments = _arranged(standin, message, draft, kept_as_is, unlisted=True)
    _require_content(after)
    after.flags &= ~LOADING
    for name in ("content", "embeds", "components", "flags", "attachments"):
        setattr(message, name, getattr(after, name))
    message.edited_at = standin.clock.now()
    _mention(standin, message, fields.get("allowed_mentions"))
    standin.messages.keep_version(message)
    standin.message_changed("updated", message)
    return message


def delete(standin: StandIn, message: Message) -> None:
    """Delete a message."""
    standin.messages.delete(message)
    standin.message_changed("deleted", message)


def _check_sizes(draft: Draft) -> None:
    if any(len(upload.data) > draft.attachment_bytes for upload in draft.files.values()):
        raise DiscordError(TOO_LARGE)


def _require_content(message: Message) -> None:
    """Components alone are no message."""
    if not (message.content or message.embeds or message.attachments):
        raise DiscordError(EMPTY_MESSAGE)


def _mention(standin: StandIn, message: Message, allowed: Json | None) -> None:
    message.pings = pings(message.content, allowed)
    known = standin.world.users
    named = [one for one in mentioned_users(message.content) if one in known]
    message.mentions = [known[one].as_json() for one in named]


def _arranged(
    standin: StandIn, message: Message, draft: Draft, listed: list[Json], *, unlisted: bool
) -> list[Attachment]:
    """The attachments a message has after a request, in the order in which they are listed.

    `unlisted`: whether files that no entry names are added behind the others.
    """
    existing = {attachment.id: attachment for attachment in message.attachments}
    remaining = dict(draft.files)
    arranged: list[Attachment] = []
    uploads: list[tuple[Attachment, bytes]] = []
    for position, entry in enumerate(listed):
        if entry["id"] in existing:
            arranged.append(_updated(existing.pop(entry["id"]), entry))
            continue
        upload = remaining.pop(int(entry["id"]), None)
        if upload is None:
            text = f"Attachment with id {entry['id']} is neither uploaded nor on the message."
            raise fault("ATTACHMENT_NOT_FOUND", text, "attachments", str(position), "id")
        uploads.append((_new(standin, message, upload, entry), upload.data))
        arranged.append(uploads[-1][0])
    if unlisted:
        for _, upload in sorted(remaining.items()):
            uploads.append((_new(standin, message, upload, {}), upload.data))
            arranged.append(uploads[-1][0])
    if len(arranged) > ATTACHMENTS:
        text = f"Must be {ATTACHMENTS} or fewer in length."
        raise fault("BASE_TYPE_MAX_LENGTH", text, "attachments")
    for attachment, data in uploads:
        standin.attachments.add(attachment, data)
    return arranged


def _updated(attachment: Attachment, entry: Json) -> Attachment:
    changes: dict[str, Any] = {key: entry[key] for key in ("description", "title") if key in entry}
    return replace(attachment, **changes)


def _new(standin: StandIn, message: Message, upload: Upload, entry: Json) -> Attachment:
    size = picture_size(upload.data)
    return Attachment(
        id=standin.snowflakes.next(),
        channel_id=message.channel_id,
        filename=safe_filename(entry.get("filename") or upload.filename),
        content_type=upload.content_type,
        size=len(upload.data),
        width=size[0] if size else None,
        height=size[1] if size else None,
        description=entry.get("description"),
        title=entry.get("title"),
        spoiler=entry.get("is_spoiler", False),
        ephemeral=message.ephemeral_for is not None,
    )


def safe_filename(name: str) -> str:
    """A file name as Discord shows it: no folders and no unusual characters."""
    return _UNSAFE.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1])[-_FILENAME:] or "unknown"
