"""Draws a list of orders whatever goes wrong with some of them.

What runs out of memory is drawn in halves; what fails otherwise, request by request, so that one
bad job costs no other. A single picture that does not fit is the end of its job alone.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import groupby

import torch

from discord_diffusion.worker.errors import GenerationError, OutOfMemoryError, WorkerError
from discord_diffusion.worker.generation import OnStep, PhaseSeconds, Preview
from discord_diffusion.worker.pipeline import memory
from discord_diffusion.worker.pipeline.batch import Drawn, PictureOrder, Result
from discord_diffusion.worker.pipeline.drawing import StepEnded

log = logging.getLogger(__name__)

Orders = Sequence[PictureOrder]
Draw = Callable[[Orders, StepEnded], tuple[list[Drawn], PhaseSeconds]]
Rescue = Callable[[PictureOrder, StepEnded], tuple[Drawn, PhaseSeconds] | None]
"""The last resort for one picture that does not fit; None if there is none."""


class StoppedError(Exception):
    """Carries what `on_step` raised past those who mend errors."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Attempt:
    """One batch, in as many parts as it takes."""

    def __init__(
        self,
        draw: Draw,
        rescue: Rescue,
        device: torch.device,
        on_step: OnStep,
        too_much: Callable[[int], None],
    ) -> None:
        self._draw = draw
        self._rescue = rescue
        self._device = device
        self._on_step = on_step
        self._too_much = too_much
        self._orders: list[PictureOrder] = []
        self._parts: deque[Orders] = deque()
        self._finished = 0
        self.results: dict[PictureOrder, Result] = {}
        self.seconds = PhaseSeconds(0.0, 0.0, 0.0)

    def run(self, parts: Sequence[Orders]) -> None:
        """Draw parts one after another; afterwards every order has a result.

        Raises what `on_step` raises.
        """
        self._orders = [order for part in parts for order in part]
        self._parts.extend(parts)
        while self._parts:
            # A request that is known not to fit takes no more of anybody's time.
            part = [one for one in self._parts.popleft() if one not in self.results]
            if part:
                self._run(part)

    def _run(self, part: Orders) -> None:
        error = self._try(part)
        if error is None:
            self._finished += 1
        elif not memory.is_out_of_memory(error):
            self._part_by_request(part, error)
        elif len(part) > 1:
            self._halve(part)
        else:
            self._last_resort(part[0], error)

    def _try(self, part: Orders) -> Exception | None:
        try:
            drawn, seconds = self._draw(part, self._step_ended)
        except StoppedError as stopped:
            raise stopped.reason from None
        except Exception as error:  # noqa: BLE001 - becomes the result of an order
            # What it went through holds tensors: they are let go of before anything is drawn again.
            return error.with_traceback(None)
        self.results.update(zip(part, drawn, strict=True))
        self.seconds += seconds
        return None

    def _halve(self, part: Orders) -> None:
        memory.release(self._device)
        self._too_much(len(part))
        half = len(part) // 2
        log.warning("Out of memory; drawn in halves", extra={"pictures": len(part)})
        self._parts.extendleft((part[half:], part[:half]))

    def _last_resort(self, order: PictureOrder, error: Exception) -> None:
        memory.release(self._device)
        rescued: tuple[Drawn, PhaseSeconds] | None = None
        try:
            rescued = self._rescue(order, self._step_ended)
        except StoppedError as stopped:
            raise stopped.reason from None
        except Exception as another:  # noqa: BLE001 - becomes the result of the order
            error = another.with_traceback(None)
            memory.release(self._device)
        if rescued is not None:
            self.results[order] = rescued[0]
            self.seconds += rescued[1]
            self._finished += 1
        elif memory.is_out_of_memory(error):
            self._fail(order.request, OutOfMemoryError(str(error)))
        else:
            self._fail(order.request, _as_worker_error(error))

    def _part_by_request(self, part: Orders, error: Exception) -> None:
        requests = [list(orders) for _, orders in groupby(part, key=lambda one: one.request)]
        if len(requests) == 1:
            self._fail(part[0].request, _as_worker_error(error))
            return
        log.warning("A batch failed; drawn job by job", extra={"error": type(error).__name__})
        self._parts.extendleft(reversed(requests))

    def _fail(self, request: int, error: WorkerError) -> None:
        """All pictures of a request fail with one of them."""
        self.results.update((one, error) for one in self._orders if one.request == request)

    def _step_ended(self, done: int, steps: int, preview: Preview | None) -> None:
        parts = self._finished + 1 + len(self._parts)
        try:
            self._on_step(self._finished * steps + done, parts * steps, preview)
        except Exception as error:
            raise StoppedError(error) from error


def _as_worker_error(error: Exception) -> WorkerError:
    if isinstance(error, WorkerError):
        return error
    return GenerationError(f"{type(error).__name__}: {error}")
