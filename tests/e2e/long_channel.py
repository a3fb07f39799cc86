"""A channel with many messages and pictures."""

import json
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import Page, expect

from tests.e2e.application import Bot, picture
from tests.standin_in_process import WEBHOOK_ID, WEBHOOK_TOKEN

MESSAGES = 200
PICTURES = 4
_WEBHOOK = f"/webhooks/{WEBHOOK_ID}/{WEBHOOK_TOKEN}"

_SCROLL = """async () => {
  const scroller = document.getElementById("scroller");
  const frame = () => new Promise(requestAnimationFrame);
  let drawn = 0;
  for (const step of [-400, 900]) {
    let before = -1;
    while (scroller.scrollTop !== before) {
      before = scroller.scrollTop;
      scroller.scrollTop += step;
      await frame();
      drawn += 1;
    }
  }
  return drawn;
}"""


def fill(bot: Bot) -> None:
    """Post the messages, several at a time."""
    files = [
        [(f"files[{n}]", (f"{n}.png", picture(at * 4 + n), "image/png")) for n in range(PICTURES)]
        for at in range(8)
    ]

    def post(number: int) -> None:
        form = {"payload_json": json.dumps({"content": f"**Message {number}** of many"})}
        bot.http.post(_WEBHOOK, data=form, files=files[number % 8]).raise_for_status()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(post, range(MESSAGES)))


def wait_for_messages(page: Page) -> None:
    """Return once all messages are on the page."""
    expect(page.locator(".message")).to_have_count(MESSAGES)


def scroll_up_and_down(page: Page) -> int:
    """Scroll to the oldest message and back; the number of frames that were drawn."""
    frames: int = page.evaluate(_SCROLL)
    return frames
