"""The table of docs/models.md: what the worker does with each family of models.

Every row is drawn by the worker's own code with toy weights; `make models` writes the table.
"""

import json
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.worker.errors import LeaseLostError, ModelLoadError, UnsupportedJobError
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline_types import GenerationRequest, Preview
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw_all, load, pixels
from tests.unit.worker.pipeline.faults import default_model

PAGE = Path(__file__).parents[4] / "docs" / "models.md"
BEGIN, END = "<!-- families -->\n", "<!-- /families -->"
SIZE = {"width": 88, "height": 72}
"""A size that most networks cannot draw."""
_PLAIN = {"steps": 2, "guidance": 5.0, **SIZE}

NAMES = {
    "sd": "Stable Diffusion 1.5",
    "sd-2.1": "Stable Diffusion 2.1",
    "sdxl": "SDXL",
    "sdxl-turbo": "SDXL-Turbo",
    "sdxl-lightning": "SDXL-Lightning, merged",
    "sdxl-hyper": "Hyper-SD, merged",
    "lcm": "LCM",
    "sd3": "Stable Diffusion 3",
    "sd3.5": "Stable Diffusion 3.5",
    "flux": "FLUX.1 [dev]",
    "flux-schnell": "FLUX.1 [schnell]",
    "flux-kontext": "FLUX.1 Kontext",
    "flux2": "FLUX.2 [dev]",
    "flux2-klein": "FLUX.2 [klein]",
    "qwen-image": "Qwen-Image",
    "qwen-image-edit": "Qwen-Image-Edit",
    "qwen-image-edit-plus": "Qwen-Image-Edit-2509",
    "z-image": "Z-Image, Z-Image-Turbo",
    "chroma": "Chroma",
    "lumina2": "Lumina Image 2",
    "cogview4": "CogView4",
    "sana": "Sana",
    "pixart-alpha": "PixArt-alpha",
    "pixart-sigma": "PixArt-sigma",
    "hidream": "HiDream-I1",
    "kandinsky-2.2": "Kandinsky 2.2, combined",
    "kandinsky-3": "Kandinsky 3",
    "kandinsky-5": "Kandinsky 5",
}
"""The families by the names of their toys."""


_QWEN_PROCESSOR = ["transformers", "Qwen2VLProcessor"]
INDICES: dict[str, dict[str, Any]] = {
    "flux2": {"_class_name": "Flux2Pipeline", "tokenizer": ["transformers", "PixtralProcessor"]},
    "qwen-image-edit": {"_class_name": "QwenImageEditPipeline", "processor": _QWEN_PROCESSOR},
    "qwen-image-edit-plus": {
        "_class_name": "QwenImageEditPlusPipeline",
        "processor": _QWEN_PROCESSOR,
    },
    "kandinsky-5": {"_class_name": "Kandinsky5T2IPipeline", "tokenizer": _QWEN_PROCESSOR},
}
"""Families that are refused by their index, before any weights are fetched."""


@dataclass(frozen=True)
class Row:
    """What was found of one family; each value is a cell."""

    name: str
    pipeline: str
    prompt: str
    negative: str
    source: str
    part: str
    cancel: str
    sketch: str


HEADINGS = Row(
    "family",
    "class",
    "from a prompt",
    "negative prompt",
    "with a source picture",
    "a part anew",
    "cancelled",
    "sketch",
)


def measure(family: str, folder: Path) -> Row:
    """Draw with the toy of a family in every way; what a job may not ask for becomes a word."""
    from tests.unit.worker.pipeline.tiny_families import save_family

    if family in INDICES:
        (folder / "model_index.json").write_text(json.dumps(INDICES[family]))
    else:
        save_family(family, folder)
    try:
        generator = load(folder, DEFAULT_WIDTH="64", DEFAULT_HEIGHT="64")
    except ModelLoadError as error:
        reason = str(error).split("cannot be loaded: ")[1]
        name = reason.split()[0].removesuffix("Pipeline")
        return Row(NAMES[family], name, f"refused: {reason}", *[""] * 5)
    model = default_model(generator)
    return Row(
        NAMES[family],
        type(model.text_to_image).__name__.removesuffix("Pipeline"),
        _from_prompt(generator),
        _negative_prompt(generator),
        _with_source(generator),
        _part_anew(generator),
        _cancelled(generator),
        _sketch(generator),
    )


def write() -> None:
    """Measure every family and rewrite the table in the page."""
    rows = []
    for family in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(family, Path(folder)))
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + BEGIN + render(rows) + END + rest.split(END)[1])


