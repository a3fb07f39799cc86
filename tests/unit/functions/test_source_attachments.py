"""Which attachments `/imagine` takes as a source image, by what Discord says of them."""

from typing import Any

import pytest

from tests.messages import is_ephemeral, text_of
from tests.unit.functions.conftest import Caller, imagine


def with_file(**file: Any) -> dict[str, Any]:
    """`/imagine` with an attachment, of which Discord says `file`."""
    payload = imagine(prompt="a star", image="5")
    attachment = {"id": "5", "filename": "cat", "url": "https://cdn.test/cat", "size": 10} | file
    payload["data"]["resolved"] = {"attachments": {"5": attachment}}
    return payload


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "image/png",
        "image/jpeg",
        "image/jpg",
        "IMAGE/JPEG",
        "image/webp; charset=binary",
        "image/gif",
        "image/avif",
        "image/x-unknown",
        "application/octet-stream",
        "binary/octet-stream",
        "application/x-unknown",
        "image/heic",
        "image/tiff",
        "nonsense",
    ],
)
def test_a_file_that_may_be_a_picture_is_left_to_the_worker(
    caller: Caller, content_type: str | None
) -> None:
    answer = caller.content(with_file(content_type=content_type))
    assert not is_ephemeral(answer["data"])
    [job] = caller.queue.jobs
    assert job.parameters.source
    assert job.parameters.source.url == "https://cdn.test/cat"


def test_a_file_without_a_content_type_is_left_to_the_worker(caller: Caller) -> None:
    caller.content(with_file())
    assert len(caller.queue.jobs) == 1


@pytest.mark.parametrize(
    "content_type",
    ["text/plain; charset=utf-8", "VIDEO/mp4", "audio/ogg", "application/pdf", "font/woff2"],
)
def test_a_file_that_is_certainly_something_else_is_refused_before_a_gpu_is_woken(
    caller: Caller, content_type: str
) -> None:
    answer = caller.content(with_file(content_type=content_type))
    assert is_ephemeral(answer["data"])
    assert "PNG, JPEG, WebP, GIF, AVIF and HEIC up to 25 MB" in text_of(answer["data"])
    assert caller.queue.jobs == []
    assert caller.wake.starts == 0


def test_what_discord_measured_is_a_picture_whatever_its_name(caller: Caller) -> None:
    caller.content(with_file(content_type="text/plain", width=640, height=480))
    assert len(caller.queue.jobs) == 1
    caller.content(with_file(content_type="video/mp4", width=640, height=480))
    caller.content(with_file(content_type="text/plain", width=None, height=None))
    assert len(caller.queue.jobs) == 1


def test_a_file_that_is_too_large_is_refused(caller: Caller) -> None:
    answer = caller.content(with_file(content_type="image/png", size=25 * 1024 * 1024 + 1))
    assert "up to 25 MB" in text_of(answer["data"])
    assert caller.queue.jobs == []
