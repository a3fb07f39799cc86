"""The documentation's site, opened from its folder: it needs no server, no network and no CDN."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from toolchain.layout import Layout
from toolchain.site import build

COLOURS = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def site() -> str:
    """The address of the site's first page; building it fails by every broken link and anchor."""
    if shutil.which("npm") is None:
        pytest.skip("the site's pictures need npm: apt-get install npm")
    return (build(Layout.of_this_checkout()) / "index.html").as_uri()


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A tab with the first page; what it asks for outside of the folder fails the test."""
    folder = site.removesuffix("index.html")
    asked: list[str] = []
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site)
    page.wait_for_url("**/docs/index.html")
    yield page
    context.close()
    assert [url for url in asked if not url.startswith((folder, "data:", "blob:"))] == []


def test_a_picture_is_drawn_from_its_text_in_the_colours_of_the_page(page: Page) -> None:
    page.goto(page.url.replace("index.html", "architecture.html"))
    pictures = page.locator("pre.mermaid")
    assert pictures.count() > 3
    for picture in pictures.all():
        expect(picture.locator("svg[role]")).to_have_count(1)
    light, drawn = page.evaluate(COLOURS), pictures.first.inner_html()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "before => document.querySelector('pre.mermaid svg[role]')"
        " && document.querySelector('pre.mermaid').innerHTML !== before",
        arg=drawn,
    )
    expect(pictures.first.locator("svg[role]")).to_have_count(1)
    assert page.evaluate(COLOURS) != light


def test_the_search_finds_a_page_without_a_server(page: Page) -> None:
    page.get_by_placeholder("Search").first.fill("dead-letter queue")
    page.keyboard.press("Enter")
    expect(page.locator("ul.search a").first).to_be_visible()
    page.locator("ul.search a").first.click()
    expect(page.locator("h1").first).to_be_visible()
    assert Path(page.url.split("?")[0]).suffix == ".html"


def test_a_link_to_a_folder_leads_to_the_repository(page: Page) -> None:
    page.goto(page.url.replace("index.html", "capacity.html"))
    link = page.locator("article a[href$='/tree/main/infra/capacity']")
    expect(link.first).to_have_attribute("href", re.compile(r"^https://github\.com/[\w-]+/[\w-]+/"))
