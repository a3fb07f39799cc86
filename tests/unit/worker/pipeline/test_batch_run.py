"""In which parts a batch is drawn when parts of it fail, with a draw function that is scripted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from PIL import Image

from discord_diffusion.worker.errors import (
    DeviceLostError,
    GenerationError,
    OutOfMemoryError,
    UnsupportedJobError,
    WorkerError,
)
from discord_diffusion.worker.pipeline import device_loss, recovery
from discord_diffusion.worker.pipeline.batch import BatchItem, DrawnPicture, list_items
from discord_diffusion.worker.pipeline.capacity import Capacity
from discord_diffusion.worker.pipeline.recovery import BatchRun
from discord_diffusion.worker.pipeline_types import GenerationRequest, PhaseSeconds
from tests.unit.worker.fakes import make_parameters

CPU = torch.device("cpu")
FULL = torch.OutOfMemoryError("CUDA out of memory")
PIXELS = 32 * 32
PREVIEW = object()
Name = tuple[int, int]
"""The request and the index of a picture."""


@dataclass
class Model:
    """All that a batch run reads of a model."""

    device: torch.device = CPU
    edits: bool = False
    text_to_image: object = None


@dataclass
class Scripted:
    """Draws what `fails` lets it draw, and keeps the parts, the steps and the releases."""

    monkeypatch: pytest.MonkeyPatch
    fails: Callable[[list[Name]], Exception | None] = lambda _part: None
    fails_in_tiles: Callable[[list[Name]], Exception | None] = lambda _part: None
    tiles: list[str] = field(default_factory=list)
    models_to_evict: int = 0
    source: Image.Image | None = None
    parts: list[list[Name]] = field(default_factory=list)
    tiled: list[list[Name]] = field(default_factory=list)
    steps: list[tuple[int, int]] = field(default_factory=list)
    released: list[torch.device] = field(default_factory=list)
    capacity: Capacity = field(default_factory=lambda: Capacity(16 * PIXELS, 16))

    def __post_init__(self) -> None:
        self.model = Model()
        self.monkeypatch.setattr(recovery, "draw", self._drawing(self.parts, lambda: self.fails))
        in_tiles = self._drawing(self.tiled, lambda: self.fails_in_tiles)
        self.monkeypatch.setattr(recovery, "draw_in_tiles", in_tiles)
        self.monkeypatch.setattr(recovery, "list_tiles", self._list_tiles)
        self.monkeypatch.setattr(recovery.memory, "release", self.released.append)

    def _list_tiles(self, model: object, item: BatchItem) -> list[str]:
        assert model is self.model
        assert isinstance(item, BatchItem)
        return self.tiles

    def _drawing(self, parts: list[list[Name]], fails: Callable[[], Any]) -> Callable[..., Any]:
        def draw(model: object, items: Sequence[BatchItem], on_step: Callable[..., None]) -> Any:
            assert model is self.model
            part = names(items)
            parts.append(part)
            for step in (1, 2):
                on_step(step, 2, PREVIEW)
            if error := fails()(part):
                raise error
            drawn = [DrawnPicture(None, flagged=bool(item.index % 2)) for item in items]
            return drawn, PhaseSeconds(1.0, 2.0, 3.0)

        return draw

    def evict_others(self) -> bool:
        self.models_to_evict -= 1
        return self.models_to_evict >= 0

    def on_step(self, done: int, steps: int, preview: object) -> None:
        assert preview is PREVIEW
        self.steps.append((done, steps))

    def run(self, *images: int) -> BatchRun:
        """Draw a batch of requests with so many pictures each."""
        run = BatchRun(self.model, self.capacity, self.on_step, self.evict_others)  # type: ignore[arg-type]  # all that it reads
        requests = [
            GenerationRequest(make_parameters(images=count), source=self.source) for count in images
        ]
        run.draw(list_items(requests))
        return run


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return Scripted(monkeypatch)


def names(items: Sequence[BatchItem]) -> list[Name]:
    return [(item.request_index, item.index) for item in items]


def drawn(run: BatchRun) -> list[Name]:
    """The pictures that were drawn; each must be its own."""
    found = [item for item, result in run.results.items() if isinstance(result, DrawnPicture)]
    assert all(run.results[item] == DrawnPicture(None, bool(item.index % 2)) for item in found)
    return sorted(names(found))


def failed(run: BatchRun) -> dict[Name, WorkerError]:
    return {
        (item.request_index, item.index): result
        for item, result in run.results.items()
        if isinstance(result, WorkerError)
    }


def test_a_batch_that_fits_is_drawn_at_once(scripted: Scripted) -> None:
    run = scripted.run(2, 1)
    assert scripted.parts == [[(0, 0), (0, 1), (1, 0)]]
    assert drawn(run) == [(0, 0), (0, 1), (1, 0)]
    assert run.seconds == PhaseSeconds(1.0, 2.0, 3.0)
    assert scripted.steps == [(1, 2), (2, 2)]
    assert scripted.released == []


def test_a_batch_is_drawn_in_parts_of_the_capacity(scripted: Scripted) -> None:
    scripted.capacity.pixels = 2 * PIXELS
    run = scripted.run(4, 1)
    assert scripted.parts == [[(0, 0), (0, 1)], [(0, 2), (0, 3)], [(1, 0)]]
    assert len(drawn(run)) == 5
    assert run.seconds == PhaseSeconds(3.0, 6.0, 9.0)
    assert scripted.steps == [(done, 6) for done in range(1, 7)]


def test_requests_that_edit_a_source_image_are_drawn_one_after_the_other(
    scripted: Scripted,
) -> None:
    scripted.source = Image.new("RGB", (8, 8))
    scripted.run(2, 1)
    assert scripted.parts == [[(0, 0), (0, 1), (1, 0)]], "image-to-image takes an image a picture"
    scripted.parts.clear()
    scripted.model.edits = True
    scripted.run(2, 1)
    assert scripted.parts == [[(0, 0), (0, 1)], [(1, 0)]]
    scripted.parts.clear()
    scripted.run(1)
    assert scripted.parts == [[(0, 0)]]


def test_prompts_that_the_model_reads_in_other_numbers_of_chunks_are_drawn_apart(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_chunks(pipe: object, items: Sequence[BatchItem]) -> list[Sequence[BatchItem]]:
        assert pipe is scripted.model.text_to_image
        return [items[2:], items[:2]]

    scripted.model.text_to_image = object()
    monkeypatch.setattr(recovery, "by_chunks", by_chunks)
    scripted.run(2, 1)
    assert scripted.parts == [[(1, 0)], [(0, 0), (0, 1)]]


def test_a_part_without_memory_is_drawn_in_halves_before_the_rest(scripted: Scripted) -> None:
    scripted.capacity.pixels = 5 * PIXELS
    scripted.fails = lambda part: FULL if len(part) > 3 else None
    run = scripted.run(4, 3)
    first, rest = [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)], [(1, 1), (1, 2)]
    assert scripted.parts == [first, first[:2], first[2:], rest]
    assert len(drawn(run)) == 7
    assert scripted.capacity.pixels == 2 * PIXELS
    assert scripted.released == [CPU]
    # One of two parts failed and became two: from then on there are three.
    assert scripted.steps[:4] == [(1, 4), (2, 4), (1, 6), (2, 6)]
    assert scripted.steps[-1] == (6, 6)


def test_two_pictures_without_memory_are_drawn_one_by_one(scripted: Scripted) -> None:
    scripted.fails = lambda part: FULL if len(part) > 1 else None
    run = scripted.run(2)
    assert scripted.parts == [[(0, 0), (0, 1)], [(0, 0)], [(0, 1)]]
    assert drawn(run) == [(0, 0), (0, 1)]


def test_a_picture_without_memory_is_drawn_after_the_other_models_were_unloaded(
    scripted: Scripted,
) -> None:
    scripted.models_to_evict = 1
    scripted.fails = lambda _part: FULL if len(scripted.parts) == 1 else None
    run = scripted.run(1)
    assert scripted.parts == [[(0, 0)]] * 2
    assert scripted.tiled == []
    assert drawn(run) == [(0, 0)]
    assert scripted.released == [CPU]


def test_a_picture_without_memory_is_drawn_in_tiles_if_it_has_some(scripted: Scripted) -> None:
    scripted.tiles = ["left", "right"]
    scripted.fails = lambda _part: FULL
    run = scripted.run(1)
    assert scripted.tiled == [[(0, 0)]]
    assert drawn(run) == [(0, 0)]
    assert scripted.released == [CPU]


@pytest.mark.parametrize("tiles", [[], ["left", "right"]])
def test_a_picture_that_does_not_fit_in_any_way_fails_its_own_job(
    scripted: Scripted, tiles: list[str]
) -> None:
    scripted.tiles = tiles
    scripted.fails = lambda part: FULL if (0, 0) in part else None
    scripted.fails_in_tiles = lambda _part: torch.OutOfMemoryError("nor in tiles")
    run = scripted.run(2, 1)
    text = "nor in tiles" if tiles else "CUDA out of memory"
    assert {name: str(error) for name, error in failed(run).items()} == {(0, 0): text, (0, 1): text}
    assert {type(error) for error in failed(run).values()} == {OutOfMemoryError}
    assert drawn(run) == [(1, 0)]
    assert [(0, 1)] not in scripted.parts, "the other pictures of a failed job are not drawn"
    assert scripted.released == [CPU] * 3, "for the halves, before and after the picture alone"


def test_another_error_fails_only_the_job_that_has_it(scripted: Scripted) -> None:
    scripted.fails = lambda part: ValueError("no such word") if (1, 0) in part else None
    run = scripted.run(1, 2, 1)
    whole = [(0, 0), (1, 0), (1, 1), (2, 0)]
    assert scripted.parts == [whole, [(0, 0)], [(1, 0), (1, 1)], [(2, 0)]]
    assert {name: str(error) for name, error in failed(run).items()} == {
        (1, 0): "ValueError: no such word",
        (1, 1): "ValueError: no such word",
    }
    assert {type(error) for error in failed(run).values()} == {GenerationError}
    assert drawn(run) == [(0, 0), (2, 0)]


def test_an_error_of_the_worker_itself_is_the_result_as_it_is(scripted: Scripted) -> None:
    refused = UnsupportedJobError("no such scheduler")
    scripted.fails = lambda _part: refused
    assert list(failed(scripted.run(1)).values()) == [refused]


def test_a_draw_function_that_loses_a_picture_is_a_defect(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        recovery, "draw", lambda *_: ([DrawnPicture(None)], PhaseSeconds(1.0, 2.0, 3.0))
    )
    with pytest.raises(ValueError, match="shorter"):
        scripted.run(2)


def test_the_frames_of_an_error_are_not_kept(scripted: Scripted) -> None:
    refused = UnsupportedJobError("no such scheduler")
    scripted.fails = lambda _part: refused
    scripted.run(1)
    assert refused.__traceback__ is None


def test_what_the_step_callback_raises_ends_the_batch(scripted: Scripted) -> None:
    gone = RuntimeError("out of memory, says the callback")

    def raise_it(*_: object) -> None:
        raise gone

    scripted.on_step = raise_it  # type: ignore[method-assign]  # a callback that fails
    with pytest.raises(RuntimeError) as raised:
        scripted.run(2)
    assert raised.value is gone
    assert len(scripted.parts) == 1


def test_an_error_of_a_lost_device_names_the_device_and_the_error(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[torch.device] = []

    def is_lost(device: torch.device) -> bool:
        asked.append(device)
        return True

    monkeypatch.setattr(device_loss, "is_lost", is_lost)
    scripted.fails = lambda _part: ValueError("bad address")
    with pytest.raises(DeviceLostError, match=r"^cpu: ValueError: bad address$"):
        scripted.run(2)
    assert asked == [CPU]
    assert len(scripted.parts) == 1
