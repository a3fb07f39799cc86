"""What the tests in a browser wait for."""

from playwright.sync_api import Page

from tests.e2e.browser import wait_for_images

_LATE = """() => {
  const image = new Image();
  image.id = "late";
  image.src = "/late.png";  // never answered
  document.body.append(image);
  const answer = () => { image.src = "/favicon.svg"; };
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(answer)));
}"""


def test_an_image_that_arrives_late_is_waited_for_on_a_page_that_forbids_eval(page: Page) -> None:
    page.route("**/late.png", lambda _route: None, times=1)
    page.evaluate(_LATE)
    wait_for_images(page)
    assert page.evaluate("document.querySelector('#late').src").endswith("/favicon.svg")
