"""A small application behind the stand-in: it checks signatures and answers like a real bot."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from PIL import Image, ImageDraw

from emulation.rig.waiting import wait_until
from fixtures.discord.signing import application, public_key
from tests.e2e.answers import COMMANDS, Reply, reply_to

Payload = dict[str, Any]

ID = application()["application_id"]
_USER_AGENT = "DiscordBot (https://application.test, 1.0)"


@dataclass
class Bot:
    """The application: its received interactions, its answers, and its calls of Discord's API."""

    url: str
    http: httpx.Client
    payloads: list[Payload] = field(default_factory=list)
    reply: Callable[[Payload], Reply] = reply_to
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when the application ends, which is when late responses are sent."""

    def received(self, name: str) -> list[Payload]:
        """The received interactions of a command, without its autocomplete interactions."""
        commands = [payload for payload in self.payloads if payload["type"] == 2]
        return [payload for payload in commands if payload["data"]["name"] == name]

    def interaction(self, name: str, index: int = 0) -> Payload:
        """A received interaction of a command, once it is there: the page shows it before."""
        return wait_until(lambda: self.received(name), f"/{name} is received")[index]

    def set_answer_seconds(self, seconds: float) -> None:
        """Change how long the stand-in waits for an answer."""
        body = {"seconds": seconds}
        answer = httpx.put(f"{self.url}/control/answer-time", json=body, trust_env=False)
        answer.raise_for_status()

    def register(self, *more: Payload) -> None:
        """Register the commands, and `more` of them."""
        self.http.put(f"/applications/{ID}/commands", json=[*COMMANDS, *more]).raise_for_status()

    def edit(self, payload: Payload, content: str | None, pictures: int = 0, **fields: Any) -> None:
        """Edit the original response, with `pictures` pictures."""
        path = f"/webhooks/{ID}/{payload['token']}/messages/@original"
        body: Payload = {"content": content, **fields}
        if not pictures:
            self.http.patch(path, json=body).raise_for_status()
            return
        files, body["attachments"] = [], []
        for index in range(pictures):
            files.append((f"files[{index}]", (f"{index}.png", picture(index), "image/png")))
            entry = {"id": index, "filename": f"{index}.png", "description": f"Picture {index + 1}"}
            body["attachments"].append(entry)
        form = {"payload_json": json.dumps(body)}
        self.http.patch(path, data=form, files=files).raise_for_status()

    def edit_with_files(self, payload: Payload, body: Payload, contents: dict[str, bytes]) -> None:
        """Edit the original response with a whole body, and with files by their names."""
        path = f"/webhooks/{ID}/{payload['token']}/messages/@original"
        names = list(contents)
        body = body | {
            "attachments": [{"id": place, "filename": name} for place, name in enumerate(names)]
        }
        files = [
            (f"files[{place}]", (name, contents[name], "image/png"))
            for place, name in enumerate(names)
        ]
        form = {"payload_json": json.dumps(body)}
        self.http.patch(path, data=form, files=files).raise_for_status()


def picture(index: int, side: int = 256) -> bytes:
    """A PNG that differs by its index."""
    hue = (index * 47) % 255
    image = Image.linear_gradient("L").resize((side, side)).convert("RGB")
    image = Image.blend(image, Image.new("RGB", (side, side), (hue, 255 - hue, 160)), 0.6)
    inset = side // 4 + (index % 5) * side // 40
    ImageDraw.Draw(image).ellipse(
        (inset, inset, side - inset, side - inset), fill=(255 - hue, 80, hue)
    )
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def flat_picture(side: int) -> bytes:
    """A PNG of two plain colours."""
    image = Image.new("RGB", (side, side), "navy")
    ImageDraw.Draw(image).ellipse((side // 4, side // 4, side - side // 4, side // 2), fill="red")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def noise(side: int) -> bytes:
    """A PNG of as many colours as a photograph."""
    channels = [Image.effect_noise((side, side), 60) for _ in range(3)]
    file = io.BytesIO()
    Image.merge("RGB", channels).save(file, "PNG")
    return file.getvalue()


@contextmanager
def running(standin_url: str) -> Iterator[Bot]:
    """The application, listening, and known to the stand-in."""
    headers = {
        "User-Agent": _USER_AGENT,
        "Authorization": f"Bot {application()['bot_token']}",
    }
    with httpx.Client(
        base_url=f"{standin_url}/api/v10", headers=headers, trust_env=False, timeout=30
    ) as http:
        bot = Bot(standin_url, http)
        with _listening(bot) as endpoint:
            body = {"interactions_endpoint_url": endpoint}
            http.patch("/applications/@me", json=body).raise_for_status()
            yield bot


@contextmanager
def _listening(bot: Bot) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = _answer(bot, self)
            content = json.dumps(body).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:
                """The stand-in no longer waits for this answer."""

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/interactions"
    finally:
        bot.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def _answer(bot: Bot, request: BaseHTTPRequestHandler) -> tuple[int, Payload]:
    body = request.rfile.read(int(request.headers["Content-Length"]))
    if not _is_signed(request, body):
        return 401, {}
    payload: Payload = json.loads(body)
    if payload["type"] == 1:
        return 200, {"type": 1}
    bot.payloads.append(payload)
    reply = bot.reply(payload)
    if reply is None:
        bot.ended.wait()
        return 200, {"type": 5}
    return (reply, {}) if isinstance(reply, int) else (200, reply)


def _is_signed(request: BaseHTTPRequestHandler, body: bytes) -> bool:
    timestamp = request.headers["X-Signature-Timestamp"].encode()
    try:
        signature = bytes.fromhex(request.headers["X-Signature-Ed25519"])
        VerifyKey(bytes.fromhex(public_key())).verify(timestamp + body, signature)
    except BadSignatureError:
        return False
    return True
