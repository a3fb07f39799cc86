"""discord-webhook's own calls on a webhook: prints what each answers, as JSON. Run by its test."""

import asyncio
import json
import sys

from discord_webhook import AsyncDiscordWebhook, DiscordEmbed, DiscordWebhook

given = json.loads(sys.stdin.readline())
URL, PATIENT = given["url"], {"rate_limit_retry": True}


def show(name: str, response: object) -> None:
    """Print a response."""
    text = response.text  # type: ignore[attr-defined]
    shown = {"name": name, "status": response.status_code, "body": json.loads(text or "null")}  # type: ignore[attr-defined]
    print(json.dumps(shown), flush=True)


def embedded() -> DiscordWebhook:
    """A message with an embed, which shows a file, and a second file."""
    webhook = DiscordWebhook(URL, content="Hello", username="Bo", **PATIENT)
    embed = DiscordEmbed(title="T", description="D", color="03b2f8")
    embed.set_author(name="A", url="https://x.test")
    embed.set_image(url="attachment://a.png")
    embed.add_embed_field(name="F", value="V", inline=False)
    embed.set_footer(text="Foot")
    embed.set_timestamp()
    webhook.add_embed(embed)
    webhook.add_file(file=b"bytes of a", filename="a.png")
    webhook.add_file(file=b"bytes of b", filename="b.png")
    return webhook


def changed(webhook: DiscordWebhook) -> DiscordWebhook:
    """The message with another text, and without its embed."""
    webhook.content = "Changed"
    webhook.remove_embeds()
    return webhook


async def later() -> None:
    """The same by its asynchronous client."""
    webhook = AsyncDiscordWebhook(URL, content="Later", **PATIENT)
    webhook.add_file(file=b"bytes of d", filename="d.png")
    show("async execute", await webhook.execute())
    webhook.content = "Later still"
    show("async edit", await webhook.edit())
    show("async delete", await webhook.delete())


first = embedded()
show("execute", first.execute())
show("edit", changed(first).edit())
show("delete", first.delete())
silent = {"flags": 4096} | PATIENT
thread = DiscordWebhook(URL, content="In a thread", thread_id=given["thread"], **silent)
show("thread", thread.execute())
nobody = DiscordWebhook(URL, content="@everyone", allowed_mentions={"parse": []}, **PATIENT)
show("mentions", nobody.execute())
show("too long", DiscordWebhook(URL, content="x" * 2001, **PATIENT).execute())
for one in DiscordWebhook.create_batch([URL, URL], content="Batch", **PATIENT):
    show("batch", one.execute())
asyncio.run(later())
