"""Files in the channel page: chosen, dropped and pasted; spoilers; pictures at whole multiples."""

import base64

import pytest
from playwright.sync_api import FilePayload, Locator, Page, ViewportSize, expect

from tests.e2e.answers import V2, layout
from tests.e2e.application import Bot, flat_picture, noise, picture
from tests.e2e.browser import PHONE, keep_screenshot
from tests.e2e.conftest import Tabs
from tests.e2e.keyboard import command, composer
from tests.e2e.test_accessibility import serious_violations

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
_GIVE = """([type, name, text]) => {
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], name, { type: "image/png" }));
  const init = { bubbles: true, cancelable: true };
  const event = type === "paste"
    ? new ClipboardEvent(type, { ...init, clipboardData: files })
    : new DragEvent(type, { ...init, dataTransfer: files });
  document.activeElement.dispatchEvent(event);
}"""


def give(page: Page, how: str, name: str = "cat.png") -> None:
    """Drop a picture on the page, or paste it (`how` is the event's type)."""
    page.evaluate(_GIVE, [how, name, base64.b64encode(picture(1, 64)).decode()])


def sent_file(bot: Bot) -> str:
    """The name of the file that the bot got with /redraw."""
    data = bot.interaction("redraw", -1)["data"]
    [attachment] = data["resolved"]["attachments"].values()
    return str(attachment["filename"])


def preview(page: Page) -> Locator:
    """The previews of the files of the command in the composer."""
    return page.locator(".draft .file-preview")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_attachment_option_shows_its_button_its_types_and_a_preview(
    tabs: Tabs, bot: Bot, viewport: ViewportSize
) -> None:
    page = tabs.open(viewport=viewport)
    composer(page, "/redraw ")
    button = page.locator(".file-pick", has_text="Choose an image")
    box = button.bounding_box()
    assert box is not None
    assert box["width"] > 100
    assert box["height"] >= 24
    expect(page.locator("#option-help")).to_contain_text("image files (.png .gif")
    cat: FilePayload = {"name": "cat.png", "mimeType": "image/png", "buffer": picture(1, 64)}
    page.bring_to_front()  # a tab behind one that has just been closed asks for no file
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(cat)
    expect(page.get_by_role("img", name="Preview of cat.png")).to_be_visible()
    shown = preview(page).bounding_box()
    assert shown is not None
    assert shown["x"] + shown["width"] <= viewport["width"]
    expect(preview(page)).to_contain_text("cat.png")
    keep_screenshot(page, f"file-option-{viewport['width']}")
    assert serious_violations(page) == []
    page.keyboard.press("Enter")
    expect(page.locator(".message").last).to_contain_text("Only for you.")
    assert sent_file(bot) == "cat.png"


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_file_is_dropped_or_pasted_into_the_only_command_that_takes_one(
    page: Page, bot: Bot, how: str
) -> None:
    give(page, how)
    expect(preview(page)).to_contain_text("cat.png")
    give(page, how, "dog.png")
    expect(preview(page)).to_have_count(1)
    expect(preview(page)).to_contain_text("dog.png")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message").last).to_contain_text("Only for you.")
    assert sent_file(bot) == "dog.png"


def test_a_file_of_another_type_is_refused_and_a_file_can_be_removed(page: Page, bot: Bot) -> None:
    composer(page, "/redraw ")
    give(page, "drop", "notes.txt")
    error = page.locator(".draft .pill-error")
    expect(error).to_contain_text("notes.txt is not one of image files")
    give(page, "drop")
    expect(error).to_be_empty()
    page.get_by_role("button", name="Remove cat.png").press("Enter")
    expect(preview(page)).to_have_count(0)
    expect(page.locator(".draft input[type=file]")).to_be_focused()
    page.get_by_role("button", name="Send").click()
    expect(error).to_contain_text("This option is required. Choose a file.")
    assert bot.received("redraw") == []


def test_a_form_takes_a_dropped_file(page: Page, bot: Bot) -> None:
    command(page, "survey")
    form = page.get_by_role("dialog", name="Settings")
    expect(form).to_be_visible()
    give(page, "drop")
    expect(form.get_by_role("img", name="Preview of cat.png")).to_be_visible()
    form.get_by_role("button", name="Submit").click()
    expect(form).to_be_hidden()
    [uploaded] = bot.payloads[-1]["data"]["resolved"]["attachments"].values()
    assert uploaded["filename"] == "cat.png"


def test_spoilers_are_veiled_by_their_name_wherever_they_are(page: Page, bot: Bot) -> None:
    command(page, "layout")
    expect(page.locator(".container")).to_be_visible()
    names = ("SPOILER_0.png", "1.png", "SPOILER_2.txt")
    gallery = {
        "type": 12,
        "items": [{"media": {"url": f"attachment://{name}"}} for name in names[:2]],
    }
    file = {"type": 13, "file": {"url": f"attachment://{names[2]}"}}
    body = {"flags": V2, "components": [layout(gallery, file)]}
    bot.edit_with_files(
        bot.interaction("layout"), body, {name: picture(n, 64) for n, name in enumerate(names)}
    )
    veils = page.get_by_role("button", name="Spoiler, press to reveal")
    expect(veils).to_have_count(2)
    page.get_by_role("button", name="Open picture").click()
    dialog = page.get_by_role("dialog", name="Picture")
    expect(dialog.get_by_role("button", name="Next picture")).to_be_hidden()
    page.keyboard.press("Escape")
    veils.first.click()
    page.get_by_role("button", name="Open picture").first.click()
    expect(dialog).to_contain_text("1 of 2")


@pytest.mark.parametrize(("count", "side"), [(1, 64), (4, 64), (1, 256), (4, 256)])
def test_small_pictures_are_shown_at_a_whole_multiple_of_their_size(
    page: Page, bot: Bot, count: int, side: int
) -> None:
    command(page, "layout")
    expect(page.locator(".container")).to_be_visible()
    names = [f"{n}.png" for n in range(count)]
    items = [{"media": {"url": f"attachment://{name}"}} for name in names]
    body = {"flags": V2, "components": [layout({"type": 12, "items": items})]}
    # The first one is a photograph, as it were: enlarged, it is smooth.
    pictures = dict.fromkeys(names, flat_picture(side)) | {names[0]: noise(side)}
    bot.edit_with_files(bot.interaction("layout"), body, pictures)
    tiles = page.locator(".tile img")
    expect(tiles).to_have_count(count)
    for viewport in (DESKTOP, PHONE):
        page.set_viewport_size(viewport)
        for tile in tiles.all():
            tile.scroll_into_view_if_needed()
            box = tile.bounding_box()
            assert box is not None
            assert box["width"] == box["height"]
            # The pictures of the embedded model are delivered at four times its own size.
            assert box["width"] % (side if box["width"] >= side else side / 4) == 0
            assert box["width"] >= 128
        for place, tile in enumerate(tiles.all()):
            expect(tile).to_have_js_property("complete", True)
            kind = "pixelated" if side == 64 and place else "auto"
            expect(tile).to_have_css("image-rendering", kind)
        page.locator(".tile").last.click()
        lightbox = page.locator(".lightbox-image")
        expect(lightbox).not_to_have_js_property("width", 0)
        enlarged = lightbox.bounding_box()
        assert enlarged is not None
        assert enlarged["width"] % side == 0
        assert enlarged["width"] >= 256
        keep_screenshot(page, f"whole-{count}-{side}-{viewport['width']}")
        page.keyboard.press("Escape")
