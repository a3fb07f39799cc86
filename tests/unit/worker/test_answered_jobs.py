"""Jobs that are answered: what is uploaded, shown meanwhile and recorded."""

import pytest
from PIL import Image

from discord_diffusion.discord.errors import (
    ConnectionFailedError,
    UnavailableError,
)
from discord_diffusion.jobs.job import Job
from discord_diffusion.texts.answers import FAILURE_MARK
from tests.messages import text_of
from tests.unit.worker.fakes import make_job, wait_until
from tests.unit.worker.worker_harness import MAX_RECEIVES, Harness


def test_an_answered_job_is_deleted_and_its_user_saw_progress(harness: Harness) -> None:
    harness.generator.during = lambda: wait_until(lambda: harness.publisher.progress)
    job = make_job()
    message = harness.run(job)
    assert [answer.job for answer in harness.publisher.sent] == [job]
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.publisher.progress[0][1].endswith("**Working on it…**")


def test_a_message_is_not_deleted_before_discord_has_the_pictures(harness: Harness) -> None:
    harness.publisher.error = UnavailableError(503, None, "down")
    message = harness.run(make_job())
    assert harness.queue.deleted == []
    assert harness.queue.released == [(message.receipt_handle, 10)]


def test_pictures_that_discord_could_not_take_are_sent_later_without_drawing_again(
    harness: Harness,
) -> None:
    harness.publisher.error = UnavailableError(503, None, "down")
    job, other = make_job(), make_job()
    harness.run(job)
    harness.publisher.error = None
    message = harness.run(job, 2)
    assert len(harness.generator.drawn) == 1
    assert [answer.job for answer in harness.publisher.sent] == [job]
    assert harness.queue.deleted == [message.receipt_handle]
    harness.run(other)
    assert [answer.job for answer in harness.publisher.sent] == [job, other]


@pytest.mark.parametrize("error", [None, UnavailableError(503, None, "busy")])
def test_a_job_that_was_answered_before_is_only_restored_and_deleted(
    harness: Harness, error: Exception | None
) -> None:
    job = make_job()
    harness.publisher.answered.add(job.id)
    harness.publisher.error = error
    message = harness.run(job, receive_count=2)
    assert harness.publisher.restored == [job.id]
    assert harness.queue.deleted == [message.receipt_handle]
    assert harness.generator.drawn == []
    assert harness.publisher.sent == []


def test_a_job_that_was_received_before_but_not_answered_is_drawn(harness: Harness) -> None:
    harness.run(make_job(), receive_count=2)
    assert len(harness.publisher.sent) == 1


def test_the_user_reads_that_a_try_is_the_last_before_the_job_is_drawn(harness: Harness) -> None:
    shown: list[str] = []
    harness.generator.during = lambda: shown.extend(text for _, text in harness.publisher.progress)
    job = make_job()
    harness.run(job, MAX_RECEIVES)
    assert shown
    by = f"<t:{int(job.expires_at.timestamp())}:t>"
    assert all("last try" in text and by in text for _, text in harness.publisher.progress)
    assert not shown[0].startswith(FAILURE_MARK)


def test_the_answer_is_written_again_after_a_progress_edit_that_may_arrive_late(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out(job: Job, content: str, sketch: object) -> None:
        harness.publisher.progress.append((job.id, content))
        raise ConnectionFailedError("ReadTimeout", timed_out=True)

    monkeypatch.setattr(harness.publisher, "show_progress", time_out)
    harness.generator.during = lambda: wait_until(lambda: harness.publisher.progress)
    message = harness.run(make_job())
    assert harness.publisher.repeated == [
        text_of({"components": answer.components}) for answer in harness.publisher.sent
    ]
    assert "**2 pictures**" in harness.publisher.repeated[0]
    assert harness.queue.deleted == [message.receipt_handle]


def test_the_user_sees_one_sketch_half_way_through_a_long_job(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.draw._SKETCH_SECONDS", -1.0)
    monkeypatch.setattr("discord_diffusion.worker.progress.INTERVAL_SECONDS", 0.0)
    sketch = Image.new("RGB", (8, 8))
    offered: list[int] = []

    def preview(place: int) -> Image.Image | None:
        offered.append(place)
        return sketch if len(offered) > 1 else None  # not drawn yet

    harness.generator.preview = preview
    harness.generator.after_step = lambda step: wait_until(
        lambda: step != 4 or harness.publisher.sketches
    )
    harness.run(make_job(steps=6))
    assert offered == [0, 0], "requested from the half on, until there is a sketch"
    assert harness.publisher.sketches == [sketch]


def test_a_sketch_that_can_not_be_made_costs_no_job_and_is_not_tried_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.draw._SKETCH_SECONDS", -1.0)
    offered: list[int] = []

    def preview(place: int) -> Image.Image | None:
        offered.append(place)
        raise AttributeError("'Flux2KleinPipeline' object has no attribute '_unpack_latents'")

    harness.generator.preview = preview
    message = harness.run(make_job(steps=6))
    assert offered == [0]
    assert len(harness.publisher.sent) == 1
    assert harness.queue.deleted == [message.receipt_handle]


def test_a_short_job_shows_no_sketch(harness: Harness) -> None:
    harness.generator.preview = lambda _place: Image.new("RGB", (8, 8))
    harness.run(make_job())
    assert harness.publisher.sketches == []
