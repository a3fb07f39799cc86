"""Pages of other origins, in a browser on this machine, reach no part of a running stack."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page

from emulation.rig.waiting import wait_until
from tests import foreign_web
from tests.e2e.browser import launch
from tests.foreign_web import ForeignServer
from tests.stack import Stack

LOOK_ALIKES = ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "localhost")
NAMES_LED_HERE = "--host-resolver-rules=MAP *.example 127.0.0.1, MAP evil.example 127.0.0.1"
TRY_ALL = """async (url) => {
  const tried = {};
  const attempt = async (name, action) => {
    tried[name] = await action().catch(() => "failed");
  };
  const settled = (target, opened) => new Promise((resolve) => {
    target.onopen = target.onload = () => resolve(opened);
    target.onerror = target.onclose = () => resolve("failed");
  });
  const text = async (options) => (await fetch(url, options)).text();
  await attempt("get without CORS", () => text({ mode: "no-cors" }));
  await attempt("post without CORS", () => text({ mode: "no-cors", method: "POST", body: "{}" }));
  await attempt("get", () => text({}));
  await attempt("post", () => text({ method: "POST", body: "{}" }));
  await attempt("socket", () => settled(new WebSocket(url.replace("http", "ws")), "opened"));
  await attempt("events", async () => {
    const source = new EventSource(url);
    const outcome = await settled(source, "opened");
    source.close();
    return outcome;
  });
  const frame = document.createElement("iframe");
  const form = document.createElement("form");
  frame.name = "frame";
  Object.assign(form, { action: url, method: "POST", target: "frame" });
  document.body.append(frame, form);
  const loaded = settled(frame, "sent");
  form.submit();
  await attempt("form", () => loaded);
  frame.remove();
  form.remove();
  const image = new Image();
  image.src = url;
  await attempt("image", () => settled(image, "shown"));
  return tried;
}"""
UNREADABLE = {"", "failed", "sent"}
"""What a page learns of answers that it must not read: nothing."""


@pytest.fixture(scope="module")
def misled_browser(browser: Browser) -> Iterator[Browser]:
    """A browser that is told names of other people's pages to be on this machine."""
    with launch(browser.browser_type, NAMES_LED_HERE) as misled:
        yield misled


@pytest.fixture(scope="module")
def foreign() -> Iterator[ForeignServer]:
    with foreign_web.serving() as server:
        yield server


@pytest.fixture(scope="module")
def foreign_pages(
    misled_browser: Browser, foreign: ForeignServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Page]]:
    """Open pages of other origins: by name and port, and from a file."""
    file = tmp_path_factory.mktemp("foreign") / "page.html"
    file.write_text("<title>a page from a file</title>")
    addresses = [f"http://{name}:{foreign.port}/" for name in LOOK_ALIKES]
    addresses.append(file.as_uri())
    context = misled_browser.new_context()
    pages = {}
    for address in addresses:
        pages[address] = context.new_page()
        pages[address].goto(address)
    yield pages
    context.close()


@pytest.fixture
def queue_url(stack: Stack) -> Iterator[str]:
    """A queue of the test's own that is empty."""
    url = stack.sqs.create_queue(QueueName="foreign-pages")["QueueUrl"]
    yield url
    stack.sqs.delete_queue(QueueUrl=url)


def messages(stack: Stack, queue_url: str) -> int:
    found = stack.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def test_pages_of_other_origins_send_what_is_tried_here(
    foreign_pages: dict[str, Page], foreign: ForeignServer
) -> None:
    """Without this, the other tests would pass where the browser itself sends nothing."""
    for page in foreign_pages.values():
        foreign.received.clear()
        page.evaluate(TRY_ALL, f"http://127.0.0.1:{foreign.port}/target")
        wait_until(lambda: {"GET", "POST", "WEBSOCKET"} <= set(foreign.received), "all are sent")


def test_pages_of_other_origins_queue_nothing_on_the_emulator(
    stack: Stack, queue_url: str, foreign_pages: dict[str, Page]
) -> None:
    query = urlencode({"Action": "SendMessage", "MessageBody": "x", "Version": "2012-11-05"})
    for address in (f"{queue_url}?{query}", f"{stack.state.aws_endpoint}/_localstack/health"):
        for page in foreign_pages.values():
            tried = page.evaluate(TRY_ALL, address)
            assert set(tried.values()) <= UNREADABLE, tried
    assert messages(stack, queue_url) == 0
    # A program's request with the same address does it.
    httpx.get(f"{queue_url}?{query}", trust_env=False)
    assert messages(stack, queue_url) == 1


def test_pages_of_other_origins_change_nothing_on_the_standin(
    stack: Stack, foreign_pages: dict[str, Page]
) -> None:
    notes = f"{stack.state.discord_url}/control/notes"
    httpx.post(notes, json={"text": "written before"}, trust_env=False).raise_for_status()
    paths = ("/control/reset", "/control/events", "/control/snapshot", "/api/v10/gateway", "/")
    for path in paths:
        for page in foreign_pages.values():
            tried = page.evaluate(TRY_ALL, stack.state.discord_url + path)
            assert set(tried.values()) <= UNREADABLE, tried
    found = httpx.get(notes, trust_env=False).json()
    assert "written before" in [note["text"] for note in found]


@pytest.mark.parametrize("server", ["stand-in", "emulator"])
def test_a_name_that_is_led_to_this_machine_reads_nothing(
    stack: Stack, misled_browser: Browser, server: str
) -> None:
    state = stack.state
    url = state.discord_url if server == "stand-in" else state.aws_endpoint
    context = misled_browser.new_context()
    for name in ("evil.example", "127.0.0.1.evil.example"):
        page = context.new_page()
        answer = page.goto(f"http://{name}:{urlsplit(url).port}/")
        assert answer is not None
        assert answer.status == 403
        # The page is now of the server's own origin, as the browser sees it.
        read = "async (paths) => Promise.all(paths.map(async (p) => (await fetch(p)).status))"
        paths = ["/control/snapshot", "/healthz", "/_localstack/health", "/_emulator/fleet"]
        assert page.evaluate(read, paths) == [403] * len(paths)
    context.close()


def test_the_page_of_the_standin_works_under_each_of_its_names(
    stack: Stack, misled_browser: Browser
) -> None:
    port = urlsplit(stack.state.discord_url).port
    context = misled_browser.new_context()
    context.set_default_timeout(120_000)
    for name in ("127.0.0.1", "localhost", "standin.localhost"):
        page: Any = context.new_page()
        page.goto(f"http://{name}:{port}/")
        page.get_by_role("heading", name="pictures").wait_for()
    context.close()
