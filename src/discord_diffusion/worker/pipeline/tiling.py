"""Image-to-image in tiles of the model's own size, for pictures that do not fit whole."""

from dataclasses import replace

from PIL.Image import Image

from discord_diffusion.worker.generation import GenerationRequest, PhaseSeconds, Preview
from discord_diffusion.worker.pipeline.batch import Drawn, PictureOrder
from discord_diffusion.worker.pipeline.drawing import StepEnded, draw
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.sizes import asked_size, drawn_size
from discord_diffusion.worker.pipeline.source_images import (
    Tile,
    centre,
    fitted,
    join,
    tiles,
)


def draw_in_tiles(
    model: LoadedModel, order: PictureOrder, step_ended: StepEnded
) -> tuple[Drawn, PhaseSeconds] | None:
    """Draw tile by tile and blend them; None where one tile would be the whole picture."""
    width, height = drawn_size(model, order)
    places = tiles(width, height, min(model.native_size))
    if len(places) < 2 or order.asked.source is None:
        return None
    whole = fitted(order.asked.source, width, height)
    parts: list[tuple[Tile, Image]] = []
    total = PhaseSeconds(0.0, 0.0, 0.0)
    for done, tile in enumerate(places):
        watch = _part_of(step_ended, done, len(places))
        [drawn], seconds = draw(model, [_of_tile(order, tile, whole.crop(tile.box))], watch)
        total += seconds
        if drawn.image is None:
            return drawn, total
        parts.append((tile, drawn.image))
    return Drawn(centre(join((width, height), parts), asked_size(order))), total


def _of_tile(order: PictureOrder, tile: Tile, image: Image) -> PictureOrder:
    source = order.parameters.source
    parameters = replace(
        order.parameters,
        width=tile.side,
        height=tile.side,
        source=replace(source, scale=1) if source else None,
    )
    asked = GenerationRequest(parameters, order.asked.safety_check, image)
    return replace(order, asked=asked)


def _part_of(step_ended: StepEnded, done: int, parts: int) -> StepEnded:
    def told(step: int, steps: int, _preview: Preview | None) -> None:
        step_ended(done * steps + step, parts * steps, None)

    return told