def render(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    lines = [line(HEADINGS), "|---" * len(astuple(HEADINGS)) + "|", *map(line, rows)]
    return "\n".join(lines) + "\n"


def written_line(family: str) -> str:
    """The line of a family in the page."""
    table = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    return next(line for line in table.splitlines() if line.startswith(f"| {NAMES[family]} |"))


def line(row: Row) -> str:
    return "| " + " | ".join(astuple(row)) + " |"


def _request(picture: Image.Image | None = None, **changes: Any) -> GenerationRequest:
    return GenerationRequest(make_parameters(**_PLAIN | changes), False, picture)


def _draws_alike(generator: DiffusersGenerator, requests: Sequence[GenerationRequest]) -> str:
    """Draw requests together and one by one: yes, if every seed gives the same picture."""
    together = draw_all(generator, requests)
    for made, request in zip(together, requests, strict=True):
        size = request.parameters.finished_size
        assert {picture.image.size for picture in made.pictures} == {size}
        assert made.blank == 0
        [alone] = draw_all(generator, [request])
        for left, right in zip(pixels(made), pixels(alone), strict=True):
            difference = np.abs(left - right)
            assert difference.mean() < 1, "another picture than alone"
    first, second = pixels(together[0])
    assert (first != second).any(), "another seed gives another picture"
    return "yes"


def _from_prompt(generator: DiffusersGenerator) -> str:
    if default_model(generator).needs_source:
        return "no"
    return _draws_alike(
        generator,
        [_request(seed=5, images=2, prompt="a red circle"), _request(seed=90, images=1)],
    )


def _negative_prompt(generator: DiffusersGenerator) -> str:
    plain, negative = (
        draw_all(generator, [_own_request(generator, images=1, negative_prompt=text)])[0]
        for text in ("", "z " * 20)
    )
    return "yes" if (pixels(plain)[0] != pixels(negative)[0]).any() else "has no effect"


def _with_source(generator: DiffusersGenerator) -> str:
    source = SourceImage("https://cdn.test/a.png", strength=0.4)
    colours = [Image.new("RGB", (50, 70), colour) for colour in ("black", "white")]
    requests = [
        _request(colours[0], images=2, source=source, seed=3),
        _request(colours[1], images=1, source=source, seed=3),
    ]
    try:
        _draws_alike(generator, requests)
    except UnsupportedJobError:
        return "no"
    black, white = draw_all(generator, requests)
    assert (pixels(black)[0] != pixels(white)[0]).any(), "the source image is taken up"
    return "edited by the prompt" if default_model(generator).edits else "image-to-image"


def _part_anew(generator: DiffusersGenerator) -> str:
    """Draw the right half of two pictures anew; the left one stays to the pixel."""
    source = SourceImage("https://cdn.test/a.png", strength=1.0, mask="https://cdn.test/b.png")
    mask = Image.new("L", (SIZE["width"], SIZE["height"]))
    mask.paste(255, (SIZE["width"] // 2, 0, *mask.size))
    colours = [Image.new("RGB", mask.size, colour) for colour in ("teal", "white")]
    requests = [
        replace(_request(colour, images=2, source=source, seed=3), mask=mask) for colour in colours
    ]
    try:
        _draws_alike(generator, requests)
    except UnsupportedJobError:
        return "no"
    for made, colour in zip(draw_all(generator, requests), colours, strict=True):
        kept, [first, second] = np.asarray(colour)[:, :40], pixels(made)
        assert (first[:, :40] == kept).all(), "what is black in the mask stays"
        assert (first[:, 48:] != second[:, 48:]).any(), "the rest is drawn by its seed"
    return "yes"


def _cancelled(generator: DiffusersGenerator) -> str:
    steps: list[int] = []

    def cancel(done: int, _steps: int, _preview: Preview | None) -> None:
        steps.append(done)
        raise LeaseLostError

    try:
        generator.generate([_own_request(generator, steps=3)], cancel)
    except LeaseLostError:
        return "after each step" if steps == [1] else "between pictures"
    raise AssertionError("what the callback raises ends the batch")


def _sketch(generator: DiffusersGenerator) -> str:
    seen: list[Image.Image | None] = []

    def look(_done: int, _steps: int, preview: Preview | None) -> None:
        seen.append(preview(0) if preview else None)

    draw_all(generator, [_own_request(generator)], look)
    return "yes" if all(seen) else "no"


def _own_request(generator: DiffusersGenerator, **changes: Any) -> GenerationRequest:
    """A request that the model can draw, whether it edits only or not."""
    if not default_model(generator).needs_source:
        return _request(**changes)
    return _request(Image.new("RGB", (64, 64)), source=SourceImage("", 0.6), **changes)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if len(sys.argv) > 1:
        for one in sys.argv[1:]:
            with tempfile.TemporaryDirectory() as folder:
                print(line(measure(one, Path(folder))))  # noqa: T201 - a command
    else:
        write()
