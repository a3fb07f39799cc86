"""The judge reads back what the renderer draws, and does not see what is not there."""

import random
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.model.check.judge import read
from fixtures.model.check.verdict import judge
from fixtures.model.train.data import Sample, random_scene, samples
from fixtures.model.train.draw import SIDE, Pixels, draw, lay_out
from fixtures.model.train.words import COLOURS, Scene, Thing, parse


def share_right(drawn: list[tuple[Sample, Pixels]]) -> float:
    right = [judge(parse(sample.captions[0]), read(picture)).wholly for sample, picture in drawn]
    return sum(right) / len(right)


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_any_scene_drawn_exactly_is_read_back_wholly(seed: int) -> None:
    rng = random.Random(seed)
    scene = random_scene(rng)
    assert judge(scene, read(draw(lay_out(scene, rng)))).wholly


def test_noise_and_soft_outlines_do_not_mislead_the_judge() -> None:
    noise = np.random.default_rng(0)

    def spoil(picture: Pixels) -> Pixels:
        wide = np.pad(picture.astype(np.float32), ((1, 1), (1, 1), (0, 0)), mode="edge")
        near = [wide[y : y + SIDE, x : x + SIDE] for y in range(3) for x in range(3)]
        soft = np.mean(near, axis=0) + noise.normal(0.0, 6.0, picture.shape)
        spoilt: Pixels = np.clip(soft, 0, 255).astype(np.uint8)
        return spoilt

    drawn = [(sample, spoil(draw(sample.layout))) for sample in islice(samples(11), 120)]
    assert share_right(drawn) >= 0.99


@pytest.mark.parametrize(
    "wrong",
    [
        "a red square on a blue background",
        "a green circle on a blue background",
        "a red circle on a white background",
        "a small red circle on a blue background",
        "a large red circle on the left on a blue background",
        "a red circle above a red star on a blue background",
    ],
)
def test_a_picture_of_something_else_is_not_wholly_right(wrong: str) -> None:
    scene = Scene("blue", (Thing("red", "circle"),), size="large", place="right")
    reading = read(draw(lay_out(scene, random.Random(0))))
    assert not judge(parse(wrong), reading).wholly


def test_a_blob_has_no_shape_and_an_empty_picture_nothing() -> None:
    blob: Pixels = np.full((SIDE, SIDE, 3), COLOURS["white"], dtype=np.uint8)
    assert read(blob).things == ()
    blob[10:50, 10:18] = COLOURS["red"]
    blob[44:50, 10:55] = COLOURS["red"]
    assert [thing.shape for thing in read(blob).things] == [None]


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        read(np.zeros((SIDE, 2 * SIDE, 3), dtype=np.uint8))
