"""The route of jobs through the worker: stages side by side, batches, and a failing queue."""

import pytest
from PIL import Image

from discord_diffusion.aws.errors import QueueError
from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.worker import held_jobs
from discord_diffusion.worker.source_images import SourceImages
from tests.unit.worker.fakes import make_job, make_message, wait_until
from tests.unit.worker.worker_harness import Gate, Harness


def test_jobs_are_drawn_in_the_order_of_their_receipt(harness: Harness) -> None:
    jobs = [make_job(images=4, seed=number) for number in range(3)]
    harness.give(*(make_message(job.to_json()) for job in jobs))
    harness.settle()
    assert [drawn.seed for drawn in harness.generator.drawn] == [0, 1, 2]
    assert len(harness.publisher.sent) == 3


def test_source_images_that_are_slow_hold_up_no_job_without_one(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SlowSourceImages(SourceImages):
        def fetch(self, url: str) -> Image.Image:
            assert url == source.url
            gate()
            return Image.new("RGB", (8, 8))

    monkeypatch.setattr(held_jobs, "SLOW_SECONDS", 0.0)
    slow = {"source_images": SlowSourceImages((), "https://discord.test")}
    source = SourceImage("https://cdn.test/a.png", 0.5)
    with Harness(dependencies=slow) as harness:
        with_source = [make_job(images=4, source=source) for _ in range(5)]
        harness.give(*(make_message(job.to_json()) for job in with_source))
        assert gate.reached.wait(60)
        without = make_job()
        harness.give(make_message(without.to_json()))
        wait_until(lambda: harness.publisher.answered == {without.id})
        gate.open()
        harness.settle()
        assert harness.publisher.answered == {without.id, *(job.id for job in with_source)}


def test_a_mask_comes_to_the_pipeline_with_its_picture() -> None:
    class Files(SourceImages):
        def fetch(self, url: str) -> Image.Image:
            return Image.new("RGB", (8, 8), "white" if url.endswith("mask.png") else "red")

    source = SourceImage("https://cdn.test/a.png", 1.0, mask="https://cdn.test/mask.png")
    with Harness(dependencies={"source_images": Files((), "https://discord.test")}) as harness:
        harness.give(make_message(make_job(source=source).to_json()))
        harness.settle()
        [[request]] = harness.generator.batches
        assert request.source is not None
        assert request.mask is not None
        assert (request.source.getpixel((0, 0)), request.mask.getpixel((0, 0))) == (
            (255, 0, 0),
            255,
        )


def test_the_next_job_is_drawn_while_the_last_one_is_uploaded(harness: Harness, gate: Gate) -> None:
    first, second = make_job(images=4), make_job(images=4, seed=8)
    harness.publisher.during_upload = gate
    harness.give(make_message(first.to_json()))
    assert gate.reached.wait(60)
    harness.publisher.during_upload = lambda: None
    harness.give(make_message(second.to_json()))
    wait_until(lambda: harness.publisher.answered == {second.id})
    gate.open()
    wait_until(lambda: harness.publisher.answered == {first.id, second.id})


def test_jobs_with_equal_batch_keys_are_drawn_together_as_many_as_fit(
    harness: Harness, gate: Gate
) -> None:
    harness.generator.pictures_at_once = 8
    harness.generator.during = gate
    harness.give(make_message(make_job(steps=1).to_json()))
    assert gate.reached.wait(60)
    harness.generator.during = lambda: None
    harness.give(*(make_message(make_job(images=2).to_json()) for _ in range(5)))
    gate.open()
    harness.settle()
    assert [len(batch) for batch in harness.generator.batches] == [1, 4, 1]


def test_jobs_with_different_batch_keys_are_drawn_apart_and_all_are_answered(
    harness: Harness, gate: Gate
) -> None:
    harness.generator.pictures_at_once = 8
    harness.generator.during = gate
    harness.give(make_message(make_job(steps=1).to_json()))
    assert gate.reached.wait(60)
    harness.generator.during = lambda: None
    harness.give(*(make_message(make_job(images=1, steps=n).to_json()) for n in (2, 3, 2, 3)))
    gate.open()
    harness.settle()
    assert len(harness.publisher.sent) == 5
    assert all(
        len({request.parameters.steps for request in batch}) == 1
        for batch in harness.generator.batches
    )


def test_while_a_batch_is_drawn_no_job_is_received_before_its_end_is_near(
    harness: Harness,
) -> None:
    waiting: list[int] = []
    harness.generator.during = lambda: waiting.append(len(harness.queue.waiting))
    harness.give(*(make_message(make_job(images=4).to_json()) for _ in range(3)))
    harness.settle()
    assert waiting[0] == 2, "of the first batch it is not known how long it takes"


def test_a_queue_that_does_not_answer_is_polled_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.receive._PAUSE_SECONDS", (0.001, 0.001))
    harness.queue.failures += [QueueError("ServiceUnavailable")] * 3
    harness.give(make_message(make_job().to_json()))
    harness.settle()
    assert len(harness.publisher.sent) == 1


def test_a_message_that_is_no_job_does_not_stop_the_worker(harness: Harness) -> None:
    harness.give(make_message("not JSON"), make_message(make_job().to_json()))
    harness.settle()
    assert len(harness.publisher.sent) == 1


def test_an_error_of_the_receiving_thread_ends_the_worker(harness: Harness) -> None:
    harness.queue.failures.append(ZeroDivisionError())  # type: ignore[arg-type]  # an unforeseen error
    wait_until(lambda: not harness.thread.is_alive())
    assert [type(error) for error in harness.errors] == [ZeroDivisionError]
