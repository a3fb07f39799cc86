"""Source images: fetched only from Discord's hosts, within limits of size and time."""

import io
from collections.abc import Callable, Iterator

import httpx
import pytest
from PIL import Image

from discord_diffusion.worker import source_images
from discord_diffusion.worker.errors import (
    MaskBlackError,
    SourceFormatError,
    SourceGoneError,
    SourceRefusedError,
    SourceTooLargeError,
    SourceUnavailableError,
)
from discord_diffusion.worker.source_images import SourceImages

URL = "https://cdn.test/attachments/1/2/cat.png?ex=1&is=2&hm=3"
Handler = Callable[[httpx.Request], httpx.Response]


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def from_cdn(*answers: httpx.Response | Exception, **options: object) -> SourceImages:
    left = iter(answers)

    def handle(_request: httpx.Request) -> httpx.Response:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SourceImages(
        {"cdn.test"},
        "http://127.0.0.1:8700/api/v10",
        transport=httpx.MockTransport(handle),
        sleep=lambda _seconds: None,
        **options,  # type: ignore[arg-type]  # of a test's own clock
    )


def picture(size: tuple[int, int] = (8, 6)) -> httpx.Response:
    return httpx.Response(200, content=encoded(Image.new("RGB", size, "red")))


def test_a_picture_is_fetched_and_decoded() -> None:
    image = from_cdn(picture()).fetch(URL)
    assert (image.size, image.mode) == ((8, 6), "RGB")


def test_a_mask_is_grey_and_must_have_something_white() -> None:
    half = Image.new("RGB", (8, 6))
    half.paste("#909090", (4, 0, 8, 6))
    mask = from_cdn(httpx.Response(200, content=encoded(half))).fetch_mask(URL)
    assert (mask.size, mask.mode, mask.getextrema()) == ((8, 6), "L", (0, 144))
    with pytest.raises(MaskBlackError):
        from_cdn(picture()).fetch_mask(URL)


def test_a_file_that_is_no_picture_is_refused_without_another_try() -> None:
    with pytest.raises(SourceFormatError):
        from_cdn(httpx.Response(200, content=b"a text")).fetch(URL)


def test_a_picture_may_come_from_the_host_of_the_api() -> None:
    assert from_cdn(picture()).fetch("http://127.0.0.1:8700/attachments/1/2/cat.png").size == (8, 6)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.test/cat.png",
        "https://cdn.test.evil.example/cat.png",
        "https://cdn.test@evil.example/cat.png",
        "https://cdn.test:444/cat.png",
        "https://127.0.0.1:8700/cat.png",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_no_request_goes_to_any_other_host(url: str) -> None:
    with pytest.raises(SourceRefusedError, match="not a host of Discord"):
        from_cdn().fetch(url)


def test_a_redirect_is_not_followed() -> None:
    elsewhere = httpx.Response(302, headers={"Location": "http://169.254.169.254/"})
    with pytest.raises(SourceGoneError, match="302"):
        from_cdn(elsewhere).fetch(URL)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_link_that_has_expired_is_requested_once(status: int) -> None:
    with pytest.raises(SourceGoneError, match=str(status)):
        from_cdn(httpx.Response(status)).fetch(URL)


@pytest.mark.parametrize(
    "failure", [httpx.Response(503), httpx.Response(429), httpx.ConnectError("no")], ids=str
)
def test_a_transient_failure_is_retried_twice(
    failure: httpx.Response | Exception,
) -> None:
    assert from_cdn(failure, picture()).fetch(URL).size == (8, 6)
    with pytest.raises(SourceUnavailableError):
        from_cdn(failure, failure, failure).fetch(URL)


def test_a_file_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_images, "MOST_BYTES", 1000)
    read: list[int] = []

    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            read.append(600)
            yield bytes(600)

    with pytest.raises(SourceTooLargeError, match="larger than 1000 bytes"):
        from_cdn(httpx.Response(200, content=pieces())).fetch(URL)
    assert len(read) == 2


def test_a_download_that_takes_too_long_is_given_up() -> None:
    times = iter(range(0, 1000, 7))
    slow = httpx.Response(200, content=iter([b"a", b"b", b"c"]))
    with pytest.raises(SourceUnavailableError, match="within 10 s"):
        from_cdn(slow, clock=lambda: float(next(times))).fetch(URL)
