"""Draws a batch although parts of it fail.

A part that runs out of memory is drawn in halves. A part that fails otherwise is drawn request by
request, so that one bad job costs no other. A single picture that does not fit in memory fails only
its own job. Once the device itself is lost nothing more is tried.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import prod

from discord_diffusion.worker.errors import GenerationError, OutOfMemoryError, WorkerError
from discord_diffusion.worker.pipeline import memory
from discord_diffusion.worker.pipeline.batch import BatchItem, DrawnPicture
from discord_diffusion.worker.pipeline.capacity import Capacity
from discord_diffusion.worker.pipeline.device_loss import raise_if_lost
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.pipeline_call import draw
from discord_diffusion.worker.pipeline.prompt_chunks import by_chunks
from discord_diffusion.worker.pipeline.tiling import draw_in_tiles, list_tiles
from discord_diffusion.worker.pipeline_types import OnStep, PhaseSeconds, Preview

log = logging.getLogger(__name__)

Items = Sequence[BatchItem]
Draw = Callable[[LoadedModel, Items, OnStep], tuple[list[DrawnPicture], PhaseSeconds]]


@dataclass
class BatchRun:
    """Draws one batch in as many calls of the pipeline as it takes."""

    model: LoadedModel
    capacity: Capacity
    on_step: OnStep
    evict_others: Callable[[], bool]
    """Unloads the other models; False if there were none."""
    results: dict[BatchItem, DrawnPicture | WorkerError] = field(default_factory=dict)
    seconds: PhaseSeconds = field(default_factory=lambda: PhaseSeconds(0.0, 0.0, 0.0))
    _items: Items = ()
    _parts: deque[Items] = field(default_factory=deque)
    _finished_parts: int = 0
    _callback_error: Exception | None = None

    def draw(self, items: Items) -> None:
        """Draw items of one size; afterwards each has a result.

        Raises:
            DeviceLostError: the device fails every operation.
            Exception: what `on_step` raised.
        """
        self._items = items
        at_once = self.capacity.pictures(prod(items[0].size))
        # An edit takes all source images for one prompt, so each request is drawn by itself.
        edit = self.model.edits and items[0].request.source is not None
        for group in _by_request(items) if edit else by_chunks(self.model.text_to_image, items):
            starts = range(0, len(group), at_once)
            self._parts.extend(group[start : start + at_once] for start in starts)
        while self._parts:
            # The other pictures of a request that has failed are not drawn.
            part = [item for item in self._parts.popleft() if item not in self.results]
            if part:
                self._draw_part(part)

    def _draw_part(self, part: Items) -> None:
        error = self._attempt(draw, part)
        if error is None:
            return
        if not memory.is_out_of_memory(error):
            self._split_by_request(part, error)
        elif len(part) > 1:
            self._halve(part)
        else:
            self._draw_alone(part[0], error)

    def _attempt(self, draw_items: Draw, items: Items) -> Exception | None:
        """Draw items and keep their results; returns the error if they could not be drawn."""
        try:
            drawn, seconds = draw_items(self.model, items, self._report_step)
        except Exception as error:  # noqa: BLE001 - becomes the result of the items
            if self._callback_error is not None:
                raise self._callback_error from None
            raise_if_lost(self.model.device, error)
            # The frames of the traceback hold tensors, whose memory the next attempt needs.
            return error.with_traceback(None)
        self.results.update(zip(items, drawn, strict=True))
        self.seconds += seconds
        self._finished_parts += 1
        return None

    def _halve(self, part: Items) -> None:
        memory.release(self.model.device)
        self.capacity.reduce(len(part), prod(part[0].size))
        half = len(part) // 2
        log.warning("Out of memory: the batch is drawn in halves", extra={"pictures": len(part)})
        self._parts.extendleft((part[half:], part[:half]))

    def _draw_alone(self, item: BatchItem, error: Exception | None) -> None:
        """Draw a picture that did not fit: without the other models in memory, or in tiles."""
        memory.release(self.model.device)
        if self.evict_others():
            error = self._attempt(draw, [item])
        elif list_tiles(self.model, item):
            error = self._attempt(draw_in_tiles, [item])
        if error is not None:
            memory.release(self.model.device)
            self._fail(item.request_index, error)

    def _split_by_request(self, part: Items, error: Exception) -> None:
        requests = _by_request(part)
        if len(requests) == 1:
            self._fail(part[0].request_index, error)
            return
        log.warning(
            "The batch failed: it is drawn job by job", extra={"error": type(error).__name__}
        )
        self._parts.extendleft(reversed(requests))

    def _fail(self, request_index: int, error: Exception) -> None:
        """Fail all pictures of a request."""
        if memory.is_out_of_memory(error):
            error = OutOfMemoryError(str(error))
        elif not isinstance(error, WorkerError):
            error = GenerationError(f"{type(error).__name__}: {error}")
        own = (item for item in self._items if item.request_index == request_index)
        self.results.update((item, error) for item in own)

    def _report_step(self, done: int, steps: int, preview: Preview | None) -> None:
        """Call `on_step` with the steps of the whole batch; its error is not retried."""
        parts = self._finished_parts + 1 + len(self._parts)
        try:
            self.on_step(self._finished_parts * steps + done, parts * steps, preview)
        except Exception as error:
            self._callback_error = error
            raise


def _by_request(items: Items) -> list[Items]:
    return [list(own) for _, own in groupby(items, key=lambda item: item.request_index)]
