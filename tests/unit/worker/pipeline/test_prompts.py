"""How much of a prompt a model reads, by the tokenizers of the pipelines themselves."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from discord_diffusion.worker.pipeline import prompts
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw, load, pixels
from tests.unit.worker.pipeline.faults import default_model
from tests.unit.worker.pipeline.tiny_families import FAMILIES

LETTERS = "a" * 300
"""The toy tokenizer of CLIP's kind makes a token of each letter, and has places for 75 in each of
four chunks."""


@pytest.fixture(scope="module")
def generator(tiny_model_folder: Path) -> DiffusersGenerator:
    return load(tiny_model_folder)


@pytest.mark.parametrize(
    ("prompt", "unread"),
    [
        ("a red circle", ""),
        (LETTERS, ""),
        (LETTERS + "b", "b"),
        ("Ä " * 20 + LETTERS + " und so weiter", "aaaaaaaaaaaaaaaaaaaa und so weiter"),
        ("(a:1.2)" + LETTERS[:-1] + "(bc:.5)", "bc:.5)"),
        ("", ""),
    ],
)
def test_what_lies_after_the_last_place_is_not_read(
    generator: DiffusersGenerator, prompt: str, unread: str
) -> None:
    found = prompts.unread_part(default_model(generator).text_to_image, prompt)
    if prompt.startswith("Ä"):
        assert prompt.endswith(found)
        assert found.endswith("und so weiter")
        assert len(found) < len(LETTERS)
    else:
        assert found == unread


def test_the_unread_part_changes_no_picture_and_what_is_before_it_does(
    generator: DiffusersGenerator,
) -> None:
    """The proof that it is not read, and that nothing else is called so."""
    long = LETTERS[:-1] + "z and more"
    drawn = draw(generator, make_parameters(prompt=long, guidance=20.0))
    assert drawn.unread == "and more"
    read = long.removesuffix(drawn.unread)
    other = draw(generator, make_parameters(prompt=read + "?" * 9, guidance=20.0))
    assert (pixels(drawn)[0] == pixels(other)[0]).all()
    shorter = draw(generator, make_parameters(prompt=read.rstrip()[:-1], guidance=20.0))
    assert shorter.unread == ""
    assert (pixels(drawn)[0] != pixels(shorter)[0]).any()


@pytest.mark.parametrize("family", ["sdxl", "sd3", "flux"])
def test_what_one_of_several_text_encoders_reads_is_read(family: str) -> None:
    pipe = FAMILIES[family]()
    # More than the 75 letters of a chunk: SDXL reads several, the others have an encoder beside.
    assert prompts.unread_part(pipe, "red circle " * 20) == ""
    very_long = "red circle " * 400
    unread = prompts.unread_part(pipe, very_long)
    assert unread
    assert very_long.endswith(unread)


def test_a_tokenizer_that_fails_costs_no_picture(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        model_max_length = 77

        def __call__(self, *_: object, **__: object) -> Any:
            raise NotImplementedError("no offsets in the slow tokenizers")

    assert prompts.unread_part(SimpleNamespace(tokenizer=Broken(), __call__=print), "x") == ""
    assert len(caplog.records) == 1
    assert prompts.unread_part(SimpleNamespace(tokenizer=None), "x") == ""
