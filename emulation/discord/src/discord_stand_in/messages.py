"""Creates, edits and deletes messages, from bodies that are already validated."""

from dataclasses import replace

from discord_stand_in.backend import Backend
from discord_stand_in.component_tree import media
from discord_stand_in.errors import EMPTY_MESSAGE, TOO_LARGE, DiscordError
from discord_stand_in.json_types import Json
from discord_stand_in.request_body import UploadedFile
from discord_stand_in.state.attachments import Attachment
from discord_stand_in.state.messages import (
    IS_COMPONENTS_V2,
    LOADING,
    REFERENCE,
    SUPPRESS_EMBEDS,
    Message,
)
from discord_stand_in.validation.fields import invalid
from discord_stand_in.validation.messages import MAX_ATTACHMENTS, mentioned_users, pings

Files = dict[int, UploadedFile]
"""The files of a request, by the `n` of `files[n]`."""
Upload = tuple[Attachment, bytes]
"""A new attachment and its bytes."""


def create_message(
    backend: Backend, message: Message, fields: Json, files: Files, file_limit: int | None = None
) -> Message:
    """Fill a new message from validated fields and files, and store it.

    `file_limit`: how many bytes each file may have; None: Discord's limit.

    Raises:
        DiscordError: EMPTY_MESSAGE (50006) or TOO_LARGE (40005).
        InvalidFormError: the body lists an attachment that was not uploaded, or too many.
    """
    _check_file_sizes(backend, files, file_limit)
    message.content = (fields.get("content") or "").strip()
    message.embeds = fields.get("embeds") or []
    message.components = fields.get("components") or []
    message.tts = fields.get("tts") or False
    message.nonce = fields.get("nonce")
    listed = fields.get("attachments") or []
    message.attachments, uploads = _arrange_attachments(
        backend, message, files, listed, add_unlisted=True
    )
    _check_content(message)
    _keep_files(backend, message, uploads)
    _set_mentions(backend, message, fields.get("allowed_mentions"))
    backend.messages.add(message)
    backend.publish_message("created", message)
    return message


def edit_message(
    backend: Backend, message: Message, fields: Json, files: Files, file_limit: int | None = None
) -> Message:
    """Edit a message: absent fields stay as they are, `attachments` lists all that remain.

    Raises what `create_message` raises; the message is then unchanged.
    """
    _check_file_sizes(backend, files, file_limit)
    after, uploads = replace(message), list[Upload]()
    if "content" in fields:
        after.content = (fields["content"] or "").strip()
    if "embeds" in fields:
        after.embeds = fields["embeds"] or []
    if "components" in fields:
        after.components = fields["components"] or []
    if fields.get("flags") is not None:
        # IS_COMPONENTS_V2 can be set, and never taken back.
        changed = fields["flags"] & (SUPPRESS_EMBEDS | IS_COMPONENTS_V2)
        after.flags = (message.flags & ~SUPPRESS_EMBEDS) | changed
    if "attachments" in fields or files:
        listed = [{"id": attachment.id} for attachment in message.attachments]
        if "attachments" in fields:
            listed = fields["attachments"] or []
        after.attachments, uploads = _arrange_attachments(
            backend, message, files, listed, add_unlisted="attachments" not in fields
        )
    _check_content(after)
    _keep_files(backend, message, uploads)
    after.flags &= ~LOADING
    for name in ("content", "embeds", "components", "flags", "attachments"):
        setattr(message, name, getattr(after, name))
    message.edited_at = backend.clock.now()
    _set_mentions(backend, message, fields.get("allowed_mentions"))
    backend.messages.add_version(message)
    backend.publish_message("updated", message)
    return message


def delete_message(backend: Backend, message: Message, *, dispatches: bool = True) -> None:
    """Delete a message; its history stays for the control API.

    `dispatches`: whether the Gateway tells of this message by itself.
    """
    message.deleted = True
    (backend.publish_message if dispatches else backend.show_message)("deleted", message)


def _check_file_sizes(backend: Backend, files: Files, limit: int | None) -> None:
    limit = backend.limits.attachment_bytes if limit is None else limit
    if any(len(file.data) > limit for file in files.values()):
        raise DiscordError(TOO_LARGE)


def _check_content(message: Message) -> None:
    """Check that a message holds something, and that its components name files that it has."""
    if message.is_v2:
        for name in ("content", "embeds"):
            if getattr(message, name):
                raise invalid(
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                    name,
                )
        _check_references(message)
    if not (message.components if message.is_v2 else _has_legacy_content(message)):
        raise DiscordError(EMPTY_MESSAGE)


def _has_legacy_content(message: Message) -> bool:
    """Whether a message holds more than components."""
    return bool(message.content or message.embeds or message.attachments)


def _check_references(message: Message) -> None:
    """Seen at https://github.com/discord/discord-api-docs/issues/7754"""
    for path, item in media(message.components):
        if message.referenced_file(item["url"]) is None and item["url"].startswith(REFERENCE):
            text = f'The referenced attachment ("{item["url"]}") was not found'
            code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
            raise invalid(code, text, "components", *path, "url")


def _set_mentions(backend: Backend, message: Message, allowed: Json | None) -> None:
    text = message.text
    message.pings = pings(text, allowed)
    ids = mentioned_users(text)
    users = {user_id: user.as_json() for user_id, user in backend.directory.users.items()}
    users[backend.application.id] = backend.bot_user()
    message.mentions = [users[user_id] for user_id in ids if user_id in users]


def _arrange_attachments(
    backend: Backend, message: Message, files: Files, listed: list[Json], *, add_unlisted: bool
) -> tuple[list[Attachment], list[Upload]]:
    """The attachments that a message has after a request, as they are listed, and the new ones.

    `add_unlisted`: whether files that no entry names are added behind the others.
    """
    existing = {attachment.id: attachment for attachment in message.attachments}
    unlisted = dict(files)
    arranged: list[Attachment] = []
    uploads: list[Upload] = []

    def add_file(file: UploadedFile, entry: Json) -> None:
        attachment = Attachment.of_file(
            file.data,
            id=backend.snowflakes.next(),
            channel_id=message.channel_id,
            filename=entry.get("filename") or file.filename,
            content_type=file.content_type,
            description=entry.get("description"),
            title=entry.get("title"),
            spoiler=entry.get("is_spoiler", False),
            ephemeral=message.ephemeral_for is not None,
        )
        uploads.append((attachment, file.data))
        arranged.append(attachment)

    for position, entry in enumerate(listed):
        if entry["id"] in existing:
            names = {"description": "description", "title": "title", "is_spoiler": "spoiler"}
            changes: Json = {names[key]: entry[key] for key in names if key in entry}
            arranged.append(replace(existing.pop(entry["id"]), **changes))
            continue
        file = unlisted.pop(int(entry["id"]), None)
        if file is None:
            text = f"Attachment with id {entry['id']} is neither uploaded nor on the message."
            raise invalid("ATTACHMENT_NOT_FOUND", text, "attachments", str(position), "id")
        add_file(file, entry)
    if add_unlisted:
        for _, file in sorted(unlisted.items()):
            add_file(file, {})
    if len(arranged) > MAX_ATTACHMENTS:
        text = f"Must be {MAX_ATTACHMENTS} or fewer in length."
        raise invalid("BASE_TYPE_MAX_LENGTH", text, "attachments")
    return arranged, uploads


def _keep_files(backend: Backend, message: Message, uploads: list[Upload]) -> None:
    """Keep the files of a request, once nothing in it is refused any more."""
    for attachment, data in uploads:
        backend.attachments.add(attachment, data)
        message.file_ids.append(attachment.id)
