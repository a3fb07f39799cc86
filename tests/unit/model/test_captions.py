"""Captions: what is worded can be read back, and held-out scenes stay held out."""

import random
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.model.train.data import (
    HELD_OUT,
    held_out_pairs,
    held_out_singles,
    random_scene,
    samples,
    triples,
)
from fixtures.model.train.words import COLOURS, SHAPES, Scene, Thing, describe, parse

seeds = st.integers(min_value=0, max_value=2**32)


@given(seeds)
def test_every_wording_of_a_scene_is_read_back_as_that_scene(seed: int) -> None:
    rng = random.Random(seed)
    scene = random_scene(rng)
    assert parse(describe(scene, rng)) == scene


@given(st.sampled_from(sorted(COLOURS)), st.sampled_from(SHAPES), st.sampled_from(sorted(COLOURS)))
def test_the_plainest_prompt_is_understood(colour: str, shape: str, background: str) -> None:
    caption = f"A {colour} {shape} on a {background} background"
    assert parse(caption) == Scene(background, (Thing(colour, shape),))


@pytest.mark.parametrize(
    ("caption", "scene"),
    [
        ("violet disc", Scene(None, (Thing("purple", "circle"),))),
        (
            "a huge gray donut at the top, on pink",
            Scene("pink", (Thing("grey", "ring"),), size="large", place="top"),
        ),
        (
            "a star to the right of a blue plus",
            Scene(None, (Thing(None, "star"), Thing("blue", "cross")), relation="right"),
        ),
    ],
)
def test_synonyms_and_unsaid_parts_are_understood(caption: str, scene: Scene) -> None:
    assert parse(caption) == scene


def test_a_caption_without_a_known_shape_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="an astronaut riding a horse"):
        parse("an astronaut riding a horse")


def test_no_training_sample_shows_a_held_out_triple() -> None:
    assert not any(triples(sample.layout) & HELD_OUT for sample in islice(samples(7), 2000))


def test_every_held_out_prompt_asks_for_a_held_out_triple() -> None:
    for prompt in held_out_singles(200, seed=0) + held_out_pairs(200, seed=0):
        scene = parse(prompt)
        asked = {(thing.colour, thing.shape, scene.background) for thing in scene.things}
        assert asked & HELD_OUT, prompt
